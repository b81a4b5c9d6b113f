/**
 * The thresholds that are the supervisor's own; a queue's target is the policy's.
 */
import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { DEFAULTS, limits, type Limits } from "../limits.js";
import { percent, queueName, span } from "../words.js";
import { Part } from "./part.js";

const FIELDS: [keyof Limits, string, number][] = [
  ["abandonment", "Abandoned, at most (%)", 100], ["occupancy", "Occupancy, at most (%)", 100],
  ["slack", "Service level, points below target that are a warning", 100], ["waiting", "Waiting for each agent at work, at most", 1],
];

@customElement("wall-limits")
export class LimitsPanel extends Part {
  override render(): TemplateResult {
    const now = limits();
    return html`<form class="card">${FIELDS.map(([name, words, unit]) => html`<label class="field">${words}<input type="number" min="0" step="any" .value=${String(Math.round(now[name] * unit * 100) / 100)}
        @change=${(event: Event) => this.set(name, Number((event.target as HTMLInputElement).value) / unit)}></label>`)}
        <button type="button" @click=${() => this.reset()}>As delivered</button></form>
      <h3>Targets of the queues</h3><ul class="rows">${this.wall.queues.map((one) => html`<li class="row"><b>${queueName(one)}</b><span>${one.service ? `${percent(one.service.target)} within ${span(one.service.within_ms)}` : "–"}</span></li>`)}</ul>
      <p class="hint">Kept by the server for you, on every screen where you sign in. The targets of the queues stand in the policy.</p>`;
  }

  private set(name: keyof Limits, value: number): void {
    if (Number.isFinite(value)) void this.wall.views.limit({ [name]: value });
  }

  private reset(): void {
    void this.wall.views.limit(DEFAULTS);
  }
}
