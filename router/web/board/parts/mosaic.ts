/**
 * Every agent as a shape with a name and a time, in the order of the view.
 *
 * Owns: the mosaic. Does not know: what can be done with an agent (agent-panel.ts).
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Told } from "../../client/protocol.js";
import { LONGER, span, STATES } from "../words.js";
import { ORDERS, type Order } from "../views.js";
import { crowd } from "./crowd.js";
import { Part } from "./part.js";
import { shape } from "./shapes.js";

/** With more than these there is one line for each. */
const ROOMY = 24;
/** So few stand larger. */
const FEW = 10;

/** As the view wants them; those who are equal stay by time. */
function ordered(people: Told.PresenceEntry[], order: Order): Told.PresenceEntry[] {
  const states = Object.keys(STATES);
  const by: Record<Order, (a: Told.PresenceEntry, b: Told.PresenceEntry) => number> = {
    time: () => 0,
    state: (a, b) => states.indexOf(a.state ?? "") - states.indexOf(b.state ?? ""),
    name: (a, b) => (a.name || a.id).localeCompare(b.name || b.id),
    load: (a, b) => (b.load ?? 0) - (a.load ?? 0),
  };
  return people.sort(by[order]);
}

@customElement("wall-mosaic")
export class WallMosaic extends Part {
  override render(): TemplateResult {
    const { wall } = this;
    const order = wall.views.now?.order ?? "time";
    if (wall.isCrowded) return html`<section class="people" aria-label="Agents"><h2>${wall.counted} agents<small>, by what they do</small></h2>${crowd(wall)}</section>`;
    const people = ordered(wall.people.filter(({ state = "" }) => wall.views.shows(state)), order);
    return html`<section class="people" aria-label="Agents"><h2>Agents<small>, ${ORDERS[order]}</small></h2>
      ${people.length ? nothing : html`<p class="empty">${wall.people.length ? "Nobody is doing what this view shows." : "Nobody is signed in."}</p>`}
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
