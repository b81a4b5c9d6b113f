/**
 * Putting a conversation aside: the dialog that asks until when, and the list of what is aside.
 *
 * Owns: the choice of times. Does not know: how the server brings a conversation back.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Conversation } from "../../client/conversations.js";
import type { Panel } from "../desk.js";
import { nameOf, timeAt, dayOf } from "../words.js";
import { Dialog } from "./dialog.js";
import { icon } from "./icons.js";
import { Part } from "./part.js";

const MINUTE_MS = 60_000;
const MORNING_HOUR = 9;

/** For how long, in ms from now; null: until the customer writes. */
export function choices(now: number): [string, number | null][] {
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(MORNING_HOUR, 0, 0, 0);
  return [
    ["Until the customer writes", null], ["15 minutes", 15 * MINUTE_MS], ["1 hour", 60 * MINUTE_MS],
    ["3 hours", 180 * MINUTE_MS], [`Tomorrow, ${timeAt(morning.getTime())}`, morning.getTime() - now],
  ];
}

@customElement("desk-snooze")
export class SnoozeDialog extends Dialog {
  protected override readonly panels: readonly Panel[] = ["snooze"];
  protected override readonly heading = "Put aside";
  protected override readonly kind = "snooze";
  @state() private chosen = 0;
  private at = 0;

  protected override opened(): void {
    this.chosen = 0;
    this.at = Date.now();
  }

  protected override content(): TemplateResult {
    return html`<form @submit=${this.submitted} @keydown=${this.key}>
      <p class="hint">Your place is free at once. The conversation comes back to you first, if you are free then; a word of the customer brings it back sooner.</p>
      <div class="until" role="radiogroup" aria-label="Until when">${choices(this.at).map(([name], place) => html`<label><input type="radio" name="until" ?autofocus=${place === 0}
        .checked=${place === this.chosen} @change=${() => (this.chosen = place)}> ${name}</label>`)}</div>
      <label for="snooze-note">Note for whoever has it next</label>
      <textarea id="snooze-note" rows="2" dir="auto" placeholder="What it waits for" maxlength="4000"></textarea>
      <div class="answers"><button class="main">Put aside <kbd>Ctrl ⏎</kbd></button><button type="button" @click=${this.close}>Cancel</button></div></form>`;
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.find<HTMLFormElement>("form")!.requestSubmit();
  }

  private submitted(event: Event): void {
    event.preventDefault();
    const { conversation } = this.desk.about;
    const [, for_ms] = choices(this.at)[this.chosen];
    const note = this.find<HTMLTextAreaElement>("textarea")!.value.trim();
    this.close();
    void this.desk.snooze(conversation!, { ...(for_ms && { for_ms }), ...(note && { note }) });
  }
}

@customElement("desk-snoozed")
export class Snoozed extends Part {
  override render(): TemplateResult | typeof nothing {
    const { snoozed } = this.desk;
    if (snoozed.length === 0) return nothing;
    return html`<details class="team snoozed" open><summary>Put aside (${snoozed.length})</summary>
      <ul aria-label="Put aside">${snoozed.map((one) => html`<li><span class="moment">${icon("clock")}</span><span dir="auto">${nameOf(one.customer)}</span>
        <small>${this.until(one)}</small><button type="button" class="small" aria-label=${`Take back ${nameOf(one.customer)}`} @click=${() => void this.desk.resume(one.conversation)}>Take back</button></li>`)}</ul></details>`;
  }

  private until({ snoozed_until_at: at }: Conversation): string {
    const now = this.desk.model.now();
    if (!at || at - now > 6 * 24 * 60 * MINUTE_MS) return "";
    const day = dayOf(at, now);
    return day === "Today" ? timeAt(at) : `${new Date(at).toLocaleDateString(undefined, { weekday: "short" })} ${timeAt(at)}`;
  }
}
