import { describe, expect, it } from "vitest";
import { quoting, split } from "./quotes.js";

describe("a quote", () => {
  it("stands above the answer and comes back without its marks", () => {
    const body = `${quoting("It is dark.\nAnd cold.")}Then light it.`;
    expect(body).toBe("> It is dark.\n> And cold.\nThen light it.");
    expect(split(body)).toEqual({ quote: "It is dark.\nAnd cold.", rest: "Then light it." });
  });

  it("leaves out what was quoted before, and the end of what is long", () => {
    expect(quoting("> first\nsecond")).toBe("> second\n");
    expect(quoting("a".repeat(900)).length).toBeLessThan(300);
  });

  it("is nothing where only marks were written, or the marks come later", () => {
    expect(split("> just this")).toEqual({ quote: "", rest: "> just this" });
    expect(split("5\n> 4")).toEqual({ quote: "", rest: "5\n> 4" });
  });
});
