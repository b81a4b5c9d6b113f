/**
 * The agents as a list: by what they do, with load and room.
 */
import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { language, REASONS } from "../../desktop/words.js";
import { LONGER, span, STATES } from "../words.js";
import { Part } from "./part.js";
import { shape } from "./shapes.js";

@customElement("wall-agents")
export class AgentsPanel extends Part {
  override render(): TemplateResult {
    const { wall } = this;
    const order = Object.keys(STATES);
    const people = [...wall.people].sort((a, b) => order.indexOf(a.state ?? "") - order.indexOf(b.state ?? ""));
    return html`<ul class="rows">${repeat(people, ({ id }) => id, (one) => {
      const age = wall.model.now() - wall.since(one);
      const reason = one.reason ? ` (${REASONS[one.reason] ?? one.reason})` : "";
      return html`<li class="row"><button type="button" class="wide" @click=${() => wall.open({ sort: "agent", agent: one.id }, { over: true })}>${shape(one.state ?? "", age)}
        <span><b>${one.name || one.id}</b><small>${LONGER[one.state ?? ""] ?? one.show}${reason} for ${span(age)} · ${(one.languages ?? []).map(language).join(", ")}</small></span>
        <span class="load" title="Places used">${one.load ?? 0} of ${one.capacity ?? 0}</span></button></li>`;
    })}</ul>${people.length ? "" : html`<p class="empty">Nobody is signed in.</p>`}`;
  }
}
