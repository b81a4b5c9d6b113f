/**
 * When the next attempt to connect is made.
 *
 * Owns: waits that grow (full jitter), what the server said of them, how far a wait can be cut short.
 * Does not know: sockets, timers, who asks.
 * Invariants: a wait never ends before the moment that the server named; attempts that were asked for
 * are `PAUSE_MS` apart, and every one that fails makes the next wait of its own grow (pace.test.ts).
 */
import type { Status } from "./shapes.js";

const FIRST_MS = 500;
const MOST_MS = 20_000;
/** Between a failed attempt that was asked for and the next one that is. */
export const PAUSE_MS = 1_000;

/** A wait is under way, or the attempt that ended one: the screens offer to try now. */
export const isRetrying = ({ phase, failures }: Pick<Status, "phase" | "failures">): boolean =>
  phase === "waiting" || (phase === "connecting" && failures > 0);

/** `tryNow` would make the next attempt come sooner. */
export const mayHurry = ({ phase, retryAt = 0, soonestAt = 0 }: Pick<Status, "phase" | "retryAt" | "soonestAt">): boolean =>
  phase === "waiting" && soonestAt < retryAt;

export class Pace {
  /** Attempts that failed since a connection last held. */
  failures = 0;
  /** When the next attempt is made, in ms of whatever clock `now` is of. */
  retryAt = 0;
  /** When it can be made at the earliest, likewise. */
  soonestAt = 0;
  private hurried = false;

  /** From the start: a connection held, or somebody begins anew. */
  reset(): void {
    this.failures = 0;
    this.hurried = false;
  }

  /** An attempt, or the connection, came to nothing; `told_ms` is what the server wishes. */
  failed(now: number, least_ms: number, told_ms?: number): void {
    const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    this.retryAt = now + (told_ms ?? Math.max(least_ms, Math.random() * ceiling));
    this.soonestAt = now + Math.max(told_ms ?? least_ms, this.hurried ? PAUSE_MS : 0);
    this.hurried = false;
  }

  /** Brings the next attempt forward as far as may be; false where it comes as soon by itself. */
  hurry(now: number): boolean {
    const at = Math.max(now, this.soonestAt);
    if (at >= this.retryAt) return false;
    this.retryAt = at;
    this.hurried = true;
    return true;
  }
}
