/**
 * The offer: who, from where, why me, and how long there is to answer.
 *
 * Owns: the card with its ring, telling the server that it was really seen, the missed bar.
 * Does not know: what happens after the answer.
 * Invariants: `offer.seen` goes out once per offer and connection, only when the card was painted
 * in a visible page; a doubled accept is one accept.
 */
import { clock, h, initials, languageName, say, show, svg, tagsOf, timeOf } from "../client/dom.js";

const MEANT_MS = 600;
const ROUND = 2 * Math.PI * 26;
const WHY_WORDS = {
  knows_customer: "served them before", asked_for: "asked for by name", best_match: "best match",
  least_loaded: "least to do", least_flexible: "others are kept for rarer skills", longest_idle: "longest idle",
};

export class OfferCard {
  constructor(desktop) {
    this.desktop = desktop;
    this.accepting = null;
    this.seen = null;
    this._build();
  }

  draw() {
    this._drawBar();
    const [offer] = this.desktop.model.offers;
    const appears = offer && this.shown !== offer.offer;
    show(this.element, !!offer);
    this.shown = offer?.offer;
    if (!offer) {
      this.accepting = null;
      return;
    }
    if (appears) this._appear(offer);
    this._drawRing(offer);
    this._markSeen(offer);
  }

  /** Enter in an empty composer; not one that was meant for the message before. */
  acceptByEnter() {
    if (Date.now() - this.appearedAt > MEANT_MS) this.accept();
  }

  accept() {
    const [offer] = this.desktop.model.offers;
    if (!offer || this.accepting === offer.offer) return;
    this.accepting = offer.offer;
    this.yes.disabled = this.no.disabled = true;
    this.desktop.ask("offer.accept", { offer: offer.offer }).then(() => this._answered(offer));
  }

  decline() {
    const [offer] = this.desktop.model.offers;
    if (!offer || this.accepting) return;
    this.no.disabled = true;
    this.desktop.ask("offer.decline", { offer: offer.offer }).then(() => this._answered(offer));
  }

  // Inside

  _build() {
    this.ring = svg("circle", { class: "left-over", cx: 30, cy: 30, r: 26, "stroke-dasharray": ROUND });
    this.letters = svg("text", { x: 30, y: 35, "text-anchor": "middle" });
    this.who = h("b", { class: "who" });
    this.what = h("p", { class: "what" });
    this.wait = h("p", { class: "what" });
    this.why = h("p", { class: "why" });
    this.seconds = h("span", { class: "seconds", "aria-hidden": "true" });
    this.yes = h("button", { type: "button", class: "main", onclick: () => this.accept() }, "Accept ", h("kbd", {}, "Enter"));
    this.no = h("button", { type: "button", onclick: () => this.decline() }, "Decline");
    this.element = h("section", { class: "offer", role: "alertdialog", "aria-label": "Offer", hidden: true },
      h("div", { class: "row" },
        svg("svg", { viewBox: "0 0 60 60", class: "ring", "aria-hidden": "true" }, svg("circle", { class: "track", cx: 30, cy: 30, r: 26 }), this.ring, this.letters),
        h("div", { class: "facts" }, this.who, this.what, this.wait), this.seconds),
      this.why, h("div", { class: "answers" }, this.yes, this.no));
    this.barText = h("span", {});
    this.barBack = h("button", { type: "button", onclick: () => this.desktop.back() }, "I'm back ", h("kbd", {}, "Enter"));
    this.barClose = h("button", { type: "button", onclick: () => this._dismiss() }, "All right");
    this.bar = h("div", { class: "missed", role: "alert", hidden: true }, this.barText, this.barBack, this.barClose);
  }

  _appear(offer) {
    const { customer = {}, queue, channel } = offer;
    const name = customer.name || "Customer";
    say(this.letters, initials(name));
    say(this.who, name + (customer.verified ? " ✓" : ""));
    const languages = wished(customer).map((tag) => languageName(tag, "en"));
    say(this.what, [title(queue), channel, languages.join(", ")].filter(Boolean).join(" · "));
    const attempt = offer.attempt > 1 ? `, offered ${offer.attempt} times` : "";
    const since = offer.queued_at ?? customer.queued_at;
    const waited = offer.waited_ms ?? customer.waited_ms ?? (since ? this.desktop.model.now() - since : null);
    say(this.wait, waited === null ? attempt.slice(2) : `waited ${clock(waited)}${attempt}`);
    const why = (offer.why ?? []).map(whyWords).filter(Boolean).join(", ");
    say(this.why, why ? `Why you: ${why}` : "");
    this.yes.disabled = false;
    this.no.disabled = false;
    show(this.no, !offer.auto);
    this.element.dataset.offer = offer.offer;
    this.appearedAt = Date.now();
    // Never out of a field under the agent's hands: there Enter accepts while the field is empty.
    const writing = document.activeElement?.matches("textarea, input, select");
    if (!writing && !document.querySelector("dialog[open]")) this.yes.focus();
  }

  _drawRing(offer) {
    this.whole ??= {}; // an offer told again after a reconnect keeps its first length
    const whole = (this.whole[offer.offer] ??= offer.expires_ms);
    const left = Math.max(0, offer.until - Date.now());
    // A new offer begins with its own ring, it does not slide there from the last one's.
    this.ring.style.setProperty("transition", Date.now() - this.appearedAt < 500 ? "none" : "");
    this.ring.style.setProperty("stroke-dashoffset", String(ROUND * (1 - left / whole)));
    this.element.classList.toggle("late", left < 6_000);
    say(this.seconds, String(Math.ceil(left / 1_000)));
  }

  _markSeen(offer) {
    const { connection } = this.desktop;
    const key = `${offer.offer} ${connection.welcome?.session}`;
    if (document.hidden || this.seen === key || connection.status.phase !== "online") return;
    this.seen = key;
    // Two frames: the first one is before the card is painted, the second one after.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      connection.command("offer.seen", { offer: offer.offer });
    }));
  }

  _answered(offer) {
    this.yes.disabled = this.no.disabled = false;
    if (this.accepting === offer.offer) this.accepting = null;
    // Gone (113) or answered: the card goes now, `offer.ended` may follow or have come before.
    this.desktop.model.dropOffer(offer.offer);
    this.desktop.draw();
  }

  _drawBar() {
    const { missed, model } = this.desktop;
    show(this.bar, !!missed);
    if (!missed) return;
    const count = missed.count > 1 ? `, ${missed.count} in all` : "";
    const away = missed.away || model.presence?.show !== "available";
    say(this.barText, `You missed an offer at ${timeOf(missed.at)}${count}.${away ? " You are set away." : ""}`);
    show(this.barBack, away);
    show(this.barClose, !away);
  }

  _dismiss() {
    this.desktop.missed = null;
    this.desktop.draw();
  }
}

const title = (id) => (id ? id[0].toUpperCase() + id.slice(1) : "");

export function wished(customer) {
  const languages = customer.languages ?? customer.language ?? [];
  if (typeof languages === "string") return [languages];
  return tagsOf(languages);
}

/** What the server's reason means: "English", "billing", "longest idle". */
function whyWords(reason) {
  const [kind, ...rest] = reason.split(":");
  const value = rest.join(":");
  if (kind === "language") return languageName(value, "en");
  if (kind === "skill") return value.replaceAll("_", " ");
  return WHY_WORDS[reason] ?? reason.replaceAll("_", " ");
}
