/**
 * How even the house is: groups of equals, and what each agent was offered and did.
 *
 * Owns: the tables, the order. Does not know: how a figure was counted.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { styled } from "../../desktop/parts/styled.js";
import { language, plural, spaced } from "../../desktop/words.js";
import { evenWords, percent, span, STATES } from "../words.js";
import type { Group, Share } from "../control.js";
import { AskingPart } from "./asking.js";
import { shape } from "./shapes.js";

const SPREAD_PX = 130;

@customElement("wall-shares")
export class SharesPanel extends AskingPart {
  @state() private groups: Group[] | null = null;
  @state() private agents: Share[] = [];
  @state() private more = false;
  @state() private complaint = "";

  override render(): TemplateResult {
    if (this.complaint) return html`<p class="empty" role="alert">${this.complaint}</p>`;
    if (!this.groups) return html`<p class="hint" role="status">Asking the server …</p>`;
    return html`<p class="hint">Of the last 30 minutes. Agents are compared with those of the same skills and languages alone: what others could take is not theirs to get.</p>
      <h3>Equals, the least even first</h3>
      <ul class="rows">${this.groups.map((one) => this.group(one))}</ul>
      ${this.groups.length ? nothing : html`<p class="empty">No two equally able agents were at work for a minute, or there are more than 500 agents.</p>`}
      <h3>Agents, who was free for longest first</h3>
      <div class="scores" tabindex="0" role="group" aria-label="Agents"><table><thead><tr><th scope="col">Agent</th><th scope="col">Offered</th><th scope="col">Declined</th><th scope="col">Missed</th><th scope="col">Served</th><th scope="col">Occupancy</th><th scope="col">Free for</th></tr></thead>
        <tbody>${this.agents.map((one) => this.agent(one))}</tbody></table></div>
      ${this.more ? html`<p class="hint">The first ${this.agents.length} by id; <code>GET /v1/shares</code> has all.</p>` : nothing}`;
  }

  private group({ agents, skills, languages, even, least, most }: Group): TemplateResult {
    const can = [...skills.map(spaced), ...languages.map(language)].join(", ") || "no skills";
    const from = Math.round(least * SPREAD_PX);
    const width = Math.max(4, Math.round((most - least) * SPREAD_PX));
    return html`<li class="row"><div><b>${can}</b><small>${plural(agents, "agent")} · busy from ${percent(least)} to ${percent(most)}</small></div>
      <span class="spread" aria-hidden="true"><i ${styled({ "inset-inline-start": `${from}px`, "inline-size": `${width}px` })}></i></span>
      <span class="load"><b>${even === null || even === undefined ? "–" : even.toFixed(2)}</b> ${even === null || even === undefined ? "" : evenWords(even)}</span></li>`;
  }

  private agent({ agent, name, state, offers = {}, services = 0, occupancy, idle_ms }: Share): TemplateResult {
    const all = Object.values(offers).reduce((sum, count) => sum + count, 0);
    const part = (count = 0): unknown => (count ? html`<b>${count}</b> (${percent(count / all)})` : "0");
    return html`<tr><th scope="row">${shape(state)} ${name || agent}<span class="spoken">, ${STATES[state] ?? state}</span></th><td>${all}</td><td>${part(offers.declined)}</td><td>${part(offers.expired)}</td>
      <td>${services}</td><td>${percent(occupancy)}</td><td>${idle_ms === undefined || idle_ms === null ? "–" : span(idle_ms)}</td></tr>`;
  }

  protected override async fetch(): Promise<void> {
    try {
      const { groups, agents, next } = await this.wall.control.shares();
      this.groups = groups;
      this.agents = [...agents].sort((a, b) => (b.idle_ms ?? -1) - (a.idle_ms ?? -1));
      this.more = next !== null;
      this.complaint = "";
    } catch {
      this.complaint = "The figures cannot be read right now.";
    }
  }
}
