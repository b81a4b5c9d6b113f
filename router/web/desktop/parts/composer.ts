/**
 * Where an agent writes: replies and notes, with ready replies on `/`.
 *
 * Owns: the field, its draft, the list of ready replies. Does not know: the log.
 */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Draft, Kind } from "../drafts.js";
import { filled, type Canned } from "../replies.js";
import { language, nameOf, queueOf, wished } from "../words.js";
import type { OfferCard } from "./offer-card.js";
import { Part } from "./part.js";

const TYPING_EVERY_MS = 3_000;
const BODY_MAX = 8_000;
const CANNED_MAX = 6;

@customElement("desk-composer")
export class Composer extends Part {
  @state() private kind: Kind = "text";
  @state() private typed = "";
  @state() private picked = 0;
  private shown: string | null = null;
  private typedAt = 0;

  override render(): TemplateResult {
    const note = this.kind === "note";
    const ready = this.ready();
    return html`<form class="composer ${note ? "note" : ""}" @submit=${this.submitted}>
      <div class="tabs" role="group" aria-label="Write as">${this.tab("text", "Reply", "R")}${this.tab("note", "Note", "N")}
        <span class="gap"></span><span class="hint">${note ? "Only colleagues see a note" : html`<kbd>/</kbd> ready replies`}</span></div>
      ${ready.length ? this.list(ready) : nothing}
      <div class="row"><textarea rows="2" maxlength=${BODY_MAX} aria-label=${note ? "Note" : "Reply"} dir="auto"
        placeholder=${note ? "A note for colleagues, never shown to the customer" : "Reply: Enter sends, Shift+Enter breaks the line"}
        aria-controls=${ready.length ? "ready-replies" : nothing} aria-activedescendant=${ready.length ? `ready-${this.picked}` : nothing}
        .value=${this.typed} @input=${this.input} @keydown=${this.key}></textarea><button class="main">Send</button></div></form>`;
  }

  override firstUpdated(): void {
    const focus = (): void => void this.updateComplete.then(() => this.focusField());
    this.desk.addEventListener("chosen", focus);
    focus();
    this.desk.addEventListener("write", (event) => this.as((event as CustomEvent<Kind>).detail));
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (this.shown === this.desk.chosen) return;
    this.shown = this.desk.chosen;
    const draft = this.desk.drafts.of(this.shown ?? "");
    const mute = !!this.desk.conversation && this.desk.isGuest(this.desk.conversation) && this.desk.modes.get(this.shown ?? "") !== "barge";
    this.kind = draft.text || draft.note ? draft.kind : mute ? "note" : "text";
    this.typed = this.kind === "note" ? draft.note : draft.text;
  }

  private focusField(): void {
    if (!document.querySelector("dialog[open]")) this.find<HTMLTextAreaElement>("textarea")?.focus();
  }

  private tab(kind: Kind, label: string, key: string): TemplateResult {
    return html`<button type="button" aria-pressed=${String(kind === this.kind)} title=${`${label} (${key})`} @click=${() => this.as(kind)}>${label}</button>`;
  }

  private as(kind: Kind): void {
    const draft: Draft = this.desk.drafts.of(this.shown ?? "");
    this.kind = kind;
    this.typed = kind === "note" ? draft.note : draft.text;
    this.keep();
    void this.updateComplete.then(() => this.focusField());
  }

  // Ready replies

  private ready(): Canned[] {
    const found = /^\/(\S*)$/.exec(this.typed);
    if (!found || this.kind === "note") return [];
    return this.desk.replies.matching(found[1], wished(this.desk.conversation?.customer)).slice(0, CANNED_MAX);
  }

  private list(ready: Canned[]): TemplateResult {
    return html`<ul class="ready" role="listbox" id="ready-replies" aria-label="Ready replies">${ready.map((one, place) =>
      html`<li role="option" id=${`ready-${place}`} aria-selected=${String(place === this.picked)} @mousedown=${(event: Event) => this.pick(one, event)}
        ><b>/${one.key}</b><abbr title=${language(one.language)}>${one.language}</abbr><span dir="auto">${this.fill(one)}</span></li>`)}</ul>`;
  }

  private fill({ text }: Canned): string {
    const { conversation, model } = this.desk;
    return filled(text, { customer: nameOf(conversation?.customer), agent: model.you?.name ?? "", queue: conversation ? queueOf(conversation) : "" });
  }

  private pick(one: Canned, event?: Event): void {
    event?.preventDefault();
    this.typed = this.fill(one);
    this.picked = 0;
    this.keep();
  }

  // Writing

  private input(event: Event): void {
    this.typed = (event.target as HTMLTextAreaElement).value;
    this.picked = 0;
    this.keep();
    if (this.kind === "note" || this.typed.startsWith("/") || Date.now() - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this.typing(true);
  }

  private key(event: KeyboardEvent): void {
    const ready = this.ready();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (ready.length && step) this.picked = (this.picked + step + ready.length) % ready.length;
    else if (ready.length && ["Enter", "Tab"].includes(event.key) && !event.isComposing) this.pick(ready[this.picked]);
    else if (ready.length && event.key === "Escape") this.typed = "";
    else if (event.key === "Escape") (event.target as HTMLElement).blur();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.send();
    else return;
    event.preventDefault();
  }

  private submitted(event: Event): void {
    event.preventDefault();
    this.send();
  }

  private send(): void {
    const body = this.typed.trim();
    const { conversation } = this.desk;
    if (!body) document.querySelector<OfferCard>("desk-offer")?.acceptByEnter();
    if (!body || conversation?.status !== "active") return;
    const id = conversation.conversation;
    void this.desk.link.command("message.send", { conversation: id, body, ...(this.kind === "note" ? { kind: "note" } : {}) });
    if (this.kind === "text") this.typing(false);
    this.typed = "";
    this.keep();
    this.desk.draw();
  }

  private keep(): void {
    const changed = this.kind === "note" ? { note: this.typed } : { text: this.typed };
    if (this.shown) this.desk.drafts.change(this.shown, { ...changed, kind: this.kind });
  }

  private typing(on: boolean): void {
    if (!on) this.typedAt = 0;
    void this.desk.link.command("typing", { conversation: this.shown, on });
  }
}
