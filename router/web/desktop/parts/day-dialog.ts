/**
 * What this agent did: today as far as this browser counted it, and lately as the server did.
 *
 * Owns: one look at the server's figures each time it opens. Does not know: how either is counted.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { ask } from "../../staff/http.js";
import type { Panel } from "../desk.js";
import { plural, timeAt } from "../words.js";
import { Dialog } from "./dialog.js";
import { styled } from "./styled.js";

/** As `GET /v1/me/share` has it; too few equals are not told of. */
interface Share {
  mine: { occupancy?: number | null; offers?: Record<string, number>; services?: number };
  equals: { agents: number; even: number | null; least: number; most: number } | null;
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;

@customElement("desk-day")
export class DayDialog extends Dialog {
  protected override readonly panels: readonly Panel[] = ["day"];
  protected override readonly heading = "My day";
  @state() private share: Share | null = null;

  protected override opened(): void {
    this.share = null;
    const { signedIn } = this.desk;
    if (signedIn && this.desk.link.status.phase === "online") {
      void ask<Share>(signedIn.token, "/v1/me/share").then((share) => (this.share = share), () => {});
    }
  }

  protected override content(): TemplateResult {
    const { counts, acceptRate, occupancy } = this.desk.day;
    const tiles: [string, string, string][] = [
      ["Handled", String(counts.handled), "conversations that ended with you"],
      ["Accepted", acceptRate === null ? "–" : `${acceptRate} %`, `${counts.accepted} of ${counts.accepted + counts.declined + counts.missed} offers`],
      ["Missed", String(counts.missed), `${counts.declined} declined`],
      ["Occupancy", occupancy === null ? "–" : `${occupancy} %`, "of your time on duty with a conversation open"],
    ];
    return html`<div class="tiles">${tiles.map(([name, figure, meaning]) => html`<section class="tile"><h3>${name}</h3><strong>${figure}</strong><small>${meaning}</small></section>`)}</div>
      <p class="hint">Counted by this browser since ${timeAt(counts.since)}.</p>${this.beside()}
      <button type="button" @click=${() => this.desk.open("explain", { agent: this.desk.model.you?.id })}>Why do I get no offers?</button>`;
  }

  /** The figure by which supervisors see whether work is shared evenly. */
  private beside(): TemplateResult | typeof nothing {
    const { mine, equals } = this.share ?? {};
    if (!mine || mine.occupancy === null || mine.occupancy === undefined) return nothing;
    const place = (part: number): string => `${Math.round(part * 100)}%`;
    return html`<section class="beside"><h3>The last 30 minutes</h3>
      <p>You were busy ${percent(mine.occupancy)} of the time${equals ? `; your ${plural(equals.agents, "equal")}, you among them, from ${percent(equals.least)} to ${percent(equals.most)}` : ""}.
        ${equals?.even ? `Evenness ${equals.even.toFixed(2)}, 1 is even; supervisors see the same.` : ""}</p>
      ${equals ? html`<span class="range" aria-hidden="true"><i ${styled({ "inset-inline-start": place(equals.least), "inset-inline-end": place(1 - equals.most) })}></i><b ${styled({ "inset-inline-start": place(mine.occupancy) })}></b></span>` : nothing}</section>`;
  }
}
