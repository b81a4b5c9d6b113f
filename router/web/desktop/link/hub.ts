/**
 * The one connection of a browser, and all tabs that look through it.
 *
 * Owns: who is signed in, the connection, what a tab that opens is told, which tab asked what,
 * whether anybody looks.
 * Does not know: where it runs (worker.ts, leader.ts), what a tab shows.
 * Invariants: there is one connection however many tabs there are; every tab hears every event, in
 * one order; a topic is left when the last tab that followed it does.
 */
import { Fairline, type Status } from "../../client/fairline.js";
import { Model } from "../../client/model.js";
import { Refused, type CommandType } from "../../client/protocol.js";
import { renewed, type Kept } from "../../staff/sign-in.js";
import type { Heard, Said, Sending, Tab } from "./wire.js";

const IDLE_TOLD_MS = 300_000;
const NUDGE_MS = 2_000;

interface Known {
  visible: boolean;
  idle_ms: number;
  topics: Set<string>;
}

/** What the hub asks of the place it runs in. */
export interface Place {
  origin: string;
  /** A tab brings what was kept of an earlier connection. */
  restore(store: Record<string, string>): void;
  /** Somebody looks at one of the tabs, or at none. */
  look(visible: boolean): void;
}

export class Hub {
  private readonly connection: Fairline;
  private readonly model: Model;
  private readonly tabs = new Map<Tab, Known>();
  private kept: Kept | null = null;
  private visible = true;

  constructor(private readonly place: Place) {
    this.connection = new Fairline({
      origin: place.origin, role: "agent", name: "fairline-desktop",
      token: (wish) => this.token(wish), seen: () => this.model.seen(),
    });
    this.model = new Model(this.connection);
    // The timers of a tab that nobody looks at hardly run; a worker's do.
    setInterval(() => this.model.offers.length > 0 && this.tell({ k: "nudge" }), NUDGE_MS);
    this.connection.on("*", (type, event) => this.pass(type, event));
  }

  hear(tab: Tab, said: Said): void {
    if (said.k === "hello") return this.greet(tab, said);
    const known = this.tabs.get(tab);
    if (!known) return;
    if (said.k === "command") void this.command(tab, known, said);
    else if (said.k === "sign-in") this.signIn(said.kept);
    else if (said.k === "sign-out") this.signOut("");
    else if (said.k === "start") this.start(said.renew);
    else if (said.k === "looked") this.looked(known, said.visible, said.idle_ms);
    else if (said.k === "now") this.connection.tryNow();
    else this.leave(tab);
  }

  /** A tab is gone; what it alone followed is followed no longer. */
  leave(tab: Tab): void {
    const known = this.tabs.get(tab);
    this.tabs.delete(tab);
    for (const topic of known?.topics ?? []) this.unfollow(topic);
    this.look();
  }

  tell(heard: Heard): void {
    for (const tab of this.tabs.keys()) tab.post(heard);
  }

  // Inside

  private greet(tab: Tab, { kept, store, visible }: Said & { k: "hello" }): void {
    this.tabs.set(tab, { visible, idle_ms: 0, topics: new Set() });
    if (!this.kept && kept) {
      this.place.restore(store);
      this.signIn(kept);
    }
    this.look();
    const { status, welcome, rtt_ms } = this.connection;
    tab.post({ k: "state", kept: this.kept, status, welcome, rtt_ms, outbox: this.sending(), model: this.copy() });
  }

  private async command(tab: Tab, known: Known, { n, t, fields }: Said & { k: "command" }): Promise<void> {
    const topic = String(fields.topic);
    if (t === "sub") known.topics.add(topic);
    if (t === "unsub") {
      known.topics.delete(topic);
      if (this.isFollowed(topic)) return;
    }
    try {
      const reply = await this.connection.command(t as CommandType, fields as never);
      if (t === "token.refresh") this.renewed(String(fields.token));
      tab.post({ k: "answer", n, reply });
      for (const other of this.tabs.keys()) {
        if (other !== tab) other.post({ k: "done", t, fields, reply });
      }
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      const { code, reason, message, reply, details } = refused;
      tab.post({ k: "refusal", n, err: { code, name: reason, msg: message, outcome: details.outcome, terms: details.terms, version: details.version }, reply });
    }
  }

  private signIn(kept: Kept): void {
    this.kept = kept;
    this.tell({ k: "kept", kept, notice: "" });
    this.connection.start();
  }

  /** Somebody pasted a new token in time. */
  private renewed(token: string): void {
    this.kept = { token };
    this.connection.adopt(token);
    this.tell({ k: "kept", kept: this.kept, notice: "" });
  }

  private signOut(notice: string): void {
    this.kept = null;
    this.connection.stop({ leave: true, forget: true });
    this.model.clear();
    this.tell({ k: "kept", kept: null, notice });
  }

  private start(renew: boolean): void {
    if (renew) this.connection.renewDevice();
    if (this.kept) this.connection.start();
  }

  private async token({ fresh }: { fresh: boolean }): Promise<string> {
    if (!this.kept) throw Object.assign(new Error("Please sign in."), { stop: true });
    this.kept = await renewed(this.kept, fresh);
    this.tell({ k: "kept", kept: this.kept, notice: "" });
    return this.kept.token;
  }

  private pass(type: string, event: unknown): void {
    const { rtt_ms } = this.connection;
    this.tell({ k: "event", type, event: plain(type, event), rtt_ms, outbox: this.sending(), looked: this.visible });
    if (type !== "status") return;
    const { phase, code, reason } = event as Status;
    if (phase === "stopped" && (code === 4500 || code === 4505)) this.signOut(reason ?? "");
    if (phase === "online") this.place.look(this.visible);
  }

  private sending(): Sending[] {
    return this.connection.outbox.map(({ t, fields }) => ({ t, fields }));
  }

  /** What the model holds, without what it is made of. */
  private copy(): Record<string, unknown> {
    const held = Object.entries(this.model).filter(([name]) => !["connection", "changed"].includes(name));
    return Object.fromEntries(held);
  }

  private isFollowed(topic: string): boolean {
    return [...this.tabs.values()].some(({ topics }) => topics.has(topic));
  }

  private unfollow(topic: string): void {
    if (!this.isFollowed(topic)) this.connection.command("unsub", { topic }).catch(() => {});
  }

  private looked(known: Known, visible: boolean, idle_ms: number): void {
    const before = this.idle();
    // Also where another tab was looked at all the time: this reader is new.
    if (visible && !known.visible) this.connection.tryNow();
    Object.assign(known, { visible, idle_ms });
    this.look();
    const idle = this.idle();
    const view = this.visible ? "active" : "background";
    if (idle >= IDLE_TOLD_MS || before >= IDLE_TOLD_MS) this.connection.activity(idle, view);
  }

  /** For how long nobody has touched any of the tabs. */
  private idle(): number {
    return Math.min(...[...this.tabs.values()].map(({ idle_ms }) => idle_ms));
  }

  private look(): void {
    const visible = [...this.tabs.values()].some((known) => known.visible);
    if (visible === this.visible) return;
    this.visible = visible;
    this.place.look(visible);
  }
}

/** An event as it can travel: the command in `answered` holds functions. */
function plain(type: string, event: unknown): unknown {
  if (type !== "answered") return event;
  const { command, reply } = event as { command: Sending; reply: unknown };
  return { command: { t: command.t, fields: command.fields }, reply };
}
