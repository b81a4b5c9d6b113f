/**
 * Every agent as a shape with a name and a time, who has done what they do for longest first.
 *
 * Owns: the mosaic. Does not know: what can be done with an agent (agent-panel.ts).
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Told } from "../../client/protocol.js";
import { LONGER, span, STATES } from "../words.js";
import { Part } from "./part.js";
import { shape } from "./shapes.js";

/** With more than these there is one line for each. */
const ROOMY = 24;
/** So few stand larger. */
const FEW = 10;

@customElement("wall-mosaic")
export class WallMosaic extends Part {
  override render(): TemplateResult {
    const { people, house } = this.wall;
    const counted = Object.values(house?.agents ?? {}).reduce((sum, one) => sum + one, 0);
    const crowded = people.length === 0 && counted > 0;
    return html`<section class="people" aria-label="Agents"><h2>Agents<small>, longest in their state first</small></h2>
      ${crowded ? html`<p class="empty">${counted} agents: too many to show one by one.</p>` : nothing}
      ${people.length + counted === 0 ? html`<p class="empty">Nobody is signed in.</p>` : nothing}
      <ul class=${people.length > ROOMY ? "dense" : people.length <= FEW ? "roomy" : ""} tabindex="0" aria-label="Agents by time in their state">${repeat(people, ({ id }) => id, (one) => this.cell(one))}</ul></section>`;
  }

  private cell(one: Told.PresenceEntry): TemplateResult {
    const { id, name, state = "away", reason } = one;
    const age = this.wall.now - this.wall.since(one);
    const word = state === "away" && reason === "missed" ? "missed" : STATES[state] || state;
    return html`<li><button type="button" data-state=${state} title=${LONGER[state] ?? state} @click=${() => this.wall.open({ sort: "agent", agent: id })}>${shape(state, age)}
      <span class="name">${name || id}</span><span class="doing">${word}</span><time>${span(age)}</time></button></li>`;
  }
}
