import { beforeEach, describe, expect, it, vi } from "vitest";

const stored = vi.hoisted(() => {
  const map = new Map<string, string>();
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("location", new URL("https://desk.example/desktop/"));
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
  vi.stubGlobal("localStorage", { getItem: (key: string) => map.get(key) ?? null, setItem: (key: string, value: string) => void map.set(key, value) });
  return map;
});

import { Own } from "./own.js";
import { Replies, type Canned } from "./replies.js";
import { Settings } from "./settings.js";

const MINE: Canned[] = [{ key: "mine", language: "en", text: "As agreed." }];
const KEYS = { Transfer: "x" };

/** What the server keeps by person, and with what it answers the next requests instead. */
let kept: Record<string, object>;
let refusals: number[];
let said: string[];

/** The desktop as a page finds it: what is in the browser's storage is known. */
function sit(sub: string) {
  const signedIn = { token: `x.${btoa(JSON.stringify({ sub, tenant: "acme" }))}.x` };
  const desk = { settings: new Settings(), replies: new Replies(), signedIn, tell: (text: string) => void said.push(text), draw: () => {} };
  return { desk, own: new Own(desk) };
}

beforeEach(() => {
  stored.clear();
  kept = { alice: { keys: KEYS, replies: MINE } };
  refusals = [];
  said = [];
  vi.stubGlobal("fetch", async (_: string, { method, headers, body }: { method: string; headers: { authorization: string; "if-match"?: string }; body?: string }) => {
    const { sub } = JSON.parse(atob(headers.authorization.split(".")[1]));
    const status = refusals.shift();
    if (status) return new Response("", { status });
    const etag = (): string => JSON.stringify(JSON.stringify(kept[sub] ?? null));
    if (method === "GET") return Response.json({ value: kept[sub] ?? null }, { headers: { etag: etag() } });
    if (headers["if-match"] !== etag()) return new Response("", { status: 412 });
    kept[sub] = JSON.parse(body!);
    return new Response(null, { status: 204, headers: { etag: etag() } });
  });
});

describe("what an agent has at every desk", () => {
  it("is changed here and on the server", async () => {
    const { own, desk } = sit("bob");
    own.load();
    expect(await own.change({ replies: MINE })).toBe(true);
    expect(await own.change({ keys: KEYS })).toBe(true);
    expect([kept.bob, desk.settings.liked.keys, said]).toEqual([{ keys: KEYS, replies: MINE }, KEYS, []]);
  });

  it.each([["was refused", [503]], ["is under way", []]])("is never replaced while the load %s", async (_, refused) => {
    const { own, desk } = sit("alice");
    refusals = refused;
    own.load();
    expect(await own.change({ replies: [] })).toBe(false);
    expect(kept.alice).toEqual({ keys: KEYS, replies: MINE });
    expect([desk.replies.own, said.length]).toEqual([MINE, 1]);
    expect(await own.change({ keys: {} })).toBe(true);
    expect(kept.alice).toEqual({ keys: {}, replies: MINE });
  });

  it("is not replaced from a dialog that was opened before it came", async () => {
    const { own } = sit("alice");
    const { news } = own;
    expect(await own.change({ keys: {} })).toBe(false);
    expect(await own.change({ replies: [] }, news)).toBe(false);
    expect(kept.alice).toEqual({ keys: KEYS, replies: MINE });
  });

  it("stays in this browser where the server tells nothing", async () => {
    const { own, desk } = sit("alice");
    refusals = [503, 429];
    own.load();
    expect(await own.change({ keys: { End: "q" } })).toBe(false);
    expect([desk.settings.liked.keys, said.length]).toEqual([{ End: "q" }, 1]);
    expect(kept.alice).toEqual({ keys: KEYS, replies: MINE });
  });
});

describe("two desks at once", () => {
  it("keep keys from the one and replies from the other", async () => {
    const [here, there] = [sit("alice"), sit("alice")];
    for (const { own } of [here, there]) await own.change({});
    expect(await here.own.change({ keys: { End: "q" } })).toBe(true);
    expect(await there.own.change({ replies: [] })).toBe(true);
    expect([kept.alice, said]).toEqual([{ keys: { End: "q" }, replies: [] }, []]);
    expect(there.desk.settings.liked.keys).toEqual({ End: "q" });
    expect(await there.own.change({ keys: KEYS })).toBe(true);
  });

  it("never take each other's keys away, and the later one is told", async () => {
    const [here, there] = [sit("alice"), sit("alice")];
    for (const { own } of [here, there]) await own.change({});
    expect(await here.own.change({ keys: { End: "q" } })).toBe(true);
    expect(await there.own.change({ keys: { End: "z" } })).toBe(false);
    expect([kept.alice, said.length]).toEqual([{ keys: { End: "q" }, replies: MINE }, 1]);
    expect(await there.own.change({ keys: { End: "z" } })).toBe(true);
    expect(kept.alice).toEqual({ keys: { End: "z" }, replies: MINE });
  });
});

describe("who signs in next at this browser", () => {
  it.each([["a sign-out", true], ["a page that was closed", false]])("inherits nothing after %s", async (_, signsOut) => {
    const before = sit("alice");
    before.own.load();
    await before.own.change({ keys: KEYS });
    expect(new Replies().own).toEqual(MINE);
    if (signsOut) before.own.forget();
    const { own, desk } = sit("bob");
    own.load();
    expect(await own.change({ keys: { End: "q" } })).toBe(true);
    const delivered = new Replies().own;
    expect(delivered).not.toEqual(MINE);
    expect([kept.bob, desk.settings.liked.keys]).toEqual([{ keys: { End: "q" }, replies: delivered }, { End: "q" }]);
  });

  it("sees nothing of it from the sign-out on", async () => {
    const { own, desk } = sit("alice");
    await own.change({});
    expect([desk.replies.own, desk.settings.liked.keys]).toEqual([MINE, KEYS]);
    own.forget();
    expect(desk.replies.own).not.toEqual(MINE);
    expect(desk.settings.liked.keys).toEqual({});
  });
});
