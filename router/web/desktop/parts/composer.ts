/**
 * Where an agent writes: replies and notes, with a list of what fits what is typed.
 *
 * Owns: the field, its draft, the list. Does not know: the log, what is in the list (suggestions.ts).
 */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { quoting, split } from "../../client/quotes.js";
import { keyNow } from "../deeds.js";
import type { Draft, Kind } from "../drafts.js";
import { suggestionsFor, type Suggestion } from "../suggestions.js";
import type { OfferCard } from "./offer-card.js";
import { Part } from "./part.js";

const TYPING_EVERY_MS = 3_000;
const BODY_MAX = 8_000;

@customElement("desk-composer")
export class Composer extends Part {
  @state() private kind: Kind = "text";
  @state() private typed = "";
  @state() private picked = 0;
  @state() private caret = 0;
  /** For this text the list was sent away. */
  private hushed: string | null = null;
  private shown: string | null = null;
  private typedAt = 0;

  override render(): TemplateResult {
    const note = this.kind === "note";
    const found = this.suggested();
    return html`<form class="composer ${note ? "note" : ""}" @submit=${this.submitted}>
      <div class="tabs" role="group" aria-label="Write as">${this.tab("text", "Reply", "r")}${this.tab("note", "Note", "n")}
        <span class="gap"></span><span class="hint">${note ? html`Only colleagues see a note; <kbd>@</kbd> names one` : html`<kbd>/</kbd> ready replies`}</span></div>
      ${found.length ? this.list(found) : nothing}
      <div class="row"><textarea rows="2" maxlength=${BODY_MAX} aria-label=${note ? "Note" : "Reply"} dir="auto"
        placeholder=${note ? "A note for colleagues, never shown to the customer" : "Reply: Enter sends, Shift+Enter breaks the line"}
        aria-controls=${found.length ? "suggestions" : nothing} aria-activedescendant=${found.length ? `suggestion-${this.picked}` : nothing}
        .value=${this.typed} @input=${this.input} @keydown=${this.key} @keyup=${this.moved} @click=${this.moved}></textarea><button class="main">Send</button></div></form>`;
  }

  override firstUpdated(): void {
    const focus = (): void => void this.updateComplete.then(() => this.focusField());
    this.desk.addEventListener("chosen", focus);
    focus();
    this.desk.addEventListener("write", (event) => this.as((event as CustomEvent<Kind>).detail));
    this.desk.addEventListener("quote", (event) => this.answer((event as CustomEvent<string>).detail));
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
    return html`<button type="button" aria-pressed=${String(kind === this.kind)} title=${`${label} (${keyNow(this.desk, key).toUpperCase()})`} @click=${() => this.as(kind)}>${label}</button>`;
  }

  private as(kind: Kind): void {
    const draft: Draft = this.desk.drafts.of(this.shown ?? "");
    this.kind = kind;
    this.typed = kind === "note" ? draft.note : draft.text;
    this.keep();
    void this.updateComplete.then(() => this.focusField());
  }

  // Suggestions

  private suggested(): Suggestion[] {
    return this.hushed === this.typed ? [] : suggestionsFor(this.desk, this.kind, this.typed, this.caret);
  }

  private list(found: Suggestion[]): TemplateResult {
    const label = this.kind === "note" ? "Colleagues" : "Ready replies";
    return html`<ul class="ready" role="listbox" id="suggestions" aria-label=${label}>${found.map((one, place) =>
      html`<li role="option" id=${`suggestion-${place}`} aria-selected=${String(place === this.picked)} @mousedown=${(event: Event) => this.take(one, event)}
        ><b dir="auto">${one.head}</b>${one.mark ? html`<abbr title=${one.mark.long}>${one.mark.short}</abbr>` : nothing}<span dir="auto">${one.text}</span></li>`)}</ul>`;
  }

  private take({ taken, caret }: Suggestion, event?: Event): void {
    event?.preventDefault();
    this.typed = taken;
    this.picked = 0;
    this.keep();
    this.place(caret);
  }

  private place(caret: number): void {
    this.caret = caret;
    void this.updateComplete.then(() => {
      this.focusField();
      this.find<HTMLTextAreaElement>("textarea")?.setSelectionRange(caret, caret);
    });
  }

  /** Begins an answer that quotes what somebody said, above what is written already. */
  private answer(text: string): void {
    if (this.kind === "note") this.as("text");
    const start = quoting(text);
    this.typed = start + split(this.typed).rest;
    this.keep();
    this.place(this.typed.length);
  }

  // Writing

  private moved(event: Event): void {
    this.caret = (event.target as HTMLTextAreaElement).selectionStart;
  }

  private input(event: Event): void {
    this.typed = (event.target as HTMLTextAreaElement).value;
    this.moved(event);
    this.picked = 0;
    this.keep();
    if (this.kind === "note" || this.typed.startsWith("/") || Date.now() - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this.typing(true);
  }

  private key(event: KeyboardEvent): void {
    const found = this.suggested();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (found.length && step) this.picked = (this.picked + step + found.length) % found.length;
    else if (found.length && ["Enter", "Tab"].includes(event.key) && !event.isComposing) this.take(found[this.picked]);
    else if (found.length && event.key === "Escape") this.hush();
    else if (event.key === "Escape") (event.target as HTMLElement).blur();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.send();
    else return;
    event.preventDefault();
  }

  /** The list goes; a lone "/" with it, for it was meant for the list. */
  private hush(): void {
    if (this.kind === "text") this.typed = "";
    this.hushed = this.typed;
    this.requestUpdate();
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
    if (this.kind === "note") void this.desk.mentions.send(conversation, body);
    else {
      void this.desk.link.command("message.send", { conversation: id, body });
      this.typing(false);
    }
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
