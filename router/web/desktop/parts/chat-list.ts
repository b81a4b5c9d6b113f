/**
 * The agent's conversations, the one that waits longest for an answer first.
 *
 * Owns: the rows, of which only those in sight are there. Does not know: the order, the transcript.
 * Invariants: hundreds of conversations cost what a screenful does.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { initials } from "../../client/dom.js";
import { unreadOf, waitingSince, type Conversation } from "../../client/conversations.js";
import { split } from "../../client/quotes.js";
import { isLate } from "../order.js";
import { duration, language, nameOf, plural, queueOf, wished } from "../words.js";
import { icon } from "./icons.js";
import { Part } from "./part.js";
import { styled } from "./styled.js";

const ROW_PX = 62;
const BEYOND = 4;

@customElement("desk-list")
export class ChatList extends Part {
  @state() private first = 0;
  @state() private count = 20;

  override render(): TemplateResult {
    const all = this.desk.conversations;
    const last = Math.min(all.length, this.first + this.count);
    const seen = all.slice(this.first, last).map((one, place) => ({ one, place: place + this.first }));
    return html`<section class="list"><h2>${all.length ? `Mine (${all.length})` : "Mine"}</h2>
      <div class="rows" @scroll=${this.scrolled}>
        <ul ${styled({ "block-size": `${all.length * ROW_PX}px` })}>
          ${repeat(seen, ({ one }) => one.conversation, ({ one, place }) => this.row(one, place, all.length))}
        </ul>
        ${all.length === 0 && !this.desk.offer ? html`<p class="empty">${this.idle}</p>` : nothing}
      </div></section>`;
  }

  override firstUpdated(): void {
    new ResizeObserver(() => this.scrolled()).observe(this.find(".rows")!);
    this.desk.addEventListener("chosen", () => this.reveal());
  }

  private get idle(): string {
    const available = this.desk.model.presence?.show === "available";
    return available ? "You are available. The next offer comes by itself." : "Set yourself available to get offers.";
  }

  private row(one: Conversation, place: number, size: number): TemplateResult {
    const { model, chosen, drafts } = this.desk;
    const since = waitingSince(one, model.you);
    const waited = since ? model.now() - since : 0;
    const unread = unreadOf(one, model.you);
    const named = this.desk.mentions.unseen(one);
    const left = this.desk.answerLeft(one);
    const late = left !== null || since > 0 && one.status === "active" && isLate(one, waited);
    const guest = this.desk.isGuest(one);
    const tongue = wished(one.customer)[0];
    return html`<li aria-setsize=${size} aria-posinset=${place + 1} ${styled({ "inset-block-start": `${place * ROW_PX}px` })}>
      <button type="button" aria-current=${String(one.conversation === chosen)} class=${unread || named ? "fresh" : ""} @click=${() => this.choose(one)}>
        <span class="face" aria-hidden="true">${initials(nameOf(one.customer))}</span>
        <span class="text"><span class="line"><b dir="auto">${nameOf(one.customer)}</b>${tongue ? html`<abbr title=${language(tongue)}>${tongue.slice(0, 2)}</abbr>` : nothing}
          ${one.quiet ? html`<em title="Nobody has written for a while: it takes less than a whole place">quiet</em>` : nothing}${guest ? html`<em>with ${one.agent?.name || "a colleague"}</em>` : nothing}</span>
          <span class="last" dir="auto">${drafts.has(one.conversation) && one.conversation !== chosen ? html`<i>Draft: </i>` : nothing}${lastLine(one)}</span></span>
        <span class="marks"><span class="wait ${late ? "late" : ""}">${late ? icon("clock") : nothing}${left === null ? waitWords(one, since, waited) : html`<span class="spoken">answer within </span>−${duration(left)}`}</span>
          ${named ? html`<span class="unread named" role="img" aria-label=${`${plural(named, "note")} for you`}>@</span>` : nothing}${unread ? html`<span class="unread" role="img" aria-label=${`${unread} unread`}>${unread}</span>` : nothing}</span>
      </button></li>`;
  }

  private choose({ conversation }: Conversation): void {
    this.desk.choose(conversation);
  }

  private scrolled(): void {
    const rows = this.find(".rows");
    if (!rows) return;
    this.first = Math.max(0, Math.floor(rows.scrollTop / ROW_PX) - BEYOND);
    this.count = Math.ceil(rows.clientHeight / ROW_PX) + 2 * BEYOND;
  }

  /** Brings the chosen row into sight. */
  private reveal(): void {
    const rows = this.find(".rows");
    const place = this.desk.conversations.findIndex(({ conversation }) => conversation === this.desk.chosen);
    if (!rows || place < 0) return;
    const top = place * ROW_PX;
    if (top < rows.scrollTop) rows.scrollTop = top;
    else if (top + ROW_PX > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + ROW_PX - rows.clientHeight;
  }
}

function waitWords(one: Conversation, since: number, waited: number): string {
  if (one.status === "wrap_up") return duration((one.wrapUpUntil ?? 0) - Date.now());
  return since ? duration(waited) : "";
}

function lastLine(one: Conversation): string {
  if (one.status === "wrap_up") return "Wrap-up";
  if (one.typingUntil > Date.now()) return "is writing …";
  for (let place = one.messages.length - 1; place >= 0; place -= 1) {
    if (one.messages[place].kind !== "note") return split(one.messages[place].body).rest;
  }
  return queueOf(one);
}
