/**
 * The agents as a list: by what they do, with load and room.
 *
 * Owns: asking for them by pages where there are too many to be told of all.
 * Does not know: what can be done with one (agent-panel.ts).
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Told } from "../../client/protocol.js";
import { language, REASONS } from "../../desktop/words.js";
import { LONGER, span, STATES } from "../words.js";
import { AskingPart } from "./asking.js";
import { shape } from "./shapes.js";

const PAGE = 50;
const MOST = 500;

@customElement("wall-agents")
export class AgentsPanel extends AskingPart {
  @property({ attribute: false }) about: { state?: string } = {};
  @state() private asked: Told.PresenceEntry[] | null = null;
  @state() private more = false;
  @state() private complaint = "";
  private sought = "";
  private limit = PAGE;

  override render(): TemplateResult {
    const { wall } = this;
    return html`${wall.isCrowded ? html`<label class="field">Name<input type="search" placeholder="Part of a name" @input=${this.seek}></label>` : nothing}
      ${this.complaint ? html`<p class="empty" role="alert">${this.complaint}</p>` : nothing}${this.list()}
      ${wall.isCrowded && this.more ? html`<div>${this.limit < MOST
        ? html`<button type="button" @click=${this.further}>More</button>`
        : html`<p class="hint">There are more: look for a name.</p>`}</div>` : nothing}`;
  }

  private list(): TemplateResult {
    const { wall } = this;
    const order = Object.keys(STATES);
    const known = wall.isCrowded ? this.asked : [...wall.people].sort((a, b) => order.indexOf(a.state ?? "") - order.indexOf(b.state ?? ""));
    if (!known) return html`<p class="hint" role="status">Asking the server …</p>`;
    const people = known.filter((one) => !this.about.state || one.state === this.about.state);
    return html`<ul class="rows">${repeat(people, ({ id }) => id, (one) => {
      const age = wall.model.now() - wall.since(one);
      const reason = one.reason ? ` (${REASONS[one.reason] ?? one.reason})` : "";
      return html`<li class="row"><button type="button" class="wide" @click=${() => wall.open({ sort: "agent", agent: one.id }, { over: true })}>${shape(one.state ?? "", age)}
        <span><b>${one.name || one.id}</b><small>${[`${LONGER[one.state ?? ""] ?? one.show}${reason} for ${span(age)}`, (one.languages ?? []).map(language).join(", ")].filter(Boolean).join(" · ")}</small></span>
        <span class="load" title="Places used">${one.load ?? 0} of ${one.capacity ?? 0}</span></button></li>`;
    })}</ul>${people.length ? nothing : html`<p class="empty">${this.sought || this.about.state ? "Nobody, right now." : "Nobody is signed in."}</p>`}`;
  }

  private seek(event: Event): void {
    this.sought = (event.target as HTMLInputElement).value.trim();
    this.limit = PAGE;
    void this.fetch();
  }

  private further(): void {
    this.limit = Math.min(MOST, this.limit * 2);
    void this.fetch();
  }

  protected override async fetch(): Promise<void> {
    const { sought, limit } = this;
    if (!this.wall.isCrowded) return;
    try {
      const found = await this.wall.control.agents({ state: this.about.state ?? "", name: sought, limit });
      if (sought !== this.sought) return;
      this.asked = found.people;
      this.more = found.more;
      this.complaint = "";
    } catch {
      this.complaint = "The agents cannot be read right now.";
    }
  }
}
