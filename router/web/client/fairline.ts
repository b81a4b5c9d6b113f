/**
 * One person's connection to a Fairline server, from a browser's page or from Node.
 *
 * Owns: the WebSocket with its reconnects, the token, command ids, the watchdog.
 * Does not know: what a screen looks like, what a conversation is (model.ts), how long to wait (pace.ts).
 * Invariants: a kept command is sent until it is answered (outbox.ts); after close codes of the
 * 45xx band nothing is sent until `start` is called again.
 */
import { Outbox, entryOf, type Entry } from "./outbox.js";
import { Pace } from "./pace.js";
import {
  CREATING, FLEETING, Refused, STOP_WORDS, claimsOf, lost,
  type CommandType, type Fields, type Reply, type Told,
} from "./protocol.js";
import type { Events, Settings, Status } from "./shapes.js";
import { Drawer, isHidden, watch } from "./surroundings.js";

export type { Events, Settings, Status, TokenProvider } from "./shapes.js";

const SUBPROTOCOL = "fairline.v1.json";
const SHORT_MS = 5_000;
const SHORT_MAX = 5;
const OPENING_MS = 10_000;
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

type Listener = (...told: never[]) => void;

export class Fairline {
  status: Status = { phase: "stopped", since: Date.now(), failures: 0 };
  welcome: Told.Welcome | null = null;
  /** The last round trip, in ms. */
  rtt_ms: number | null = null;

  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly drawer: Drawer;
  private readonly waiting: Outbox;
  private token: string | null = null;
  private socket: WebSocket | null = null;
  private unwatch: () => void = () => {};
  private readonly pace = new Pace();
  private shorts = 0;
  private ready = false;
  private run = 0;
  private nextId = 1;
  private openedAt = 0;
  private heardAt = 0;
  private helloAt = 0;
  private checkedAt = 0;
  private goodbye: Told.Disconnect | null = null;
  private refusal = "";
  private deviceId: string | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setInterval> | undefined;

  constructor(readonly settings: Settings) {
    this.drawer = new Drawer(settings.name);
    this.waiting = new Outbox(this.drawer);
  }

  /** Calls `listener` for every event of `type` ("*" for all); returns what takes it back. */
  on(type: "*", listener: (type: keyof Events, event: Events[keyof Events]) => void): () => void;
  on<T extends keyof Events>(type: T, listener: (event: Events[T]) => void): () => void;
  on(type: string, listener: Listener): () => void {
    if (!this.listeners.has(type)) this.listeners.set(type, new Set());
    this.listeners.get(type)!.add(listener);
    return () => this.listeners.get(type)!.delete(listener);
  }

  /** Connects and stays connected. Storage is touched from here on, not before. */
  start(): void {
    if (this.status.phase !== "stopped") return;
    if (typeof WebSocket === "undefined") return this.halt({ code: 4500, reason: "There is no WebSocket here: use Node 22 or newer, or node --experimental-websocket." });
    this.waiting.restore();
    this.shorts = 0;
    this.pace.reset();
    this.unwatch = watch({ wake: () => this.tryNow(), looked: () => this.looked() });
    this.watchdog = setInterval(() => this.check(), 2_000);
    void this.connect();
  }

  /**
   * Ends a wait: the next attempt is made now. For somebody who asks, and for the page itself when the
   * network or the reader is back. Without a wait it does nothing, so there is one attempt at a time;
   * where the server named a moment it waits for that, and for a second after another such attempt.
   */
  tryNow(): void {
    if (this.status.phase === "waiting" && this.pace.hurry(performance.now())) this.wait();
  }

  /** Ends the connection; with `leave` the person is gone at once, without grace. */
  stop({ leave = false, forget = false } = {}): void {
    if (leave && this.ready) this.send({ t: "bye", leave: true });
    this.halt({ code: 1000 });
    this.token = null;
    if (!forget) return;
    this.waiting.forget();
    this.drawer.write("device", null);
  }

  /**
   * Sends a command and returns its reply. Kept commands wait for a connection; fleeting ones
   * (protocol.ts has both lists) are lost with it.
   * Throws `Refused`: the server said no.
   */
  command<T extends CommandType>(t: T, fields: Fields<T>): Promise<Reply> {
    let entry!: Entry;
    const answered = new Promise<Partial<Reply>>((resolve, reject) => {
      entry = entryOf(t, fields, resolve, reject);
    });
    answered.catch(() => {}); // who ignores the answer is not told in the console
    if (CREATING.has(t) && !entry.fields.op) entry.fields.op = crypto.randomUUID();
    if (FLEETING.has(t) && !this.ready) {
      entry.reject(lost(t));
      return answered as Promise<Reply>;
    }
    if (t === "presence.set") {
      for (const older of this.waiting.supersede(t)) older.resolve({ ok: true });
    }
    this.waiting.add(entry);
    this.emit("outbox", {});
    this.pump();
    return answered as Promise<Reply>;
  }

