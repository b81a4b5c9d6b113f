/**
 * What the waiting card may say of a wait, and when it may say something else.
 *
 * Owns: the pause between two bands, the reason that goes with a longer one.
 * Does not know: sentences, screens.
 * Invariants: a band stands for at least `PAUSE_MS`; one that is longer than the last comes with a
 * reason; an estimate that has run out is not said any more.
 */
import type { Conversation, WaitBand } from "./talk.js";

export const PAUSE_MS = 10_000;
const MINUTE = 60_000;

/** In whole minutes; `high` is 0 for less than one. */
export interface Minutes { low: number; high: number }

export class Waiting {
  private of = "";
  private told: WaitBand | null = null;
  private toldAt = 0;
  private shown: Minutes | null = null;
  private shownAt = -Infinity;
  private slow = false;

  /** What to show of the conversation now. */
  see(talk: Conversation, now: number): { band: Minutes | null; why: string | null } {
    if (talk.conversation !== this.of) this.begin(talk.conversation);
    const told = talk.wait_ms ?? null;
    if (told?.p50 !== this.told?.p50 || told?.p90 !== this.told?.p90) {
      this.told = told;
      this.toldAt = now;
    }
    if (now - this.shownAt >= PAUSE_MS) this.renew(now);
    return { band: this.shown, why: talk.why ?? (this.slow ? "slow" : null) };
  }

  private begin(of: string): void {
    Object.assign(this, { of, told: null, shown: null, shownAt: -Infinity, slow: false });
  }

  private renew(now: number): void {
    const before = this.shown;
    this.shown = this.told && left(this.told, now - this.toldAt);
    this.slow = this.told !== null && (this.shown === null || (before !== null && isLonger(this.shown, before)));
    if (this.told !== null) this.shownAt = now;
  }
}

/** A band told so long ago, or null where even its end is over. */
function left({ p50, p90 }: WaitBand, ago: number): Minutes | null {
  if (p90 > 0 && ago >= p90) return null;
  const high = p90 - ago;
  if (high < MINUTE) return { low: 0, high: 0 };
  const low = Math.max(1, Math.ceil(Math.max(0, p50 - ago) / MINUTE));
  return { low, high: Math.max(low, Math.ceil(high / MINUTE)) };
}

const isLonger = (now: Minutes, before: Minutes): boolean => now.low > before.low || now.high > before.high;
