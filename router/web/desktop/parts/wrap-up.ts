/**
 * The work after a conversation: a code, a note, and the time for both.
 *
 * Owns: the drawer. Does not know: what becomes of the code.
 */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Told } from "../../client/protocol.js";
import { duration, spaced } from "../words.js";
import { Part } from "./part.js";

const FREE_CODES = ["solved", "answered", "follow_up_needed", "wrong_place", "no_answer"];
const MORE_MS = 30_000;
const SHORT_MS = 10_000;
const SEARCHED_FROM = 8;

@customElement("desk-wrap-up")
export class WrapUp extends Part {
  @state() private code = "";
  @state() private sought = "";
  /** The server has a code already, where it waits for the time all the same. */
  @state() private saved = false;
  private shown: string | null = null;

  override render(): TemplateResult {
    const { conversation } = this.desk;
    const left = (conversation?.wrapUpUntil ?? 0) - Date.now();
    const fixed = this.rules.mode === "fixed";
    return html`<form class="wrap-up" @submit=${this.complete} @keydown=${this.key} aria-label="Wrap-up">
      <div class="head"><b>Wrap-up</b>${this.rules.mode === "free" ? html`<span class="hint">as long as you need</span>`
          : html`<span class="timer ${left < SHORT_MS ? "short" : ""}" role="timer">${left > 0 ? duration(left) : "time is over"}</span>`}
        ${fixed ? html`<span class="hint">${this.saved ? "kept, may be changed until then" : "ends with its time"}</span>` : nothing}
        ${this.more(left)}<span class="gap"></span>
        ${this.codes.length > SEARCHED_FROM ? html`<input type="search" aria-label="Find a code" placeholder="Find a code" .value=${this.sought} @input=${this.seek}>` : nothing}</div>
      <div class="codes" role="radiogroup" aria-label="Code">${this.found.map((code) => this.choice(code))}</div>
      <div class="row"><textarea rows="2" aria-label="Note" placeholder="Note (optional), kept with the conversation" maxlength="4000" dir="auto"></textarea>
        <button class="main">${fixed ? "Save" : "Complete"} <kbd>Ctrl ⏎</kbd></button></div></form>`;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (this.shown === this.desk.chosen) return;
    this.shown = this.desk.chosen;
    this.code = this.rules.code || (this.rules.default ?? "");
    this.saved = !!this.rules.code;
    this.sought = "";
  }

  override firstUpdated(): void {
    this.find<HTMLElement>("[role=radiogroup] input")?.focus();
  }

  private get rules(): Partial<Told.WrapUp> {
    return this.desk.conversation?.wrap_up ?? {};
  }

  private get codes(): readonly string[] {
    return this.rules.codes?.length ? this.rules.codes : FREE_CODES;
  }

  private get found(): readonly string[] {
    const wanted = this.sought.toLowerCase();
    return this.codes.filter((code) => spaced(code).toLowerCase().includes(wanted) || code === this.code);
  }

  private choice(code: string): TemplateResult {
    const label = spaced(code[0].toUpperCase() + code.slice(1));
    return html`<label class="code"><input type="radio" name="code" value=${code} .checked=${code === this.code} @change=${() => (this.code = code)}><span>${label}</span></label>`;
  }

  private more(left: number): TemplateResult | typeof nothing {
    const most = this.rules.more_ms ?? 0;
    if (most <= 0 || left <= 0) return nothing;
    return html`<button type="button" class="small" @click=${this.extend}>+${Math.min(MORE_MS, most) / 1_000} s</button>`;
  }

  private extend(): void {
    void this.desk.ask("wrapup.extend", { conversation: this.shown, ms: MORE_MS }, { 106: "There is no more time for this wrap-up." });
  }

  private seek(event: Event): void {
    this.sought = (event.target as HTMLInputElement).value;
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.find<HTMLFormElement>("form")?.requestSubmit();
    else if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
    else return;
    event.stopPropagation();
  }

  private async complete(event: Event): Promise<void> {
    event.preventDefault();
    const note = this.find<HTMLTextAreaElement>("textarea")!.value.trim();
    const done = await this.desk.ask("wrapup.complete", {
      conversation: this.shown, ...(this.code && { code: this.code }), ...(note && { note }),
    });
    if (done && this.rules.mode === "fixed") {
      this.saved = true;
      this.find<HTMLTextAreaElement>("textarea")!.value = "";
      this.desk.tell("Kept. The wrap-up ends with its time.");
    } else if (done && this.shown) this.desk.choose(null);
  }
}
