/**
 * The offer: who, from where, why me, and how long there is to answer; and being asked in by a colleague.
 *
 * Owns: the card with its ring, telling the server that it was really seen, the missed bar.
 * Does not know: what happens after the answer.
 * Invariants: `offer.seen` goes out once per offer and connection, only when the card was painted
 * in a visible page; a doubled accept is one accept.
 */
import { html, nothing, svg, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { initials } from "../../client/dom.js";
import type { Told } from "../../client/protocol.js";
import { keyNow } from "../deeds.js";
import { DECLINE_REASONS, duration, language, nameOf, queueOf, timeAt, whyWords, wished } from "../words.js";
import { Part } from "./part.js";
import { styled } from "./styled.js";

const MEANT_MS = 600;
const LATE_MS = 6_000;
const ROUND = 2 * Math.PI * 26;

type Offer = Told.OfferNew & { until: number };
type Invitation = Told.ConversationInvited & { until: number };

@customElement("desk-offer")
export class OfferCard extends Part {
  private shown = "";
  private appearedAt = 0;
  private seen = "";
  private whole: Record<string, number> = {};

  override render(): TemplateResult {
    const { offer } = this.desk;
    return html`${offer ? this.card(offer) : nothing}
      ${this.desk.model.invitations.map((one) => this.invitation(one as Invitation))}`;
  }

  override updated(): void {
    const { offer } = this.desk;
    if (offer && this.shown !== offer.offer) this.appear(offer);
    this.shown = offer?.offer ?? "";
    if (offer) this.markSeen(offer);
  }

  /** Enter in an empty composer; not one that was meant for the message before. */
  acceptByEnter(): void {
    if (Date.now() - this.appearedAt > MEANT_MS) void this.desk.accept();
  }

  private card(offer: Offer): TemplateResult {
    const { customer, channel, topic } = offer;
    const left = Math.max(0, offer.until - Date.now());
    const whole = (this.whole[offer.offer] ??= Math.max(left, offer.expires_ms)); // told again it keeps its length
    const languages = wished(customer).map(language).join(", ");
    const why = (offer.why ?? []).map(whyWords).filter(Boolean).join(", ");
    const busy = this.desk.accepting === offer.offer;
    return html`<section class="offer ${left < LATE_MS ? "late" : ""}" role="alertdialog" aria-label="Offer" data-offer=${offer.offer}>
      <div class="row">${ring(initials(nameOf(customer)), left / whole)}
        <div class="facts"><b class="who" dir="auto">${nameOf(customer)}${customer.verified ? " ✓" : ""}</b>
          <p class="what">${[queueOf(offer), channel, topic, languages].filter(Boolean).join(" · ")}</p>
          <p class="what">waited ${duration(this.waited(offer))}${offer.attempt > 1 ? `, offered ${offer.attempt} times` : ""}</p></div>
        <span class="seconds" aria-hidden="true">${Math.ceil(left / 1_000)}</span></div>
      ${offer.begins ? html`<p class="begins" dir="auto">${offer.begins}</p>` : nothing}
      ${why ? html`<p class="why">Why you: ${why}</p>` : nothing}
      <div class="answers"><button type="button" class="main" ?disabled=${busy} @click=${() => this.desk.accept()}>Accept <kbd>Enter</kbd></button>
        ${offer.auto ? nothing : this.decline(busy)}</div></section>`;
  }

  private decline(busy: boolean): TemplateResult {
    return html`<span class="split"><button type="button" ?disabled=${busy} title=${`Decline (${keyNow(this.desk, "d").toUpperCase()})`} @click=${() => this.desk.decline()}>Decline</button
      ><button type="button" class="more" popovertarget="decline-menu" aria-haspopup="menu" aria-label="Decline with a reason">▾</button></span>
      <div class="menu" id="decline-menu" popover="auto" role="menu" aria-label="Why decline" @toggle=${this.opened}>${DECLINE_REASONS.map((reason) =>
        html`<button type="button" role="menuitem" @click=${() => this.declineFor(reason)}>${reason}</button>`)}</div>`;
  }

  private invitation(one: Invitation): TemplateResult {
    const deed = one.mode === "barge" ? "to speak in the conversation" : "for advice, the customer does not hear you";
    return html`<section class="offer invitation" role="group" aria-label=${`Invitation by ${one.by.name || one.by.id}`}>
      <div class="row"><span class="face" aria-hidden="true">${initials(one.by.name || one.by.id)}</span>
        <div class="facts"><b dir="auto">${one.by.name || one.by.id} asks you in</b><p class="what">${deed}</p>
          <p class="what">${nameOf(one.customer)} · ${queueOf(one)}</p></div>
        <span class="seconds" aria-hidden="true">${Math.max(0, Math.ceil((one.until - Date.now()) / 1_000))}</span></div>
      ${one.note ? html`<p class="why note" dir="auto">${one.note}</p>` : nothing}
      <div class="answers"><button type="button" class="main" @click=${() => this.desk.join(one)}>Join</button>
        <button type="button" @click=${() => this.desk.leave(one.conversation)}>Not now</button></div></section>`;
  }

  private waited({ waited_ms = 0, until, expires_ms }: Offer): number {
    return waited_ms + Math.max(0, Date.now() - (until - expires_ms));
  }

  private declineFor(reason: string): void {
    this.find<HTMLElement>("#decline-menu")?.hidePopover();
    void this.desk.decline(reason);
  }

  private opened(event: ToggleEvent): void {
    if (event.newState !== "open") return;
    const menu = event.target as HTMLElement;
    const { left, bottom } = this.find(".split")!.getBoundingClientRect();
    menu.style.setProperty("left", `${left}px`);
    menu.style.setProperty("top", `${bottom + 4}px`);
    menu.querySelector("button")?.focus();
  }

  private appear({ offer }: Offer): void {
    this.appearedAt = Date.now();
    this.whole = { [offer]: this.whole[offer] };
    // Never out of a field under the agent's hands: there Enter accepts while the field is empty.
    const writing = document.activeElement?.matches("textarea, input, select");
    if (!writing && !document.querySelector("dialog[open]")) this.find<HTMLElement>(".offer .main")?.focus();
  }

  private markSeen({ offer }: Offer): void {
    const { link } = this.desk;
    const key = `${offer} ${link.welcome?.session}`;
    if (document.hidden || this.seen === key || link.status.phase !== "online") return;
    this.seen = key;
    // Two frames: the first one is before the card is painted, the second one after.
    requestAnimationFrame(() => requestAnimationFrame(() => void link.command("offer.seen", { offer })));
  }
}

function ring(letters: string, share: number): TemplateResult {
  const length = String(ROUND);
  return html`<svg viewBox="0 0 60 60" class="ring" aria-hidden="true">${svg`<circle class="track" cx="30" cy="30" r="26"></circle>
    <circle class="left-over" cx="30" cy="30" r="26" stroke-dasharray=${length} ${styled({ "stroke-dashoffset": String(ROUND * (1 - share)) })}></circle>
    <text x="30" y="35" text-anchor="middle">${letters}</text>`}</svg>`;
}

@customElement("desk-missed")
export class MissedBar extends Part {
  override render(): TemplateResult | typeof nothing {
    const { missed, model } = this.desk;
    if (!missed) return nothing;
    const count = missed.count > 1 ? `, ${missed.count} in all` : "";
    const away = missed.away || model.presence?.show !== "available";
    return html`<div class="missed" role="alert"><span>You missed an offer at ${timeAt(missed.at)}${count}.${away ? " You are set away." : ""}</span>
      ${away
        ? html`<button type="button" @click=${() => this.desk.declare("available")}>I'm back <kbd>Enter</kbd></button>`
        : html`<button type="button" @click=${this.dismiss}>All right</button>`}</div>`;
  }

  private dismiss(): void {
    this.desk.missed = null;
    this.desk.draw();
  }
}
