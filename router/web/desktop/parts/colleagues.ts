/**
 * Who else is there of the agent's teams.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { freeOf, nameIn } from "../team.js";
import { language, SHOWS } from "../words.js";
import { Part } from "./part.js";

@customElement("desk-colleagues")
export class Colleagues extends Part {
  override render(): TemplateResult | typeof nothing {
    const { team, settings } = this.desk;
    const there = team.colleagues;
    if (!settings.liked.team || there.length === 0) return nothing;
    return html`<details class="team" open><summary>Colleagues (${there.length})</summary><ul tabindex="0" aria-label="Colleagues">${there.slice(0, 50).map((one) => html`<li
      title=${[SHOWS[one.show] ?? one.show, one.reason, (one.languages ?? []).map(language).join(", ")].filter(Boolean).join(" · ")}><span class="dot" data-show=${one.show}></span>
      <span dir="auto">${nameIn(one)}</span><small>${one.show === "available" && one.capacity ? `${freeOf(one)} free` : (SHOWS[one.show] ?? one.show).toLowerCase()}</small></li>`)}</ul></details>`;
  }
}
