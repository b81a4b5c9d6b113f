/**
 * The open panel: one customer's conversation, from the first message to the rating.
 *
 * Owns: what happens on each button and event; which of the view's faces is shown.
 * Does not know: how the view draws (view.js), how the connection is kept (fairline.js).
 * Invariants: nothing is sent before the panel was opened by hand or goes on from a page of the
 * same tab; a message leaves the composer only into the outbox or the transcript.
 */
import { Fairline } from "../client/fairline.js";
import { Model, lastSeq, unreadOf } from "../client/model.js";
import { forget, tokenProvider } from "./identity.js";
import { View } from "./view.js";
import { wordsFor } from "./words.js";

const TYPING_EVERY_MS = 3_000;
const STRIP_AFTER_MS = 2_000;
/** Refusals that come from how the page embeds the widget: not found, bad request. */
const MISTAKES = new Set([103, 105]);
const RATED_AFTER = new Set(["agent", "customer"]);

/** Builds the panel into `place.root`; `place.inline` for the page of its own. */
export function mount(place) {
  return new Panel(place);
}

class Panel {
  constructor(place) {
    this.place = place;
    this.words = wordsFor(place.lang);
    this.isOpen = false;
    this.identity = null;
    this.current = null; // id of the conversation shown, kept when it is over
    this.notice = null;
    this.rated = false;
    this.connection = new Fairline({
      origin: place.origin,
      tenant: place.tenant,
      role: "customer",
      name: "fairline-widget",
      token: tokenProvider({ ...place, identified: () => this.identity?.token }),
      seen: () => this.model.seen(),
    });
    this.model = new Model(this.connection);
    this.model.changed = (type, event) => this._changed(type, event);
    this.view = new View(place, this.words, this);
    document.addEventListener("visibilitychange", () => this._read());
    setInterval(() => this._draw(), 1_000);
    this._draw();
  }

  open() {
    this.isOpen = true;
    this.connection.start();
    this.view.open();
    this.place.opened?.();
    this._keepAlive();
    this._read();
  }

  close() {
    if (!this.isOpen || this.place.inline) return;
    this.isOpen = false;
    this.view.close();
    this.place.closed?.();
    this._keepAlive();
    // Nothing going on: no need to hold a connection behind a closed panel.
    if (!this._goingOn()) this.connection.stop({ leave: true });
  }

  /** Goes on behind the closed panel, on a later page of the same tab. */
  resume() {
    this.connection.start();
  }

  identify(identity) {
    const other = identity.id !== undefined && identity.id !== this.identity?.id;
    this.identity = identity;
    if (other && this.connection.status.phase !== "stopped") {
      this._wipe();
      this.connection.start();
    }
  }

  logout() {
    this.identity = null;
    forget(this.place.tenant);
    this._wipe();
    this.close();
  }

  // What the view calls

  send(body) {
    const text = body.trim();
    if (!text || this.composing === "off") return false;
    const conversation = this._conversation();
    if (conversation && conversation.status !== "ended") {
      this.connection.command("message.send", { conversation: this.current, body: text });
    } else {
      this._request(text);
    }
    this._typing(false);
    this._draw();
    return true;
  }

