/**
 * The agent's ready replies: change, add, take away, take along as JSON.
 */
import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Panel } from "../desk.js";
import type { Canned } from "../replies.js";
import { Dialog } from "./dialog.js";
import { icon } from "./icons.js";

@customElement("desk-replies")
export class RepliesDialog extends Dialog {
  protected override readonly panels: readonly Panel[] = ["replies"];
  protected override readonly heading = "Ready replies";
  protected override readonly kind = "wide";
  @state() private rows: Canned[] = [];
  private news = 0;

  protected override opened(): void {
    this.news = this.desk.own.news;
    this.rows = this.desk.replies.own.map((one) => ({ ...one }));
  }

  protected override content(): TemplateResult {
    return html`<p class="hint">Type <kbd>/</kbd> and the name in the reply field. <code>{{first_name}}</code>, <code>{{customer}}</code>, <code>{{agent}}</code>
        and <code>{{queue}}</code> are filled in. They are kept for you on the server.</p>
      <div class="replies" role="group" aria-label="Replies" tabindex="0">${this.rows.map((one, place) => this.row(one, place))}</div>
      <div class="answers"><button type="button" class="main" @click=${this.save}>Save</button><button type="button" @click=${this.add}>Add one</button>
        <button type="button" @click=${this.close}>Cancel</button></div>`;
  }

  private row(one: Canned, place: number): TemplateResult {
    const change = (name: keyof Canned) => (event: Event) => {
      this.rows[place] = { ...this.rows[place], [name]: (event.target as HTMLInputElement).value };
    };
    return html`<div class="reply"><input aria-label="Name" .value=${one.key} maxlength="24" @input=${change("key")}>
      <input aria-label="Language" class="tag" .value=${one.language} maxlength="12" @input=${change("language")}>
      <textarea aria-label="Text" rows="2" dir="auto" maxlength="2000" .value=${one.text} @input=${change("text")}></textarea>
      <button type="button" class="tool" aria-label=${`Remove ${one.key}`} @click=${() => (this.rows = this.rows.filter((_, other) => other !== place))}>${icon("end")}</button></div>`;
  }

  private add(): void {
    this.rows = [...this.rows, { key: "", language: "en", text: "" }];
    void this.updateComplete.then(() => this.find<HTMLInputElement>(".reply:last-child input")?.focus());
  }

  private save(): void {
    this.close();
    void this.desk.own.change({ replies: this.rows }, this.news).then((kept) => kept && this.desk.tell("Ready replies saved."));
  }
}
