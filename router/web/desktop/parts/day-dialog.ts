/**
 * What this agent did today, as far as this browser counted it.
 */
import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Panel } from "../desk.js";
import { timeAt } from "../words.js";
import { Dialog } from "./dialog.js";

@customElement("desk-day")
export class DayDialog extends Dialog {
  protected override readonly panels: readonly Panel[] = ["day"];
  protected override readonly heading = "My day";

  protected override content(): TemplateResult {
    const { counts, acceptRate, occupancy } = this.desk.day;
    const tiles: [string, string, string][] = [
      ["Handled", String(counts.handled), "conversations that ended with you"],
      ["Accepted", acceptRate === null ? "–" : `${acceptRate} %`, `${counts.accepted} of ${counts.accepted + counts.declined + counts.missed} offers`],
      ["Missed", String(counts.missed), `${counts.declined} declined`],
      ["Occupancy", occupancy === null ? "–" : `${occupancy} %`, "of your time on duty with a conversation open"],
    ];
    return html`<div class="tiles">${tiles.map(([name, figure, meaning]) => html`<section class="tile"><h3>${name}</h3><strong>${figure}</strong><small>${meaning}</small></section>`)}</div>
      <p class="hint">Counted by this browser since ${timeAt(counts.since)}; what happened before or elsewhere is not in it. There is no figure for the team here.</p>
      <button type="button" @click=${() => this.desk.open("explain", { agent: this.desk.model.you?.id })}>Why do I get no offers?</button>`;
  }
}
