/**
 * The keys, as a list that `?` opens, and where each can be changed.
 *
 * Owns: catching the key that is wished. Does not know: what a key does (keys.ts), which are fixed
 * (deeds.ts), where wishes are kept (own.ts).
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { deedsOf, isKey, mayChange, type Deed } from "../deeds.js";
import type { Panel } from "../desk.js";
import { Dialog } from "./dialog.js";
import { icon } from "./icons.js";

const FIXED: [string, string][] = [
  ["Enter", "Send; accept the offer; come back after a missed one"], ["Shift Enter", "Break the line"],
  ["/", "Ready replies, in the reply field"], ["@", "Name a colleague, in a note"], ["Esc", "Leave the field, close a dialog"],
  ["Alt ↑ ↓", "Conversation before, next; in a field too"], ["Ctrl Enter", "Complete a wrap-up, send a transfer"],
];
const shown = (key = ""): string => (key.length === 1 ? key.toUpperCase() : key || "–");

@customElement("desk-keys")
export class Keys extends Dialog {
  protected override readonly panels: readonly Panel[] = ["keys"];
  protected override readonly heading = "Keys";
  protected override readonly kind = "wide";
  /** The name of the deed that waits for its key. */
  @state() private catching = "";
  @state() private changing = false;

  protected override opened(): void {
    this.catching = "";
    this.changing = false;
  }

  protected override content(): TemplateResult {
    const deeds = deedsOf(this.desk).filter((one) => (one.key && one.key !== "Enter") || (this.changing && mayChange(one)));
    const off = !this.desk.settings.liked.singleKeys;
    const wished = Object.keys(this.desk.settings.liked.keys).length > 0;
    return html`<div tabindex="0" role="group" aria-label="Keys" @keydown=${this.caught}><dl class="keys">${this.changing ? nothing : FIXED.map(([key, name]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${name}</dd></div>`)}
        ${deeds.map((one) => this.row(one))}</dl></div>
      <p class="hint">${off ? "Single letters are switched off in the settings." : "Single letters work while no field has the focus; the settings switch them off."}
        ${this.changing ? " Press a letter or a digit for a deed; Backspace takes its key away. They are kept for you on the server." : ""}</p>
      <div class="answers"><button type="button" @click=${() => (this.changing = !this.changing)}>${this.changing ? "Done" : "Change keys"}</button>
        ${wished ? html`<button type="button" @click=${() => this.wish({})}>As delivered</button>` : nothing}</div>`;
  }

  private row(one: Deed): TemplateResult {
    const { key, name } = one;
    if (!this.changing || !mayChange(one)) return html`<div><dt><kbd>${shown(key)}</kbd></dt><dd>${name}</dd></div>`;
    const catching = this.catching === name;
    return html`<div><dt><button type="button" class="key" aria-pressed=${String(catching)} aria-label=${`Key for ${name}: ${catching ? "press one" : key ? shown(key) : "none"}`}
      @click=${() => (this.catching = catching ? "" : name)}>${catching ? icon("note") : html`<kbd>${shown(key)}</kbd>`}</button></dt><dd>${name}${catching ? html` <em>press a key</em>` : nothing}</dd></div>`;
  }

  private caught(event: KeyboardEvent): void {
    const key = event.key === "Backspace" ? "" : event.key.toLowerCase();
    if (!this.catching || event.ctrlKey || event.metaKey || event.altKey || !isKey(key)) return;
    event.preventDefault();
    const others = Object.entries(this.desk.settings.liked.keys).filter(([name, other]) => name !== this.catching && other !== key);
    this.wish({ ...Object.fromEntries(others), [this.catching]: key });
    this.catching = "";
  }

  private wish(keys: Record<string, string>): void {
    void this.desk.own.change({ keys });
  }
}
