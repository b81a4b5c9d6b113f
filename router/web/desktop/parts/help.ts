/**
 * The keys, as a list that `?` opens.
 */
import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { deedsOf } from "../deeds.js";
import type { Panel } from "../desk.js";
import { Dialog } from "./dialog.js";

const FIXED: [string, string][] = [
  ["Enter", "Send; accept the offer; come back after a missed one"], ["Shift Enter", "Break the line"],
  ["/", "Ready replies, in the reply field"], ["Esc", "Leave the field, close a dialog"], ["Alt ↑ ↓", "Conversation before, next; in a field too"],
  ["Ctrl Enter", "Complete a wrap-up, send a transfer"],
];

@customElement("desk-keys")
export class Keys extends Dialog {
  protected override readonly panels: readonly Panel[] = ["keys"];
  protected override readonly heading = "Keys";
  protected override readonly kind = "wide";

  protected override content(): TemplateResult {
    const single = deedsOf(this.desk).filter(({ key }) => key && key !== "Enter");
    const rows: [string, string][] = [...FIXED, ...single.map(({ key = "", name }): [string, string] => [key.length === 1 ? key.toUpperCase() : key, name])];
    const off = !this.desk.settings.liked.singleKeys;
    return html`<div tabindex="0" role="group" aria-label="Keys"><dl class="keys">${rows.map(([key, name]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${name}</dd></div>`)}</dl></div>
      <p class="hint">${off ? "Single letters are switched off in the settings." : "Single letters work while no field has the focus; the settings switch them off."}</p>`;
  }
}
