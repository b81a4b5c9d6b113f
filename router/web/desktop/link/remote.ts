/**
 * The connection as a tab sees it: the face of `Fairline`, the work done by the hub.
 *
 * Owns: this tab's commands until they are answered, its copy of the connection's state.
 * Does not know: sockets, tokens, where the hub runs.
 * Invariants: a command is given to the next hub where one goes away before it answered, always
 * with the same `op`.
 */
import type { Events, Fairline, Status } from "../../client/fairline.js";
import { CREATING, FLEETING, Refused, lost, type Reply, type Told } from "../../client/protocol.js";
import type { Kept } from "../../staff/sign-in.js";
import type { Heard, Names, Port, Sending } from "./wire.js";

interface Waiting extends Sending {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}
type Listener = (...told: any[]) => void;

const TOLD_EVERY_MS = 60_000;
const IDLE_TOLD_MS = 300_000;

export class Remote {
  status: Status = { phase: "connecting", since: Date.now(), failures: 0 };
  welcome: Told.Welcome | null = null;
  rtt_ms: number | null = null;
  /** Somebody looks at this or another tab. */
  looked = true;
  /** The hub told its whole state: what the model holds. */
  onstate: (model: Record<string, unknown>) => void = () => {};
  /** Somebody signed in or out, here or in another tab. */
  onkept: (kept: Kept | null, notice: string) => void = () => {};
  /** An offer still waits. */
  onnudge: () => void = () => {};
  /** Another tab's command was carried out. */
  ondone: (t: string, fields: Record<string, unknown>, reply: Reply) => void = () => {};

  private port: Port | null = null;
  private sending: Sending[] = [];
  private count = 0;
  private readonly waiting = new Map<number, Waiting>();
  /** The `op` of commands whose answer all tabs know, while this tab's own reply is on its way. */
  private readonly done = new Set<unknown>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private touchedAt = Date.now();

  constructor(private readonly names: Names) {
    document.addEventListener("visibilitychange", () => this.look());
    for (const kind of ["online", "pageshow"]) addEventListener(kind, () => this.tryNow());
    for (const kind of ["pointerdown", "keydown", "wheel"]) {
      addEventListener(kind, () => this.touched(), { passive: true, capture: true });
    }
    setInterval(() => this.look(), TOLD_EVERY_MS);
  }

  /** As the model wants it. */
  get asConnection(): Fairline {
    return this as unknown as Fairline;
  }

  /** A hub is there, the first or the next. */
  attach(port: Port): void {
    this.port = port;
    port.post({ k: "hello", kept: this.kept(), store: this.stored(), visible: !document.hidden });
    for (const [n, { t, fields, reject }] of this.waiting) {
      if (FLEETING.has(t)) {
        this.waiting.delete(n);
        reject(lost(t));
      } else port.post({ k: "command", n, t, fields });
    }
  }

  hear(heard: Heard): void {
    if (heard.k === "state") this.begin(heard);
    else if (heard.k === "event") this.event(heard);
    else if (heard.k === "answer") this.settle(heard.n, (one) => one.resolve(heard.reply));
    else if (heard.k === "refusal") this.settle(heard.n, (one) => one.reject(new Refused(heard.err, heard.reply)));
    else if (heard.k === "done") this.ondone(heard.t, heard.fields, heard.reply);
    else if (heard.k === "nudge") this.onnudge();
    else if (heard.k === "store") this.store(heard.key, heard.value);
    else this.keep(heard.kept, heard.notice);
  }

  on(type: string, listener: Listener): () => void {
    const known = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, known.add(listener));
    return () => known.delete(listener);
  }

  command(t: string, told: Record<string, unknown> = {}): Promise<Reply> {
    const fields = { ...told };
    if (CREATING.has(t)) fields.op ??= crypto.randomUUID();
    const answered = new Promise<Reply>((resolve, reject) => {
      if (FLEETING.has(t) && this.status.phase !== "online") return reject(lost(t));
      const n = ++this.count;
      this.waiting.set(n, { t, fields, resolve, reject });
      this.port?.post({ k: "command", n, t, fields });
    });
    answered.catch(() => {}); // who ignores the answer is not told in the console
    if (CREATING.has(t)) this.emit("outbox", {});
    return answered;
  }

  /** What was not answered yet, of all tabs. */
  get outbox(): Sending[] {
    const own = [...this.waiting.values()].filter(({ t }) => CREATING.has(t));
    const known = new Set(this.sending.map(({ fields }) => fields.op));
    return [...this.sending, ...own.filter(({ fields }) => !known.has(fields.op) && !this.done.has(fields.op))];
  }

  signIn(kept: Kept): void {
    this.keep(kept, "");
    this.port?.post({ k: "sign-in", kept });
  }

  signOut(): void {
    this.port?.post({ k: "sign-out" });
  }

  /** Goes on after a stop; as a device of its own where another window has taken the place. */
  start(): void {
    this.port?.post({ k: "start", renew: this.status.code === 4504 });
  }

  /** Ends the wait for the next attempt, as `Fairline.tryNow`. */
  tryNow(): void {
    this.port?.post({ k: "now" });
  }

  /** This tab's copy of the sign-in, which outlives a reload. */
  kept(): Kept | null {
    return JSON.parse(sessionStorage.getItem(this.names.kept) ?? "null");
  }

  // Inside

  private begin({ kept, status, welcome, rtt_ms, outbox, model }: Heard & { k: "state" }): void {
    Object.assign(this, { status, welcome, rtt_ms });
    this.sending = outbox;
    this.onstate(model);
    this.keep(kept, "");
    this.emit("status", status);
  }

  private event({ type, event, rtt_ms, outbox, looked }: Heard & { k: "event" }): void {
    Object.assign(this, { rtt_ms, looked });
    this.sending = outbox;
    if (type === "answered") this.done.add((event as Events["answered"]).command.fields.op);
    if (type === "welcome") this.welcome = event as Told.Welcome;
    if (type === "status") this.status = event as Status;
    this.emit(type, event);
  }

  private settle(n: number, how: (waiting: Waiting) => void): void {
    const waiting = this.waiting.get(n);
    this.waiting.delete(n);
    this.done.delete(waiting?.fields.op);
    if (waiting) how(waiting);
  }

  private keep(kept: Kept | null, notice: string): void {
    if (kept) sessionStorage.setItem(this.names.kept, JSON.stringify(kept));
    else sessionStorage.removeItem(this.names.kept);
    this.onkept(kept, notice);
  }

  private stored(): Record<string, string> {
    return JSON.parse(localStorage.getItem(this.names.store) ?? "{}");
  }

  private store(key: string, value: string | null): void {
    const stored = this.stored();
    if (value === null) delete stored[key];
    else stored[key] = value;
    localStorage.setItem(this.names.store, JSON.stringify(stored));
  }

  private touched(): void {
    const idle = Date.now() - this.touchedAt;
    this.touchedAt = Date.now();
    if (idle >= IDLE_TOLD_MS) this.look();
  }

  private look(): void {
    const idle_ms = Math.max(0, Date.now() - this.touchedAt);
    this.port?.post({ k: "looked", visible: !document.hidden, idle_ms });
  }

  private emit(type: string, event: unknown): void {
    for (const listener of this.listeners.get(type) ?? []) listener(event);
    for (const listener of this.listeners.get("*") ?? []) listener(type, event);
  }
}
