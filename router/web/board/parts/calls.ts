/**
 * Agents who call for a supervisor: on the wall until somebody comes, one click away.
 *
 * Owns: the strip. Does not know: how somebody listens (control.ts), or what a call is about.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { icon } from "../../desktop/parts/icons.js";
import { queueOf } from "../../desktop/words.js";
import type { Call } from "../control.js";
import { span } from "../words.js";
import { Part } from "./part.js";
import { mayLook, purposeField } from "./purpose.js";

const SHOWN = 3;

@customElement("wall-calls")
export class WallCalls extends Part {
  override render(): TemplateResult | typeof nothing {
    const { wall } = this;
    const { help } = wall.model;
    if (help.length === 0) return nothing;
    return html`<section class="calls" role="alert" aria-label="Agents who call">
      ${help.slice(0, SHOWN).map((one) => this.call(one))}
      ${help.length > SHOWN ? html`<p>and ${help.length - SHOWN} more</p>` : nothing}
      ${purposeField(wall.control, () => this.requestUpdate())}</section>`;
  }

  private call(one: Call): TemplateResult {
    const { wall } = this;
    const name = one.agent.name || one.agent.id;
    const closed = !mayLook(wall.control);
    return html`<div class="call">${icon("bell")}<p><b dir="auto">${name}</b> calls for help <small>${queueOf(one)}, ${one.customer.name || "a customer"}, <time>${span(wall.model.now() - one.at)}</time></small>
        ${one.note ? html`<q dir="auto">${one.note}</q>` : nothing}</p>
      <button type="button" class="main" ?disabled=${closed} @click=${() => void wall.control.answer(one, "monitor")}>Listen</button>
      <button type="button" ?disabled=${closed} @click=${() => void wall.control.answer(one, "whisper")}>Whisper</button>
      <button type="button" aria-label=${`Dismiss the call of ${name}`} title=${`${name} is told that nobody comes`} @click=${() => void wall.control.ask("help.end", { conversation: one.conversation })}>Dismiss</button></div>`;
  }
}
