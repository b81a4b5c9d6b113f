/**
 * Agents by what they do where there are too many for one shape each: a row of shapes for each state.
 *
 * Owns: the rows. Does not know: who the agents are (agents-panel.ts asks), how many a shape stands
 * for (units.ts).
 */
import { html, nothing, type TemplateResult } from "lit";
import { percent, STATES } from "../words.js";
import type { Wall } from "../wall.js";
import { unitOf } from "../units.js";
import { shape } from "./shapes.js";

export function crowd(wall: Wall): TemplateResult {
  const counts = Object.keys(STATES).filter((state) => wall.views.shows(state)).map((state) => [state, wall.house?.agents[state] ?? 0] as const);
  const there = counts.filter(([, count]) => count > 0);
  const unit = unitOf(there.map(([, count]) => count));
  const all = wall.counted;
  return html`<ul class="crowd" tabindex="0" aria-label="Agents by what they do">${there.map(([state, count]) => html`<li><button type="button" data-state=${state}
      @click=${() => wall.open({ sort: "agents", heading: `Agents: ${STATES[state]}`, state })}>${shape(state)}<span class="name">${STATES[state]}</span><b>${count}</b><small>${percent(count / all)}</small>
      <span class="cells" aria-hidden="true">${Array.from({ length: Math.ceil(count / unit) }, () => shape(state))}</span></button></li>`)}</ul>
    ${there.length ? nothing : html`<p class="empty">Nobody is doing what this view shows.</p>`}
    <p class="formula">${unit === 1 ? "One shape for each agent" : `One shape for up to ${unit} agents`}; a row lists who they are.</p>`;
}
