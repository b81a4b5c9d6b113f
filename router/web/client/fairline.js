/**
 * One person's connection to a Fairline server, from a browser page.
 *
 * Owns: the WebSocket with its reconnects, the token, command ids and `op` keys, the outbox of
 * what was not answered yet, the watchdog.
 * Does not know: what a screen looks like, or what a conversation is (model.js does).
 * Invariants: a kept command is sent until it is answered, always with the same `op`; messages of
 * one conversation go out one after the other, so a retry never overtakes; after close codes of
 * the 45xx band nothing is sent until `start` is called again.
 */

import { CREATING, FLEETING, Refused, STOP_WORDS, claimsOf, lost } from "./protocol.js";

const SUBPROTOCOL = "fairline.v1.json";
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 20_000;
const SHORT_MS = 5_000;
const SHORT_MAX = 5;
const OPENING_MS = 10_000;
const RETRIES_MAX = 8;

export class Fairline {
  /**
   * @param {object} settings
   *   origin: of the server; role; name: of this program; token: async ({fresh}) => string;
   *   tenant?: for the address; seen?: () => {conversation: seq}; device?: how the id's key is named.
   */
  constructor(settings) {
    this.settings = settings;
    this.status = { phase: "stopped", since: Date.now() };
    this.welcome = null;
    this.rtt_ms = null;
    this._listeners = new Map();
    this._waiting = [];
    this._token = null;
    this._failures = 0;
    this._shorts = 0;
    this._ready = false;
    this._run = 0;
    this._notBefore = 0;
    this._nudge = () => this._wake();
    this._visible = () => this._looked();
  }

  /** Calls `listener` for every event of `type` ("*" for all); returns what takes it back. */
  on(type, listener) {
    if (!this._listeners.has(type)) this._listeners.set(type, new Set());
    this._listeners.get(type).add(listener);
    return () => this._listeners.get(type).delete(listener);
  }

  /** Connects and stays connected. Storage is touched from here on, not before. */
  start() {
    if (this.status.phase !== "stopped") return;
    this._restore();
    this._shorts = 0;
    this._failures = 0;
    this._notBefore = 0;
    addEventListener("online", this._nudge);
    addEventListener("pageshow", this._nudge);
    document.addEventListener("visibilitychange", this._visible);
    this._watch = setInterval(() => this._check(), 2_000);
    this._connect();
  }

  /** Ends the connection; with `leave` the person is gone at once, without grace. */
  stop({ leave = false, forget = false } = {}) {
    if (leave && this._ready) this._send({ t: "bye", leave: true });
    this._halt({ code: 1000 });
    this._token = null;
    if (!forget) return;
    this._waiting = [];
    this._owner = undefined;
    this._remember();
    this._store((storage) => storage.removeItem(this._key("device")));
  }

  /** Sends a command and returns its reply; throws `Refused`. Kept ones wait for a connection. */
  command(t, fields = {}) {
    const entry = { t, fields: { ...fields }, tries: 0, id: 0, notBefore: 0 };
    if (CREATING.has(t) && !entry.fields.op) entry.fields.op = crypto.randomUUID();
    const answered = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    answered.catch(() => {}); // who ignores the answer is not told in the console
    if (FLEETING.has(t) && !this._ready) {
      entry.reject(lost(t));
      return answered;
    }
    if (t === "presence.set") this._supersede(t);
    this._waiting.push(entry);
    this._remember();
    this._emit("outbox", {});
    this._pump();
    return answered;
  }

  /** What was not answered yet, oldest first: `[{t, fields}]`. */
  get outbox() {
    return this._waiting.filter((entry) => CREATING.has(entry.t));
  }

  /** Tells the server whether somebody looks and for how long nobody did. */
  activity(idle_ms, view) {
    if (this._ready) this._send({ t: "activity", idle_ms, view });
  }

  // Connecting

  async _connect() {
    const run = ++this._run;
    clearTimeout(this._retry);
    this._setStatus("connecting");
    let token;
    try {
      token = this._token ?? (await this.settings.token({ fresh: this._failures > 0 }));
    } catch (error) {
      if (run !== this._run) return;
      if (error.stop) this._halt({ code: 4500, reason: error.message });
      else this._later(0);
      return;
    }
    if (run !== this._run) return;
    this._token = token;
    this._open(run, token);
  }

