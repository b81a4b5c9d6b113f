/** What a waiting card says of a wait: see line.ts. */
import { expect, test } from "vitest";
import { PAUSE_MS, Waiting } from "./line.js";
import type { Conversation } from "./talk.js";

const talk = (p50: number, p90: number, more: Partial<Conversation> = {}): Conversation =>
  ({ conversation: "c1", status: "waiting", wait_ms: { p50, p90 }, ...more }) as Conversation;
const MINUTE = 60_000;

test("a band stands for ten seconds, whatever is told meanwhile", () => {
  const waiting = new Waiting();
  expect(waiting.see(talk(5 * MINUTE, 9 * MINUTE), 0).band).toEqual({ low: 5, high: 9 });
  expect(waiting.see(talk(2 * MINUTE, 3 * MINUTE), PAUSE_MS - 1).band).toEqual({ low: 5, high: 9 });
  expect(waiting.see(talk(2 * MINUTE, 3 * MINUTE), PAUSE_MS).band).toEqual({ low: 2, high: 3 });
});

test("it counts down between two estimates, and says nothing once they have run out", () => {
  const waiting = new Waiting();
  const told = talk(2 * MINUTE, 4 * MINUTE);
  waiting.see(told, 0);
  expect(waiting.see(told, MINUTE).band).toEqual({ low: 1, high: 3 });
  expect(waiting.see(told, 3.5 * MINUTE)).toEqual({ band: { low: 0, high: 0 }, why: null });
  expect(waiting.see(told, 4 * MINUTE + PAUSE_MS)).toEqual({ band: null, why: "slow" });
});

test("a longer band has a reason: the server's, else that it is slow", () => {
  const waiting = new Waiting();
  waiting.see(talk(MINUTE, 2 * MINUTE), 0);
  expect(waiting.see(talk(5 * MINUTE, 6 * MINUTE, { why: "priority" }), PAUSE_MS).why).toBe("priority");
  expect(waiting.see(talk(9 * MINUTE, 9 * MINUTE), 2 * PAUSE_MS).why).toBe("slow");
  expect(waiting.see(talk(3 * MINUTE, 4 * MINUTE), 3 * PAUSE_MS).why).toBe(null);
});

test("another conversation begins anew, and one without an estimate has none", () => {
  const waiting = new Waiting();
  waiting.see(talk(MINUTE, 2 * MINUTE), 0);
  const other = talk(5 * MINUTE, 6 * MINUTE, { conversation: "c2" });
  expect(waiting.see(other, 1).band).toEqual({ low: 5, high: 6 });
  const none = { conversation: "c3", status: "waiting" } as Conversation;
  expect(waiting.see(none, 2)).toEqual({ band: null, why: null });
  expect(waiting.see({ ...none, wait_ms: { p50: 0, p90: 50 } }, 3).band).toEqual({ low: 0, high: 0 });
});
