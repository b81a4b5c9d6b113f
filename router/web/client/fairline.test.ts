/** When attempts are made: by themselves, by hand, and as network and reader come back. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Fairline } from "./fairline.js";

const WAIT_MS = 500; // the first of all waits; jitter takes none of it here

/** When the page asked for a token, which begins every attempt. */
let attempts: number[];
let answer: () => Promise<string>;
let page: EventTarget & { visibilityState: string };
let fairline: Fairline;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  vi.stubGlobal("WebSocket", class {});
  const outside = new EventTarget();
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"] as const) vi.stubGlobal(name, outside[name].bind(outside));
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("document", page);
  attempts = [];
  answer = () => Promise.reject(new Error("no network"));
  fairline = new Fairline({ origin: "http://127.0.0.1:9", role: "agent", name: "test", token: () => (attempts.push(Date.now()), answer()) });
});
afterEach(() => {
  fairline.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Lets `count` attempts fail by themselves and returns when the last one did. */
async function failing(count: number): Promise<number> {
  fairline.start();
  await vi.advanceTimersByTimeAsync(0);
  while (attempts.length < count) await vi.advanceTimersToNextTimerAsync();
  return Date.now();
}

test("by hand it is tried at once, and the next wait is as long as after any failure", async () => {
  const now = await failing(4);
  expect(fairline.status).toMatchObject({ phase: "waiting", failures: 4, retryAt: now + 8 * WAIT_MS, soonestAt: now });
  await vi.advanceTimersByTimeAsync(100);
  fairline.tryNow();
  await vi.advanceTimersByTimeAsync(0);
  expect(attempts.at(-1)).toBe(now + 100);
  expect(fairline.status).toMatchObject({ phase: "waiting", failures: 5, retryAt: now + 100 + 16 * WAIT_MS });
});

test("clicking like mad is one attempt a second, and none beside one that is under way", async () => {
  await failing(6);
  const before = attempts.length;
  for (let ms = 0; ms < 4_900; ms += 20) {
    fairline.tryNow();
    await vi.advanceTimersByTimeAsync(20);
  }
  const byHand = attempts.slice(before);
  expect(byHand.length).toBe(5);
  for (const [index, at] of byHand.slice(1).entries()) expect(at - byHand[index]!).toBeGreaterThanOrEqual(1_000);
  answer = () => new Promise(() => {});
  await vi.advanceTimersByTimeAsync(1_000);
  fairline.tryNow();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fairline.status.phase).toBe("connecting");
  const underWay = attempts.length;
  fairline.tryNow();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts.length).toBe(underWay);
});

test.each([
  ["the network is back", () => dispatchEvent(new Event("online"))],
  ["the page comes out of the browser's cache", () => dispatchEvent(new Event("pageshow"))],
  ["somebody looks again", () => page.dispatchEvent(new Event("visibilitychange"))],
])("a waiting connection tries at once when %s", async (_, happens) => {
  const now = await failing(5);
  await vi.advanceTimersByTimeAsync(100);
  happens();
  await vi.advanceTimersByTimeAsync(0);
  expect(attempts.at(-1)).toBe(now + 100);
});

test("a page that is hidden waits as it did, and what is stopped stays so", async () => {
  await failing(5);
  page.visibilityState = "hidden";
  page.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(attempts.length).toBe(5);
  fairline.stop();
  fairline.tryNow();
  dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect([attempts.length, fairline.status.phase]).toEqual([5, "stopped"]);
});