  _open(run, token) {
    const address = new URL("/v1/socket", this.settings.origin);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const tenant = this.settings.tenant ?? claimsOf(token).tenant;
    if (tenant) address.searchParams.set("tenant", tenant);
    const socket = new WebSocket(address, SUBPROTOCOL);
    this._socket = socket;
    this._openedAt = 0;
    this._goodbye = null;
    this._refusal = "";
    const tooSlow = setTimeout(() => this._drop(run), OPENING_MS);
    socket.onopen = () => {
      this._openedAt = performance.now();
      this._heardAt = this._openedAt;
      this._nextId = 1;
      this._helloAt = this._openedAt;
      this._send(this._hello(token));
    };
    socket.onmessage = (frame) => {
      if (run !== this._run) return;
      clearTimeout(tooSlow);
      this._heardAt = performance.now();
      const decoded = JSON.parse(frame.data);
      for (const message of Array.isArray(decoded) ? decoded : [decoded]) this._receive(message);
    };
    socket.onclose = (closing) => {
      clearTimeout(tooSlow);
      if (run === this._run) this._closed(closing.code);
    };
  }

  _hello(token) {
    const { role, name, version = "1", seen, subs } = this.settings;
    return {
      t: "hello", token, role,
      client: { name, version, device: this._device() },
      view: document.visibilityState === "hidden" ? "background" : "active",
      ...(seen ? { seen: seen() } : {}),
      ...(subs ? { subs } : {}),
    };
  }

  _closed(code) {
    const lasted = this._openedAt ? performance.now() - this._openedAt : 0;
    const goodbye = this._goodbye;
    this._detach();
    const band = Math.floor(code / 100);
    const stopping = band === 45 || goodbye?.action === "stop";
    if (stopping) return this._halt({ code, reason: STOP_WORDS[code] ?? this._refusal });
    if (band === 43 || goodbye?.action === "reconnect") this._token = null;
    if (lasted >= SHORT_MS) this._failures = this._shorts = 0;
    // Only connections that were open and ended without a word hint at a fault that stays.
    else if (lasted > 0 && band < 41) this._shorts += 1;
    if (this._shorts >= SHORT_MAX) {
      return this._halt({ code, reason: "The connection ends again and again." });
    }
    return this._later(band === 42 ? 1_000 : 0, goodbye?.delay_ms);
  }

