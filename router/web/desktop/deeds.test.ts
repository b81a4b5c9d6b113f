import { describe, expect, it } from "vitest";
import { isKey, mayChange, withKeys, type Deed } from "./deeds.js";

const deed = (name: string, key?: string): Deed => ({ name, key, group: "", act: () => {} });
const DEEDS = [deed("Transfer", "t"), deed("End", "e"), deed("My day"), deed("Keys", "?"), deed("Accept", "Enter")];
const keys = (wished: Record<string, string>) => withKeys(DEEDS, wished).map(({ key }) => key ?? "");

describe("keys of one's own", () => {
  it("take the place of those delivered, and nothing has two", () => {
    expect(keys({})).toEqual(["t", "e", "", "?", "Enter"]);
    expect(keys({ "My day": "e" })).toEqual(["t", "", "e", "?", "Enter"]);
    expect(keys({ Transfer: "e", End: "t" })).toEqual(["e", "t", "", "?", "Enter"]);
  });

  it("can be none, and are never what cannot be pressed or is fixed", () => {
    expect(keys({ End: "" })).toEqual(["t", "", "", "?", "Enter"]);
    expect(keys({ End: "Escape", Keys: "k", Accept: "a" })).toEqual(["t", "e", "", "?", "Enter"]);
    expect(["a", "7", "é", ""].every(isKey)).toBe(true);
    expect(["A", " ", "Tab", "/"].some(isKey)).toBe(false);
    expect(DEEDS.filter(mayChange)).toHaveLength(3);
  });
});
