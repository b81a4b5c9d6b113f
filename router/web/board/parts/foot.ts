/**
 * The wall's foot: how even the house is, and what somebody should look at.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { icon } from "../../desktop/parts/icons.js";
import { styled } from "../../desktop/parts/styled.js";
import { timeAt } from "../../desktop/words.js";
import { evenWords } from "../words.js";
import { Part } from "./part.js";

@customElement("wall-foot")
export class WallFoot extends Part {
  override render(): TemplateResult {
    const { house, alerts } = this.wall;
    const newest = alerts.newest(this.wall.queues);
    return html`<footer><button type="button" class="even" title="Jain's index of the last 30 minutes: 1 is even" @click=${() => this.wall.open({ sort: "shares" })}>
        ${this.evenness("Waits", house?.even_waits, "nobody was served")}${this.evenness("Load", house?.even_load, "no two are alike")}</button>
      <ol class="alerts" aria-label="Alerts" aria-live="polite">${newest.map(({ key, text, at, over, level }) =>
        html`<li data-level=${over ? "none" : level} data-key=${key}>${icon(over ? "check" : level)}<time>${timeAt(at)}</time><span>${text}${over ? " (over)" : ""}</span></li>`)}
        ${newest.length ? nothing : html`<li data-level="good">${icon("check")}<span>Nothing needs attention.</span></li>`}</ol></footer>`;
  }

  private evenness(label: string, index: number | null | undefined, none: string): TemplateResult {
    const known = index !== null && index !== undefined;
    return html`<span class="index"><span>${label}</span><span class="track" aria-hidden="true"><i ${styled({ "inline-size": `${Math.round((index ?? 0) * 100)}%` })}></i></span>
      <span>${known ? html`<b>${index.toFixed(2)}</b> ${evenWords(index)}` : none}</span></span>`;
  }
}