  /** Waits with full jitter, or for as long as the server said. */
  _later(least_ms, told_ms) {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** this._failures);
    this._failures += 1;
    const delay = told_ms ?? Math.max(least_ms, Math.random() * ceiling);
    this._notBefore = told_ms ?? least_ms ? Date.now() + (told_ms ?? least_ms) : 0;
    this._setStatus("waiting", { retryAt: Date.now() + delay });
    this._retry = setTimeout(() => this._connect(), delay);
  }

  /** Something changed outside (network, page shown): no reason to sit out the delay. */
  _wake() {
    if (this.status.phase === "waiting") {
      clearTimeout(this._retry);
      const delay = Math.max(0, this._notBefore - Date.now());
      this._retry = setTimeout(() => this._connect(), delay);
    }
  }

  _looked() {
    const hidden = document.visibilityState === "hidden";
    this.activity(0, hidden ? "background" : "active");
    if (!hidden) this._wake();
  }

  /** A server that is silent for two beats is gone, whatever the socket says. */
  _check() {
    const now = performance.now();
    const slept = now - (this._checkedAt ?? now) > 6_000;
    this._checkedAt = now;
    if (!this._ready) return;
    // After a sleep of the page its frames are still in the queue behind this timer.
    if (slept) this._heardAt = Math.max(this._heardAt, now - this.welcome.beat_ms);
    if (now - this._heardAt > 2 * this.welcome.beat_ms) this._drop(this._run);
  }

  _drop(run) {
    if (run !== this._run) return;
    const socket = this._socket;
    this._closed(1006);
    socket?.close();
  }

  _detach() {
    this._run += 1;
    this._ready = false;
    this._socket = null;
    for (const entry of this._waiting) entry.id = 0;
    for (const entry of this._waiting.filter((one) => FLEETING.has(one.t))) {
      this._settle(entry);
      entry.reject(lost(entry.t));
    }
  }

  _halt(why) {
    const socket = this._socket;
    clearTimeout(this._retry);
    clearInterval(this._watch);
    removeEventListener("online", this._nudge);
    removeEventListener("pageshow", this._nudge);
    document.removeEventListener("visibilitychange", this._visible);
    this._detach();
    socket?.close(1000);
    if (why.code === 4500) this._token = null;
    this._setStatus("stopped", why);
  }

  // Messages

  _receive(message) {
    if (message.t === "welcome") this._welcomed(message);
    else if (message.t === "reply") this._replied(message);
    else if (message.t === "disconnect") this._goodbye = message;
    else if (message.t === "token.expiring") this._refreshToken();
    if (message.t !== "reply" && message.t !== "welcome") this._emit(message.t, message);
  }

  _welcomed(welcome) {
    this.rtt_ms = Math.round(performance.now() - this._helloAt);
    this.welcome = welcome;
    if (this._owner && this._owner !== welcome.you.id) this._waiting = [];
    this._owner = welcome.you.id;
    this._emit("welcome", welcome); // the screen replaces its state before anything is sent again
    this._ready = true;
    this._remember();
    this._setStatus("online");
    this._pump();
  }

  _replied(reply) {
    const entry = this._waiting.find((one) => one.id === reply.id && reply.id > 0);
    if (!entry) {
      this._refusal = reply.err?.msg ?? "";
      return;
    }
    this.rtt_ms = Math.round(performance.now() - entry.sentAt);
    if (!reply.ok && this._tryAgain(entry, reply.err)) return;
    this._settle(entry);
    if (CREATING.has(entry.t)) this._emit("answered", { command: entry, reply });
    if (reply.ok) entry.resolve(reply);
    else entry.reject(new Refused(reply.err, reply));
    this._emit("outbox", {});
    this._pump();
  }

  _tryAgain(entry, err) {
    if (FLEETING.has(entry.t) || err.retry === "no" || entry.tries >= RETRIES_MAX) return false;
    const delay = err.retry_ms ?? Math.random() * Math.min(BACKOFF_MAX_MS, 1_000 * 2 ** entry.tries);
    Object.assign(entry, { id: 0, notBefore: performance.now() + delay });
    setTimeout(() => this._pump(), delay + 5);
    return true;
  }

  /** Sends what may go now, in order; messages of one conversation wait for each other. */
  _pump() {
    if (!this._ready) return;
    const busy = new Set();
    for (const entry of [...this._waiting]) {
      const lane = entry.t === "message.send" ? entry.fields.conversation : entry;
      if (busy.has(lane)) continue;
      busy.add(lane);
      if (entry.id || entry.notBefore > performance.now()) continue;
      entry.tries += 1;
      entry.sentAt = performance.now();
      entry.id = this._send({ t: entry.t, ...entry.fields });
    }
  }

  _send(message) {
    const id = this._nextId++;
    if (this._socket?.readyState === WebSocket.OPEN) {
      this._socket.send(JSON.stringify({ ...message, id }));
    }
    return id;
  }

  async _refreshToken() {
    try {
      this._token = await this.settings.token({ fresh: true });
      await this.command("token.refresh", { token: this._token });
    } catch {
      this._token = null; // the server closes with 4303 and the next connection asks again
    }
  }

  _settle(entry) {
    this._waiting = this._waiting.filter((one) => one !== entry);
    this._remember();
  }

  _supersede(t) {
    for (const entry of this._waiting.filter((one) => one.t === t && !one.id)) {
      this._settle(entry);
      entry.resolve({ ok: true, superseded: true });
    }
  }

  // What outlives a reload: the device id and the outbox, both of this tab alone

  _device() {
    this._deviceId ??= this._store((storage) => storage.getItem(this._key("device")));
    this._deviceId ??= crypto.randomUUID();
    this._store((storage) => storage.setItem(this._key("device"), this._deviceId));
    return this._deviceId;
  }

  /** For a tab that was opened as a copy of another: become a device of one's own. */
  renewDevice() {
    this._deviceId = crypto.randomUUID();
  }

  _remember() {
    const kept = this.outbox.map(({ t, fields }) => ({ t, fields }));
    this._store((storage) => {
      if (kept.length === 0) storage.removeItem(this._key("outbox"));
      else storage.setItem(this._key("outbox"), JSON.stringify({ owner: this._owner, kept }));
    });
  }

  _restore() {
    const text = this._store((storage) => storage.getItem(this._key("outbox")));
    if (!text || this._waiting.length > 0) return;
    const { owner, kept } = JSON.parse(text);
    this._owner ??= owner;
    const nobody = () => {}; // who asked is gone with the page; "answered" tells the screen
    for (const { t, fields } of kept) {
      const entry = { t, fields, tries: 0, id: 0, notBefore: 0 };
      this._waiting.push({ ...entry, resolve: nobody, reject: nobody });
    }
  }

  _key(what) {
    return `fairline.${what}.${this.settings.name}`;
  }

  _store(use) {
    try {
      return use(sessionStorage);
    } catch {
      return null; // storage may be forbidden; everything works without it
    }
  }

  _setStatus(phase, more = {}) {
    const down = phase !== "online" && this.status.phase !== "online";
    this.status = { phase, since: down ? this.status.since : Date.now(), ...more };
    this._emit("status", this.status);
  }

  _emit(type, event) {
    for (const listener of this._listeners.get(type) ?? []) listener(event);
    for (const listener of this._listeners.get("*") ?? []) listener(type, event);
  }
}
