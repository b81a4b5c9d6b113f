/** Whoever asks, however often: the waits that the server and the back-off wish for stay what they are. */
import { afterEach, expect, test, vi } from "vitest";
import { Pace, PAUSE_MS, isRetrying, mayHurry } from "./pace.js";

afterEach(() => vi.restoreAllMocks());
const jitter = (part: number): void => void vi.spyOn(Math, "random").mockReturnValue(part);

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) yield (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

test("the waits grow to twenty seconds, and begin anew once a connection has held", () => {
  jitter(1);
  const pace = new Pace();
  const waits = [...Array(8).keys()].map(() => (pace.failed(0, 0), pace.retryAt));
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  pace.reset();
  pace.failed(0, 0);
  expect([pace.retryAt, pace.failures]).toEqual([500, 1]);
});

test("who asks is served at once, and attempts that were asked for make the next wait grow as any", () => {
  jitter(1);
  const pace = new Pace();
  for (let count = 0; count < 4; count += 1) pace.failed(0, 0);
  expect(pace.hurry(100)).toBe(true);
  expect(pace.retryAt).toBe(100);
  pace.failed(200, 0);
  expect(pace.retryAt).toBe(8_200);
});

test("what the server told is waited for, whoever asks", () => {
  jitter(0);
  const pace = new Pace();
  pace.failed(0, 1_000, 4_000); // told by "disconnect"
  expect([pace.hurry(10), pace.retryAt]).toEqual([false, 4_000]);
  pace.failed(5_000, 1_000); // 42xx: a second at least
  expect([pace.hurry(5_001), pace.retryAt]).toEqual([false, 6_000]);
  jitter(1);
  pace.failed(7_000, 1_000);
  expect([pace.hurry(7_001), pace.retryAt]).toEqual([true, 8_000]);
});

test("by hand at every moment: never before the server's moment, a pause between two, no wait made longer", () => {
  const random = numbers(20_261_123);
  const next = (most: number): number => random.next().value * most;
  for (let round = 0; round < 200; round += 1) {
    const pace = new Pace();
    let now = 0;
    let asked = false;
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const least = next(1) < 0.3 ? 1_000 : 0;
      const told = next(1) < 0.2 ? next(5_000) : undefined;
      pace.failed(now, least, told);
      const [failed, byItself] = [now, pace.retryAt];
      const soonest = failed + Math.max(told ?? least, asked ? PAUSE_MS : 0);
      asked = false;
      while (now < pace.retryAt) { // clicks, until the attempt is made
        now += next(400);
        if (now < pace.retryAt) asked = pace.hurry(now) || asked;
      }
      expect(pace.retryAt).toBeLessThanOrEqual(byItself);
      if (asked) expect(pace.retryAt).toBeGreaterThanOrEqual(soonest);
      else expect(pace.retryAt).toBe(byItself);
      now = pace.retryAt + next(50);
    }
    expect(pace.failures).toBe(12);
  }
});

test("a screen offers it through wait and attempt, and while it changes something", () => {
  expect(isRetrying({ phase: "connecting", failures: 0 })).toBe(false); // the first one of all
  expect(isRetrying({ phase: "connecting", failures: 1 })).toBe(true);
  expect(isRetrying({ phase: "online", failures: 1 })).toBe(false);
  expect(isRetrying({ phase: "stopped", failures: 1 })).toBe(false);
  expect(mayHurry({ phase: "waiting", retryAt: 5, soonestAt: 0 })).toBe(true);
  expect(mayHurry({ phase: "waiting", retryAt: 5, soonestAt: 5 })).toBe(false);
  expect(mayHurry({ phase: "connecting", retryAt: 5, soonestAt: 0 })).toBe(false);
});
