/**
 * The queues, one row each, with the last hour as a line.
 *
 * Owns: the table. Does not know: thresholds (limits.ts).
 */
import { html, nothing, svg, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Told } from "../../client/protocol.js";
import { icon } from "../../desktop/parts/icons.js";
import { FAR } from "../alerts.js";
import { ceilingLevel, floorLevel, type Level } from "../limits.js";
import { MINUTES } from "../past.js";
import { formulaWords, percent, queueName, span, waitWords } from "../words.js";
import { levelMark } from "./level.js";
import { Part } from "./part.js";

const HEIGHT = 30;
/** So few stand larger. */
const FEW = 5;

@customElement("wall-queues")
export class WallQueues extends Part {
  override render(): TemplateResult {
    const { queues, house } = this.wall;
    const formula = house ? formulaWords(house, queues.map(({ service }) => service?.within_ms ?? 0)) : "";
    return html`<section class="lines" aria-label="Queues"><div class="scroll" tabindex="0" role="group" aria-label="Queues"><table class=${queues.length <= FEW ? "roomy" : ""}>
      <thead><tr><th scope="col">Queue</th><th scope="col" class="spark">Last hour</th><th scope="col">Level</th><th scope="col">Waiting</th><th scope="col">Longest</th><th scope="col">Wait shown</th><th scope="col">Able</th></tr></thead>
      <tbody>${repeat(queues, ({ queue }) => queue, (one) => this.row(one))}</tbody></table></div>
      <p class="formula">${formula ? `Level = ${formula}, 30 min` : ""}</p></section>`;
  }

  private row(one: Told.QueueFigures): TemplateResult {
    const { service, waiting, offered, closed } = one;
    const oldest = this.wall.oldest(one);
    const within = service?.within_ms ?? 0;
    const level = service ? floorLevel(service.recent.service_level, service.target) : "none";
    const late = oldest ? ceilingLevel(oldest, within, FAR) : "none";
    const able = service?.able ?? 0;
    const opens = (): void => this.wall.open({ sort: "conversations", heading: queueName(one), status: "waiting", queue: one.queue });
    return html`<tr class=${closed ? "closed" : ""}><th scope="row"><button type="button" class="plain" @click=${opens}>${queueName(one)}</button>${closed ? html` <em>closed</em>` : nothing}</th>
      <td class="spark">${this.spark(one.queue)}</td>
      ${this.cell(level, service ? html`${percent(service.recent.service_level)} <small>/ ${Math.round(service.target * 100)}</small>` : "–")}
      <td>${waiting}${offered ? html` <small title="Being offered right now">+${offered}</small>` : nothing}</td>${this.cell(late, oldest ? span(oldest) : "–")}
      <td>${closed ? "–" : waitWords(service?.wait_ms)}</td>
      <td class=${able || closed ? "" : "nobody"}>${able ? able : closed ? "–" : html`${icon("bad")}<b>0</b>`}</td></tr>`;
  }

  private cell(level: Level, content: unknown): TemplateResult {
    return html`<td data-level=${level}>${level === "warn" || level === "bad" ? levelMark(level) : nothing}${content}</td>`;
  }

  private spark(queue: string): TemplateResult {
    const values = this.wall.past.of(`queue ${queue}`, this.wall.model.now());
    const most = Math.max(1, ...values.map((value) => value ?? 0));
    const points = values.flatMap((value, place) =>
      value === undefined ? [] : [`${((place / (MINUTES - 1)) * 120).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`]);
    const seen = values.filter((value) => value !== undefined);
    return html`<svg class="sparkline" viewBox="0 0 120 ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${`Waiting within the last hour: most ${seen.length ? Math.max(...seen) : 0}`}>
      ${svg`<path d="M0 ${HEIGHT - 2}H120"></path>`}${points.length > 1 ? svg`<polyline points=${points.join(" ")}></polyline>` : nothing}</svg>`;
  }
}
