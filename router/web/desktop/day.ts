/**
 * What this agent did today, as far as this browser saw it.
 *
 * Owns: the counts of a day. Does not know: what the server counted before the sign-in here.
 * Invariants: every tab counts the same events and keeps the same counts, so none counts twice.
 */
import { Kept } from "./kept.js";

export interface Counts {
  offers: number;
  accepted: number;
  declined: number;
  missed: number;
  handled: number;
  /** The newest of those handled, so that none counts twice. */
  known: string[];
  /** When the counting began, by this machine's clock. */
  since: number;
  /** ms in which at least one conversation was open, and ms available without one. */
  working: number;
  free: number;
}

const NONE: Omit<Counts, "since"> = { offers: 0, accepted: 0, declined: 0, missed: 0, handled: 0, known: [], working: 0, free: 0 };
const COUNTED: Record<string, "accepted" | "declined" | "missed"> = {
  accepted: "accepted", declined: "declined", expired: "missed",
};

export class Day {
  private readonly kept = new Kept<{ key: string; counts: Counts } | null>("day", null);
  private key = "";
  private counted: Counts = { ...NONE, since: Date.now() };
  private tickedAt = 0;

  /** From now on this person's day is counted. */
  begin(agent: string): void {
    const key = `${agent} ${new Date().toDateString()}`;
    if (this.key === key) return;
    this.key = key;
    const kept = this.kept.value;
    this.counted = kept?.key === key ? kept.counts : { ...NONE, since: Date.now() };
  }

  get counts(): Counts {
    return this.counted;
  }

  /** Of the offers that were answered or missed, per cent. */
  get acceptRate(): number | null {
    const { accepted, declined, missed } = this.counted;
    const all = accepted + declined + missed;
    return all ? Math.round((100 * accepted) / all) : null;
  }

  /** Of the time on duty, per cent with a conversation open. */
  get occupancy(): number | null {
    const { working, free } = this.counted;
    return working + free > 60_000 ? Math.round((100 * working) / (working + free)) : null;
  }

  take(type: string, event: { outcome?: string; conversation?: string }): void {
    if (type === "offer.new") this.add({ offers: 1 });
    const how = type === "offer.ended" ? COUNTED[event.outcome ?? ""] : undefined;
    if (how) this.add({ [how]: 1 });
    if (type === "conversation.ended" || type === "wrapup.started") this.handled(event.conversation ?? "");
  }

  /** Once a second while somebody works. */
  tick(busy: boolean, available: boolean): void {
    const now = Date.now();
    const passed = Math.min(2_000, now - this.tickedAt);
    this.tickedAt = now;
    if (busy) this.counted.working += passed;
    else if (available) this.counted.free += passed;
    if (now % 15_000 < 1_000) this.save();
  }

  private handled(conversation: string): void {
    if (this.counted.known.includes(conversation)) return;
    this.counted.known = [...this.counted.known.slice(-200), conversation];
    this.add({ handled: 1 });
  }

  private add(more: Partial<Record<"offers" | "handled" | "accepted" | "declined" | "missed", number>>): void {
    for (const name of Object.keys(more) as (keyof typeof more)[]) this.counted[name] += more[name] ?? 0;
    this.save();
  }

  private save(): void {
    this.kept.value = { key: this.key, counts: { ...this.counted } };
  }
}
