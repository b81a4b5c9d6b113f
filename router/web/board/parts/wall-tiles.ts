/**
 * The six tiles: five figures, and the agents as one bar.
 *
 * Owns: how a tile looks. Does not know: how its figure came about (tiles.ts).
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { icon } from "../../desktop/parts/icons.js";
import { styled } from "../../desktop/parts/styled.js";
import { tilesOf, type Tile } from "../tiles.js";
import { STATES } from "../words.js";
import { levelMark } from "./level.js";
import { Part } from "./part.js";
import { shape } from "./shapes.js";

@customElement("wall-tiles")
export class WallTiles extends Part {
  override render(): TemplateResult {
    const [level, waiting, longest, abandoned, occupancy] = tilesOf(this.wall);
    return html`<div class="figures">${[level, waiting, longest].map((one) => this.tile(one))}${this.agents()}${[abandoned, occupancy].map((one) => this.tile(one))}</div>`;
  }

  private tile(tile: Tile): TemplateResult {
    const { key, label, value, target, level, trend, more, opens } = tile;
    return html`<button type="button" class="figure" data-level=${level} data-key=${key} @click=${() => this.wall.open(opens)}>
      <span class="label">${label}${levelMark(level)}</span>
      <strong>${value.endsWith(" %") ? html`${value.slice(0, -2)}<small> %</small>` : value}</strong>
      <span class="target">${target}</span>
      <span class="beside">${more}${trend ? html`<span class="trend ${trend.good ? "good" : "poor"}" title="Change within a quarter of an hour">${icon(trend.way)}<span class="spoken">${trend.way === "flat" ? "steady" : trend.way}</span>${trend.words}</span>` : nothing}</span>
    </button>`;
  }

  private agents(): TemplateResult {
    const { house } = this.wall;
    const counts = Object.keys(STATES).map((state) => [state, house?.agents[state] ?? 0] as const);
    const there = counts.filter(([, count]) => count > 0);
    const total = there.reduce((sum, [, count]) => sum + count, 0);
    const none = total > 0 && !(house?.agents.free || house?.agents.serving || house?.agents.offered);
    return html`<button type="button" class="figure crew" data-level=${total && !none ? "good" : "bad"} data-key="agents" @click=${() => this.wall.open({ sort: "agents", heading: "Agents" })}>
      <span class="label">Agents<b>${total}</b>${total ? nothing : levelMark("bad")}</span>
      <span class="bar" aria-hidden="true">${there.map(([state, count]) => html`<i data-state=${state} ${styled({ "flex-grow": String(count) })}></i>`)}</span>
      <span class="words">${there.map(([state, count]) => html`<span data-state=${state}>${shape(state)}<b>${count}</b> ${STATES[state]}</span>`)}${total ? nothing : "nobody is here"}</span>
    </button>`;
  }
}