  /** What was not answered yet, oldest first: `[{t, fields}]`. */
  get outbox(): Entry[] {
    return this.waiting.kept;
  }

  /** Tells the server whether somebody looks and for how long nobody did. */
  activity(idle_ms: number, view: "active" | "background"): void {
    if (this.ready) this.send({ t: "activity", idle_ms, view });
  }

  /** Goes on with another token of the same person, on this connection and the next ones. */
  async renew(token: string): Promise<void> {
    await this.command("token.refresh", { token });
    this.adopt(token);
  }

  /** The next connections use this token. */
  adopt(token: string): void {
    this.token = token;
  }

  /** For a tab that was opened as a copy of another: become a device of one's own. */
  renewDevice(): void {
    this.deviceId = crypto.randomUUID();
  }

  // Connecting

  private async connect(): Promise<void> {
    const run = ++this.run;
    clearTimeout(this.retry);
    this.setStatus("connecting");
    let token: string;
    try {
      token = this.token ?? (await this.settings.token({ fresh: this.pace.failures > 0 }));
      if (typeof token !== "string") throw Object.assign(new TypeError("token() has to give a text, the JWT"), { stop: true });
    } catch (error) {
      if (run !== this.run) return;
      const { stop, message } = error as { stop?: boolean; message?: string };
      if (stop) this.halt({ code: 4500, reason: message });
      else this.later(0);
      return;
    }
    if (run !== this.run) return;
    this.token = token = token.trim(); // a file's last newline is no part of it
    this.open(run, token);
  }

  private open(run: number, token: string): void {
    const address = new URL("/v1/socket", this.settings.origin);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const tenant = this.settings.tenant ?? claimsOf(token).tenant;
    if (tenant) address.searchParams.set("tenant", String(tenant));
    const socket = new WebSocket(address, SUBPROTOCOL);
    this.socket = socket;
    this.openedAt = 0;
    this.goodbye = null;
    this.refusal = "";
    const tooSlow = setTimeout(() => this.drop(run), OPENING_MS);
    socket.onopen = () => {
      this.openedAt = this.heardAt = this.helloAt = performance.now();
      this.nextId = 1;
      this.send(this.hello(token));
    };
    socket.onmessage = (frame) => {
      if (run !== this.run) return;
      clearTimeout(tooSlow);
      this.heardAt = performance.now();
      const decoded = JSON.parse(frame.data);
      for (const message of Array.isArray(decoded) ? decoded : [decoded]) this.receive(message);
    };
    socket.onclose = (closing) => {
      clearTimeout(tooSlow);
      if (run === this.run) this.closed(closing.code);
    };
  }

  private hello(token: string): Record<string, unknown> {
    const { role, name, version = "1", seen, subs, traceparent } = this.settings;
    const trace = traceparent?.() ?? "";
    return {
      t: "hello", token, role,
      client: { name, version, device: this.device() },
      view: isHidden() ? "background" : "active",
      ...(seen ? { seen: seen() } : {}),
      ...(subs ? { subs } : {}),
      // The server would refuse a hello with anything else, and nobody is to go without help for a trace.
      ...(TRACEPARENT.test(trace) ? { traceparent: trace } : {}),
    };
  }

  private closed(code: number): void {
    const lasted = this.openedAt ? performance.now() - this.openedAt : 0;
    const goodbye = this.goodbye;
    this.detach();
    const band = Math.floor(code / 100);
    const stopping = band === 45 || goodbye?.action === "stop";
    if (stopping) {
      if (this.refusal) console.warn(`fairline: ${this.refusal} (${code})`);
      return this.halt({ code, reason: STOP_WORDS[code] ?? this.refusal });
    }
    if (band === 43 || goodbye?.action === "reconnect") this.token = null;
    if (lasted >= SHORT_MS) {
      this.shorts = 0;
      this.pace.reset();
    }
    // Only connections that were open and ended without a word hint at a fault that stays.
    else if (lasted > 0 && band < 41) this.shorts += 1;
    if (this.shorts >= SHORT_MAX) {
      return this.halt({ code, reason: "The connection ends again and again." });
    }
    return this.later(band === 42 ? 1_000 : 0, goodbye?.delay_ms);
  }

  /** Waits as long as its pace says, or for as long as the server did. */
  private later(least_ms: number, told_ms?: number): void {
    this.pace.failed(performance.now(), least_ms, told_ms);
    this.wait();
  }

