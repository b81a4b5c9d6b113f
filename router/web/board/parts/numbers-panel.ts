/**
 * How the house was served: the last 30 minutes beside today, for each queue, with the formula.
 */
import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Told } from "../../client/protocol.js";
import { formulaWords, percent, queueName, span } from "../words.js";
import { Part } from "./part.js";

@customElement("wall-numbers")
export class NumbersPanel extends Part {
  override render(): TemplateResult {
    const { house, queues } = this.wall;
    if (!house) return html`<p class="empty">No figures yet.</p>`;
    const zone = house.zone === "UTC" ? {} : { timeZone: house.zone };
    const since = new Date(house.today_since_at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", ...zone });
    const error = house.estimate_error_ms;
    return html`<p class="hint">Service level = ${formulaWords(house, queues.map(({ service }) => service?.within_ms ?? 0))}. Today counts since ${since} (${house.zone}).</p>
      <div class="scores" tabindex="0" role="group" aria-label="Figures"><table><thead><tr><th scope="col">Queue</th><th scope="col">Over</th><th scope="col">Level</th><th scope="col">Answered</th><th scope="col">Left</th><th scope="col">Answer after</th></tr></thead>
        <tbody>${this.rows(this.wall.isPartial ? "Together" : "All", this.wall.served("recent"), this.wall.served("today"))}${queues.map((one) => (one.service ? this.rows(queueName(one), one.service.recent, one.service.today) : ""))}</tbody></table></div>
      <dl class="facts"><dt>Occupancy</dt><dd>${percent(house.occupancy)}</dd><dt>Places</dt><dd>${house.capacity_used} used, ${house.capacity_free} free</dd>
        <dt>Estimates of waits</dt><dd>${error === null || error === undefined ? "none measured yet" : `off by ${span(error)} on average`}</dd></dl>`;
  }

  private rows(name: string, recent: Told.Served, today: Told.Served): TemplateResult {
    return html`<tr><th scope="row" rowspan="2">${name}</th><td>30 min</td>${this.cells(recent)}</tr><tr><td>today</td>${this.cells(today)}</tr>`;
  }

  private cells({ service_level, accepted, abandoned, abandonment, speed_of_answer_ms }: Told.Served): TemplateResult {
    const answer = speed_of_answer_ms === null || speed_of_answer_ms === undefined ? "–" : span(speed_of_answer_ms);
    return html`<td><b>${percent(service_level)}</b></td><td>${accepted ?? 0}</td><td>${abandoned ?? 0} (${percent(abandonment)})</td><td>${answer}</td>`;
  }
}
