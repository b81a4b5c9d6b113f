import { describe, expect, it } from "vitest";
import { fresh } from "../client/conversations.js";
import { mentionsIn, takingPart } from "./mentions.js";

const PEOPLE = new Map([["bela", "Bela"], ["bk", "Bela Kovács"], ["ann", "Ann"], ["x7", "x7"]]);
const named = (text: string): [string, string][] => mentionsIn(text, PEOPLE).map(({ id, from, to }) => [id, text.slice(from, to)]);

describe("a mention", () => {
  it("is the longest name that stands there as a whole", () => {
    expect(named("@Bela Kovács, and @bela: look")).toEqual([["bk", "@Bela Kovács"], ["bela", "@bela"]]);
    expect(named("@Belaro, @Anna")).toEqual([]);
  });

  it("can be an id, at the end too, and is none within an address", () => {
    expect(named("ask @x7")).toEqual([["x7", "@x7"]]);
    expect(named("mail me@Ann.example")).toEqual([]);
  });
});

describe("who takes part", () => {
  it("is the agent, who joined and did not leave, and I", () => {
    const line = (text: object, at: number) => ({ text, at, after: 0 });
    const lines = [line({ joined: { id: "bela" } }, 1), line({ joined: { id: "bk" } }, 2), line({ left: { id: "bela" } }, 3)];
    const there = takingPart(fresh({ agent: { id: "ann" }, lines }), { id: "me", role: "agent", tenant: "acme" });
    expect([...there].sort()).toEqual(["ann", "bk", "me"]);
  });
});
