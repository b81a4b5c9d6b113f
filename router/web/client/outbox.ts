/**
 * Commands that were not answered yet.
 *
 * Owns: their order, their numbers of tries, which may go now, what outlives a reload.
 * Does not know: sockets.
 * Invariants: a kept command is there until it is answered, always with the same `op`; messages of
 * one conversation go one after the other, so that a retry never overtakes.
 */
import { CREATING, FLEETING, type CommandType, type Reply, type Told } from "./protocol.js";
import type { Drawer } from "./surroundings.js";

const RETRIES_MAX = 8;
const RETRY_MAX_MS = 20_000;

/** One command on its way. */
export interface Entry {
  t: CommandType;
  fields: Record<string, unknown>;
  tries: number;
  /** Of the connection that it was sent on; 0 while it waits. */
  id: number;
  sentAt: number;
  notBefore: number;
  resolve(reply: Partial<Reply>): void;
  reject(error: unknown): void;
}

export class Outbox {
  /** Whose commands these are, as the server named the person. */
  owner: string | undefined;
  private entries: Entry[] = [];

  constructor(private readonly drawer: Drawer) {}

  add(entry: Entry): void {
    this.entries.push(entry);
    this.keep();
  }

  remove(entry: Entry): void {
    this.entries = this.entries.filter((one) => one !== entry);
    this.keep();
  }

  find(id: number): Entry | undefined {
    return id > 0 ? this.entries.find((one) => one.id === id) : undefined;
  }

  /** What creates something and was not answered, oldest first. */
  get kept(): Entry[] {
    return this.entries.filter((entry) => CREATING.has(entry.t));
  }

  /** What may be sent now, in order; messages of one conversation wait for each other. */
  *due(now: number): Generator<Entry> {
    const busy = new Set<unknown>();
    for (const entry of [...this.entries]) {
      const lane = entry.t === "message.send" ? entry.fields.conversation : entry;
      if (busy.has(lane)) continue;
      busy.add(lane);
      if (!entry.id && entry.notBefore <= now) yield entry;
    }
  }

  /** Nothing is under way any more; returns the commands that mean nothing on another connection. */
  detach(): Entry[] {
    for (const entry of this.entries) entry.id = 0;
    const fleeting = this.entries.filter((entry) => FLEETING.has(entry.t));
    for (const entry of fleeting) this.remove(entry);
    return fleeting;
  }

  /** Takes earlier commands of this type back that were not sent: the next one says it all. */
  supersede(t: CommandType): Entry[] {
    const older = this.entries.filter((entry) => entry.t === t && !entry.id);
    for (const entry of older) this.remove(entry);
    return older;
  }

  /** In how many ms a refused command is tried again, or null where that is no use. */
  postpone(entry: Entry, err: Told.Error, now: number): number | null {
    if (FLEETING.has(entry.t) || err.retry === "no" || entry.tries >= RETRIES_MAX) return null;
    const ceiling = Math.min(RETRY_MAX_MS, 1_000 * 2 ** entry.tries);
    const delay = err.retry_ms ?? Math.random() * ceiling;
    Object.assign(entry, { id: 0, notBefore: now + delay });
    return delay;
  }

  /** From now on these commands are those of `owner`; another person's are dropped. */
  claim(owner: string): void {
    if (this.owner && this.owner !== owner) this.entries = [];
    this.owner = owner;
    this.keep();
  }

  forget(): void {
    this.entries = [];
    this.owner = undefined;
    this.keep();
  }

  /** Brings back what this tab had not got answered before it was loaded anew. */
  restore(): void {
    const text = this.drawer.read("outbox");
    if (!text || this.entries.length > 0) return;
    const { owner, kept } = JSON.parse(text);
    this.owner ??= owner;
    const nobody = () => {}; // who asked is gone with the page; "answered" tells the screen
    for (const { t, fields } of kept) this.entries.push(entryOf(t, fields, nobody, nobody));
  }

  private keep(): void {
    const kept = this.kept.map(({ t, fields }) => ({ t, fields }));
    const text = kept.length > 0 ? JSON.stringify({ owner: this.owner, kept }) : null;
    this.drawer.write("outbox", text);
  }
}

export function entryOf(
  t: CommandType, fields: object, resolve: Entry["resolve"], reject: Entry["reject"],
): Entry {
  return { t, fields: { ...fields }, tries: 0, id: 0, sentAt: 0, notBefore: 0, resolve, reject };
}
