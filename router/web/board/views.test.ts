import { beforeEach, describe, expect, it, vi } from "vitest";

const stored = vi.hoisted(() => {
  const map = new Map<string, string>();
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("localStorage", { getItem: (key: string) => map.get(key) ?? null, setItem: (key: string, value: string) => void map.set(key, value) });
  return map;
});

import { limits, DEFAULTS } from "./limits.js";
import { Views, type View } from "./views.js";

const view = (name: string): View => ({ name, queues: [], states: [], order: "time" });
const token = (sub: string): string => `x.${btoa(JSON.stringify({ sub, tenant: "acme" }))}.x`;

/** What the server keeps by person, and what it answers next instead; a promise holds an answer back. */
let kept: Record<string, { views: View[]; limits?: object }>;
let answers: (number | Promise<void>)[];
let person: string;

const names = (): string[] => (kept[person]?.views ?? []).map(({ name }) => name);
const views = (): Views => new Views(async () => token(person), () => {});

beforeEach(() => {
  stored.clear();
  person = "sofia";
  kept = { sofia: { views: [view("Mornings"), view("Bills")] } };
  answers = [];
  vi.stubGlobal("fetch", async (_: string, { method, headers, body }: { method: string; headers: { authorization: string }; body?: string }) => {
    const { sub } = JSON.parse(atob(headers.authorization.split(".")[1]));
    const value = structuredClone(kept[sub] ?? null);
    const next = method === "GET" ? answers.shift() : undefined;
    if (typeof next === "number") return new Response("", { status: next });
    await next;
    if (method === "GET") return Response.json({ value });
    kept[sub] = JSON.parse(body!);
    return new Response(null, { status: 204 });
  });
});

describe("a view that is kept", () => {
  it.each([429, 503])("takes no other one away after the load was answered %i", async (status) => {
    const own = views();
    answers = [status];
    await own.load().catch(() => {});
    expect(await own.put(view("Nights"))).toBe(true);
    expect(names()).toEqual(["Mornings", "Bills", "Nights"]);
    expect(own.list.map(({ name }) => name)).toEqual(names());
  });

  it("is shown and not kept where the server does not tell what it has", async () => {
    const own = views();
    answers = [503, 503];
    await own.load().catch(() => {});
    expect(await own.put(view("Nights"))).toBe(false);
    expect(own.now?.name).toBe("Nights");
    expect(names()).toEqual(["Mornings", "Bills"]);
  });

  it("waits for a load that is under way", async () => {
    const own = views();
    let arrive = (): void => {};
    answers = [new Promise((resolve) => (arrive = resolve))];
    const loaded = own.load();
    const put = own.put(view("Nights"));
    arrive();
    await Promise.all([loaded, put]);
    expect(names()).toEqual(["Mornings", "Bills", "Nights"]);
    expect(own.now?.name).toBe("Nights");
  });
});

describe("a threshold", () => {
  it("takes no view away either, and stays the person's own", async () => {
    const own = views();
    answers = [503];
    await own.load().catch(() => {});
    await own.limit({ waiting: 7 });
    expect(kept.sofia).toEqual({ views: [view("Mornings"), view("Bills")], limits: { ...DEFAULTS, waiting: 7 } });
    own.forget();
    person = "tom";
    expect(limits()).toEqual(DEFAULTS);
    await own.put(view("Toms"));
    expect([names(), kept.tom.limits]).toEqual([["Toms"], DEFAULTS]);
  });
});

describe("after a sign-out", () => {
  it("an answer to who is gone is nobody's", async () => {
    const own = views();
    let arrive = (): void => {};
    answers = [new Promise((resolve) => (arrive = resolve))];
    const loaded = own.load();
    await vi.waitFor(() => expect(answers).toEqual([]));
    own.forget();
    person = "tom";
    arrive();
    await expect(loaded).rejects.toThrow();
    await own.put(view("Toms"));
    expect(names()).toEqual(["Toms"]);
  });
});