  private wait(): void {
    const left = Math.max(0, this.pace.retryAt - performance.now());
    const here = Date.now() - performance.now();
    this.setStatus("waiting", { retryAt: here + this.pace.retryAt, soonestAt: here + this.pace.soonestAt });
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), left);
  }

  private looked(): void {
    this.activity(0, isHidden() ? "background" : "active");
    if (!isHidden()) this.tryNow();
  }

  /** A server that is silent for two beats is gone, whatever the socket says. */
  private check(): void {
    const now = performance.now();
    const slept = now - (this.checkedAt || now) > 6_000;
    this.checkedAt = now;
    if (!this.ready || !this.welcome) return;
    // After a sleep of the page its frames are still in the queue behind this timer.
    if (slept) this.heardAt = Math.max(this.heardAt, now - this.welcome.beat_ms);
    if (now - this.heardAt > 2 * this.welcome.beat_ms) this.drop(this.run);
  }

  private drop(run: number): void {
    if (run !== this.run) return;
    const socket = this.socket;
    this.closed(1006);
    socket?.close();
  }

  private detach(): void {
    this.run += 1;
    this.ready = false;
    this.socket = null;
    for (const entry of this.waiting.detach()) entry.reject(lost(entry.t));
  }

  private halt(why: { code: number; reason?: string }): void {
    const socket = this.socket;
    clearTimeout(this.retry);
    clearInterval(this.watchdog);
    this.unwatch();
    this.detach();
    socket?.close(1000);
    if (why.code === 4500) this.token = null;
    this.setStatus("stopped", why);
  }

  // Messages

  private receive(message: Told.Outgoing): void {
    if (message.t === "welcome") this.welcomed(message);
    else if (message.t === "reply") this.replied(message);
    else if (message.t === "disconnect") this.goodbye = message;
    else if (message.t === "token.expiring") void this.refreshToken();
    if (message.t !== "reply" && message.t !== "welcome") this.emit(message.t, message);
  }

  private welcomed(welcome: Told.Welcome): void {
    this.rtt_ms = Math.round(performance.now() - this.helloAt);
    this.welcome = welcome;
    this.waiting.claim(welcome.you.id);
    this.emit("welcome", welcome); // the screen replaces its state before anything is sent again
    this.ready = true;
    this.setStatus("online");
    this.pump();
  }

  private replied(reply: Reply): void {
    const entry = this.waiting.find(reply.id);
    if (!entry) {
      this.refusal = reply.err?.msg ?? "";
      return;
    }
    this.rtt_ms = Math.round(performance.now() - entry.sentAt);
    const err = reply.ok ? null : (reply.err ?? null);
    const delay = err && this.waiting.postpone(entry, err, performance.now());
    if (delay !== null) {
      setTimeout(() => this.pump(), delay + 5);
      return;
    }
    this.waiting.remove(entry);
    if (CREATING.has(entry.t)) this.emit("answered", { command: entry, reply });
    if (err) entry.reject(new Refused(err, reply));
    else entry.resolve(reply);
    this.emit("outbox", {});
    this.pump();
  }

  private pump(): void {
    if (!this.ready) return;
    for (const entry of this.waiting.due(performance.now())) {
      entry.tries += 1;
      entry.sentAt = performance.now();
      entry.id = this.send({ ...entry.fields, t: entry.t });
    }
  }

  private send(message: Record<string, unknown>): number {
    const id = this.nextId++;
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ ...message, id }));
    }
    return id;
  }

  private async refreshToken(): Promise<void> {
    try {
      await this.renew(await this.settings.token({ fresh: true }));
    } catch {
      this.token = null; // the server closes with 4303 and the next connection asks again
    }
  }

  /** Names this tab through reloads, so that its new connection replaces its old one. */
  private device(): string {
    this.deviceId ??= this.drawer.read("device") ?? crypto.randomUUID();
    this.drawer.write("device", this.deviceId);
    return this.deviceId;
  }

  private setStatus(phase: Status["phase"], more: Partial<Status> = {}): void {
    const down = phase !== "online" && this.status.phase !== "online";
    this.status = { phase, since: down ? this.status.since : Date.now(), failures: this.pace.failures, ...more };
    this.emit("status", this.status);
  }

  private emit<T extends keyof Events>(type: T, event: Events[T]): void {
    for (const listener of this.listeners.get(type) ?? []) (listener as (event: unknown) => void)(event);
    for (const listener of this.listeners.get("*") ?? []) (listener as (type: string, event: unknown) => void)(type, event);
  }
}
