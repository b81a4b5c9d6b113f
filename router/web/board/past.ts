/**
 * The last hour by minutes, as this page saw it: for sparklines and trends.
 *
 * Owns: the minutes, kept through a reload. Does not know: what a series means.
 * Invariants: at most an hour is kept; a minute without news is a gap, not a zero.
 */
const MINUTE_MS = 60_000;
export const MINUTES = 60;
const KEY = "fairline.board.past";

export class Past {
  private series: Record<string, Record<string, number>> = {};
  private savedAt = 0;

  constructor() {
    try {
      this.series = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    } catch {
      // forbidden: this page begins anew
    }
    addEventListener("pagehide", () => this.save());
  }

  /** The newest value of the minute counts; with `most` the largest does. */
  note(name: string, value: number | null | undefined, now: number, most = false): void {
    if (value === null || value === undefined) return;
    const minute = Math.floor(now / MINUTE_MS);
    const row = (this.series[name] ??= {});
    row[minute] = most ? Math.max(value, row[minute] ?? 0) : value;
    for (const old of Object.keys(row)) if (Number(old) <= minute - MINUTES) delete row[old];
    if (now - this.savedAt > MINUTE_MS) this.save(now);
  }

  /** The last hour's minutes, oldest first; undefined where nothing was seen. */
  of(name: string, now: number): (number | undefined)[] {
    const minute = Math.floor(now / MINUTE_MS);
    const row = this.series[name] ?? {};
    return Array.from({ length: MINUTES }, (_, place) => row[minute - MINUTES + 1 + place]);
  }

  /** What it was a quarter of an hour ago, or as long ago as is known, two minutes at least. */
  before(name: string, now: number): number | undefined {
    const known = this.of(name, now).slice(MINUTES - 16, MINUTES - 2);
    return known.find((value) => value !== undefined);
  }

  forget(): void {
    this.series = {};
    this.save();
  }

  private save(now = Date.now()): void {
    this.savedAt = now;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.series));
    } catch {
      // forbidden or full: a reload begins anew
    }
  }
}
