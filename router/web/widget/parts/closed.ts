/** Nobody can be reached now: when again, and what is left until then. */
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Deeds, Shown } from "../shown.js";
import { fill } from "../words.js";
import { icon } from "./icons.js";

export function closed({ closed: told, speech, now }: Shown, deeds: Deeds): TemplateResult {
  const { words } = speech;
  const { full, opening, fallback } = told!;
  const at = opening?.opens_at;
  const leaves = fallback === "leave_message";
  return html`<div class="card closed" part="closed">
    <p class="sign">${icon("clock")}<strong>${full ? words.full : words.closed}</strong></p>
    ${at ? html`<p>${fill(words.opens, { when: speech.moment(at, now) })}</p>` : nothing}
    <p>${leaves ? words.invite : fallback ? nothing : words.later}</p>
    ${leaves ? html`<button type="button" class="main" @click=${() => deeds.form("leave")}>${words.leaveMessage}</button>` : nothing}
    ${fallback && !leaves ? html`<button type="button" class="main" @click=${() => deeds.elsewhere()}>${words.elsewhere}</button>` : nothing}
    <button type="button" class="plain" @click=${() => deeds.restart()}>${words.again}</button>
  </div>`;
}
