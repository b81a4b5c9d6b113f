/**
 * The agent desktop: signs in, connects, and keeps its parts in step with the model.
 *
 * Owns: the connection, which conversation is chosen, keys, the page's title, calm notices.
 * Does not know: how the parts draw themselves.
 * Invariants: everything shown comes from the model; every command's refusal ends in words.
 */
import { h, say, show } from "../client/dom.js";
import { Fairline } from "../client/fairline.js";
import { Model, lastSeq, unreadOf } from "../client/model.js";
import { SignIn } from "../client/signin.js";
import { ring, unlock } from "../client/sound.js";
import { Actions } from "./actions.js";
import { Card } from "./card.js";
import { List } from "./list.js";
import { OfferCard } from "./offer.js";
import { TopBar } from "./topbar.js";
import { Transcript } from "./transcript.js";

const NOTICE_MS = 6_000;

/** What a refusal means to an agent; the rest shows the server's own sentence. */
const REFUSAL_WORDS = {
  103: "That is no longer there.",
  110: "A purpose is needed to read this.",
  113: "Already taken care of. The next offer comes by itself.",
  114: "No free place for that right now.",
  115: "That is not possible any more.",
  119: "Please agree to the terms first.",
};
const OUTCOME_WORDS = {
  taken: "Another agent was faster. The next offer comes by itself.",
  withdrawn: "The customer left the line.",
  expired: "The time for that offer was over.",
  undelivered: "The offer moved on because this desktop could not be reached.",
  revoked: "The offer was taken back.",
};

class Desktop {
  constructor() {
    this.chosen = null;
    this.missed = null;
    this.signIn = new SignIn("agent", "Agent desktop");
    this.signIn.signedIn = () => { unlock(); this.start(); };
    this.connection = new Fairline({
      origin: location.origin, role: "agent", name: "fairline-desktop",
      token: (wish) => this.signIn.token(wish), seen: () => this.model.seen(),
    });
    this.model = new Model(this.connection);
    this.model.changed = (type, event) => this.changed(type, event);
    this._build();
    addEventListener("keydown", (event) => this._key(event));
    // A reload keeps the sign-in but not the sound: the first touch unlocks it again.
    addEventListener("pointerdown", unlock, { once: true });
    document.addEventListener("visibilitychange", () => this.draw());
    setInterval(() => this.draw(), 1_000);
    if (this.signIn.kept()) this.start();
    else this.signIn.open();
  }

  start() {
    show(this.element, true);
    this.connection.start();
    this.draw();
  }

  signOut(notice = "") {
    this.connection.stop({ leave: true, forget: true });
    this.model.clear();
    this.chosen = this.missed = null;
    this.signIn.forget();
    show(this.element, false);
    this.draw();
    this.signIn.open(notice);
  }

  /** Sends a command; a refusal becomes a calm sentence, `words` by code first. Returns the reply or null. */
  async ask(t, fields, words = {}) {
    try {
      return await this.connection.command(t, fields);
    } catch (refusal) {
      if (refusal.code !== 0) this.tell(words[refusal.code] ?? wordsOf(refusal));
      return null;
    }
  }

  tell(text) {
    say(this.notice, text);
    show(this.notice, true);
    clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => show(this.notice, false), NOTICE_MS);
  }

  choose(id) {
    this.chosen = id;
    this.draw();
    if (id) this.transcript.focus();
  }

  back() {
    this.missed = null;
    this.ask("presence.set", { show: "available" });
    this.draw();
  }

  get conversation() {
    return this.chosen ? this.model.find(this.chosen) : undefined;
  }

  // Inside

  _build() {
    this.notice = h("div", { class: "toast", role: "status", hidden: true });
    this.top = new TopBar(this);
    this.offer = new OfferCard(this);
    this.list = new List(this);
    this.transcript = new Transcript(this);
    this.actions = new Actions(this);
    this.card = new Card(this);
    this.element = h("div", { class: "desktop", hidden: true }, this.top.element, this.offer.bar,
      h("div", { class: "columns" },
        h("nav", { class: "left", "aria-label": "Conversations" }, this.offer.element, this.list.element),
        h("main", { class: "middle" }, this.transcript.element),
        this.card.element),
      this.notice);
    document.body.append(this.signIn.element, this.element, this.actions.element);
  }

  changed(type, event) {
    if (type === "status") this._status(event);
    if (type === "offer.new") ring(event.offer);
    if (type === "offer.ended") this._offerEnded(event);
    if (type === "conversation.assigned") this._assigned(event.conversation);
    if (type === "message" && event.from?.role === "customer" && document.hidden) ring(event.conversation + event.seq);
    if (this.model.presence?.show === "available" && type === "presence.self" && this.missed?.away) this.missed = null;
    this.draw();
  }

  _status({ phase, code, reason }) {
    if (phase !== "stopped" || code === 1000) return;
    if (code === 4500 || code === 4505) this.signOut(reason);
  }

  _offerEnded({ offer, outcome }) {
    const accepting = this.offer.accepting === offer;
    if (outcome === "expired") this._miss();
    else if (OUTCOME_WORDS[outcome] && !accepting) this.tell(OUTCOME_WORDS[outcome]);
  }

  _miss() {
    this.missed = { at: this.model.now(), count: (this.missed?.count ?? 0) + 1, away: false };
  }

  _assigned(id) {
    const typing = document.activeElement?.tagName === "TEXTAREA" && document.activeElement.value;
    if (!typing) this.choose(id);
  }

  _key(event) {
    if (event.key !== "Enter" || event.defaultPrevented || event.isComposing) return;
    const busy = event.target.closest?.("button, input, textarea, select, a, dialog");
    if (busy || this.element.hidden) return;
    if (this.model.offers.length > 0) this.offer.accept();
    else if (this.missed) this.back();
  }

  draw() {
    if (this.element.hidden) {
      document.title = "Fairline desktop";
      return;
    }
    if (this.missed && this.model.presence?.reason === "missed") this.missed.away = true;
    if (!this.missed && this.model.presence?.reason === "missed") {
      this.missed = { at: this.model.presence.since_at ?? this.model.now(), count: 0, away: true };
    }
    // What is over leaves the middle as it leaves the list: nothing can be done with it here.
    if (this.chosen && (this.conversation?.status ?? "ended") === "ended") this.chosen = null;
    this.chosen ??= this.list.sorted()[0]?.conversation ?? null;
    this._read();
    for (const part of [this.top, this.offer, this.list, this.transcript, this.card, this.actions]) part.draw();
    this._title();
  }

  _read() {
    const { conversation } = this;
    if (!conversation || document.hidden) return;
    if (unreadOf(conversation, this.model.you) === 0) return;
    conversation.read = lastSeq(conversation);
    this.connection.command("message.read", { conversation: this.chosen, seq: conversation.read });
  }

  _title() {
    const unread = this.model.open.filter((one) => unreadOf(one, this.model.you) > 0).length;
    const count = unread + this.model.offers.length;
    const offer = this.model.offers.length > 0 ? "Offer - " : "";
    document.title = `${count ? `(${count}) ` : ""}${offer}Fairline desktop`;
  }
}

function wordsOf(refusal) {
  const outcome = refusal.details.outcome;
  if (refusal.code === 113 && OUTCOME_WORDS[outcome]) return OUTCOME_WORDS[outcome];
  return REFUSAL_WORDS[refusal.code] ?? `That did not work: ${refusal.message}`;
}

new Desktop();