  typed() {
    const conversation = this._conversation();
    if (conversation?.status !== "active") return;
    if (Date.now() - (this.typedAt ?? 0) < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this._typing(true);
  }

  async leave() {
    const conversation = this._conversation();
    const t = conversation?.status === "active" ? "conversation.end" : "conversation.cancel";
    try {
      await this.connection.command(t, { conversation: this.current });
    } catch (refusal) {
      if (refusal.code !== 115) this.notice = this.words.refused; // 115: just taken, or just over
    }
    this._draw();
  }

  async rate(score, comment) {
    this.rated = true;
    const extra = comment.trim() ? { comment: comment.trim() } : {};
    try {
      await this.connection.command("rate", { conversation: this.current, score, ...extra });
      this.place.emit?.("rated", { score });
    } catch {
      this.rated = false;
      this.notice = this.words.refused;
    }
    this._draw();
  }

  restart() {
    this.model.forget(this.current);
    this.current = null;
    this.notice = null;
    this.rated = false;
    this._draw();
    this.view.focus();
  }

  sendAgain(failed) {
    const conversation = this._conversation();
    conversation.failed = conversation.failed.filter((one) => one !== failed);
    this.send(failed.body);
  }

  useHere() {
    this.connection.renewDevice();
    this.connection.start();
  }

  async agree() {
    const { terms, version, body } = this.consent;
    this.consent = null;
    try {
      await this.connection.command("consent.accept", { terms, version });
      this._request(body);
    } catch {
      this.notice = this.words.refused;
    }
    this._draw();
  }

  // Inside

  _request(body) {
    if (this.current) this.restart();
    this.notice = null;
    const { queue } = this.place;
    const languages = wishes(this.place.lang).map((tag) => ({ tag }));
    const asked = this.connection.command("conversation.request", {
      channel: "chat", body, languages, ...(queue ? { queue } : {}),
    });
    asked.catch((refusal) => this._refused(refusal, body));
    this._keepAlive();
  }

  _refused(refusal, body) {
    if (refusal.code === 119) this.consent = { ...refusal.details, body };
    else this.notice = refusal.code === 120 ? this.words.closed : this.words.refused;
    if (refusal.code !== 119) this.view.giveBack(body);
    if (MISTAKES.has(refusal.code)) console.warn(`fairline: the request was refused: ${refusal.message}. Is data-queue right?`);
    this._draw();
  }

  _conversation() {
    return this.current && this.model.find(this.current);
  }

  _goingOn() {
    const conversation = this._conversation();
    return (conversation && conversation.status !== "ended") || this.model.pending(null).length > 0;
  }

  _typing(on) {
    if (!on && !this.typedAt) return;
    if (!on) this.typedAt = 0;
    if (this.current) this.connection.command("typing", { conversation: this.current, on });
  }

  _changed(type, event) {
    this._choose();
    if (type === "message" && event.conversation === this.current) this.place.emit?.("message", event);
    if (type === "queue.position") this.place.emit?.("queue", event);
    if (type === "conversation.assigned") this.place.emit?.("agent", event.agent);
    if (type === "conversation.ended") this.place.emit?.("ended", event);
    if (type === "status") this.place.emit?.("status", event.phase);
    if (type !== "status" && type !== "outbox") this._keepAlive();
    this._read();
    this._draw();
  }

  /** Shows the conversation that goes on; one that is over stays until the customer starts again. */
  _choose() {
    if (this._conversation() && this._conversation().status !== "ended") return;
    const open = this.model.open.find((one) => one.status !== "wrap_up");
    if (open && open.conversation !== this.current) {
      this.current = open.conversation;
      this.rated = false;
    } else if (this.current && !this._conversation()) this.current = null;
  }

  _read() {
    const conversation = this._conversation();
    if (!conversation) return this.place.unread?.(0);
    const looking = this.isOpen && document.visibilityState === "visible";
    const seq = lastSeq(conversation);
    if (looking && unreadOf(conversation, this.model.you) > 0) {
      conversation.read = seq;
      this.connection.command("message.read", { conversation: this.current, seq });
    }
    return this.place.unread?.(unreadOf(conversation, this.model.you));
  }

  /** A note for the next page of this tab: there is something to go on with. */
  _keepAlive() {
    if (this.place.inline) return;
    try {
      if (this._goingOn()) sessionStorage.setItem(this.place.liveKey, this.isOpen ? "open" : "closed");
      else sessionStorage.removeItem(this.place.liveKey);
    } catch {
      // without storage the next page starts closed
    }
  }

  _wipe() {
    this.connection.stop({ leave: true, forget: true });
    this.model.clear();
    this.current = null;
    this.rated = false;
    this.notice = null;
    this._keepAlive();
    this._draw();
  }

  _draw() {
    const conversation = this._conversation();
    const { status, welcome } = this.connection;
    const asking = this.model.pending(null).length > 0;
    const down = status.phase === "connecting" || status.phase === "waiting";
    const left = (welcome?.grace_ms ?? 0) - (Date.now() - status.since);
    this.composing = asking || this.consent || status.code >= 4500 ? "off" : "on";
    this.view.draw({
      conversation,
      you: this.model.you,
      asking,
      pending: [...this.model.pending(null), ...(this.current ? this.model.pending(this.current) : [])],
      typing: conversation?.status === "active" && conversation.typingUntil > Date.now(),
      strip: down && Date.now() - status.since > STRIP_AFTER_MS,
      // The browser knows at once; the connection only after two silent beats.
      offline: this.isOpen && !navigator.onLine,
      kept_ms: conversation && conversation.status !== "ended" && left > 0 ? left : 0,
      grace_ms: welcome?.grace_ms ?? 0,
      stopped: status.phase === "stopped" && status.code !== 1000 && status.code ? status : null,
      composing: this.composing === "on",
      notice: this.notice,
      consent: this.consent,
      mayRate: conversation?.status === "ended" && RATED_AFTER.has(conversation.reason) && !!conversation.agent,
      rated: this.rated,
    });
  }
}

/** The languages to ask for: the widget's first, then the browser's. */
function wishes(lang) {
  const primary = (tag) => tag.toLowerCase().split("-")[0];
  return [...new Set([lang, ...navigator.languages].filter(Boolean).map(primary))].slice(0, 4);
}
