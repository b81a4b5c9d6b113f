/**
 * The panel at the side: one matter at a time, with the way back to where it was opened.
 *
 * Owns: its frame, the focus going in and back, Escape. Does not know: what is in it.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import { icon } from "../../desktop/parts/icons.js";
import type { Panel } from "../wall.js";
import { Part } from "./part.js";
import "./agent-panel.js";
import "./agents-panel.js";
import "./conversation-panel.js";
import "./conversations-panel.js";
import "./limits-panel.js";
import "./numbers-panel.js";
import "./shares-panel.js";
import "./views-panel.js";
import "./why-panel.js";

@customElement("wall-panel")
export class SidePanel extends Part {
  private shown: Panel | undefined;
  private cameFrom: HTMLElement | null = null;

  override render(): TemplateResult | typeof nothing {
    const { panel, panels } = this.wall;
    if (!panel) return nothing;
    const heading = this.heading(panel);
    return html`<aside class="panel" role="dialog" aria-label=${heading} @keydown=${this.pressed}>
      <header>${panels.length > 1 ? html`<button type="button" class="tool" aria-label="Back" title="Back" @click=${() => this.wall.back()}>${icon("back")}</button>` : nothing}
        <h2 tabindex="-1">${heading}</h2><button type="button" class="tool" aria-label="Close" title="Close (Esc)" @click=${() => this.wall.close()}>${icon("end")}</button></header>
      ${this.content(panel)}</aside>`;
  }

  protected override willUpdate(): void {
    if (this.wall.panel && !this.shown) this.cameFrom = document.activeElement as HTMLElement | null;
  }

  override updated(): void {
    const { panel } = this.wall;
    if (panel === this.shown) return;
    if (panel) this.find<HTMLElement>("h2")?.focus();
    else if (this.cameFrom?.isConnected) this.cameFrom.focus();
    if (this.shown?.sort === "conversation" && panel?.sort !== "why") void this.wall.control.leave();
    this.shown = panel;
  }

  private heading(panel: Panel): string {
    if (panel.sort === "agent") return this.wall.person(panel.agent)?.name || panel.agent;
    if (panel.sort === "conversation") return this.wall.control.conversation?.customer?.name || "Conversation";
    if (panel.sort === "numbers") return "Service in numbers";
    if (panel.sort === "limits") return "Thresholds";
    if (panel.sort === "views") return "Views";
    if (panel.sort === "shares") return "How work is shared";
    return panel.heading;
  }

  private content(panel: Panel): TemplateResult {
    const { wall } = this;
    if (panel.sort === "conversations") return html`<wall-conversations .wall=${wall} .about=${panel}></wall-conversations>`;
    if (panel.sort === "agents") return html`<wall-agents .wall=${wall} .about=${panel}></wall-agents>`;
    // Another element for each agent: what was begun for one must not be set for the next.
    if (panel.sort === "agent") return html`${keyed(panel.agent, html`<wall-agent .wall=${wall} .agent=${panel.agent}></wall-agent>`)}`;
    if (panel.sort === "conversation") return html`<wall-conversation .wall=${wall}></wall-conversation>`;
    if (panel.sort === "why") return html`<wall-why .wall=${wall} .about=${panel.about}></wall-why>`;
    if (panel.sort === "shares") return html`<wall-shares .wall=${wall}></wall-shares>`;
    if (panel.sort === "views") return html`<wall-views .wall=${wall}></wall-views>`;
    if (panel.sort === "limits") return html`<wall-limits .wall=${wall}></wall-limits>`;
    return html`<wall-numbers .wall=${wall}></wall-numbers>`;
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key === "Escape") this.wall.close();
  }
}
