/**
 * Why an agent got a conversation, or gets none: the server's own record of the decision.
 *
 * Owns: the words around it. Does not know: how the decision was made.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Refused, type Told } from "../../client/protocol.js";
import type { Panel } from "../desk.js";
import { duration, obstacleWords, plural, SHOWS, timeAt, title, whyWords } from "../words.js";
import { Dialog } from "./dialog.js";
import { styled } from "./styled.js";

type Explained = NonNullable<Told.Reply["explain"]>;
type Assignment = Extract<Explained, { about: "assignment" }>;
type OfAgent = Extract<Explained, { about: "agent" }>;
type Candidate = Assignment["candidates"][number];

const RULES: Record<string, string> = {
  best_match: "Nobody else fitted as well.",
  least_loaded: "Several fitted about equally; you had the least to do.",
  least_flexible: "Several fitted about equally; the others are kept for rarer skills.",
  longest_idle: "Several fitted about equally; you had been idle the longest.",
  by_hand: "A supervisor gave it to you.",
};
const PARTS: [keyof Candidate & string, string][] = [
  ["language", "Language"], ["proficiency", "Skill"], ["history", "Knows them"], ["load", "Free room"], ["relation", "Account owner"], ["topic", "Topic"],
];

@customElement("desk-explain")
export class ExplainDialog extends Dialog {
  protected override readonly panels: readonly Panel[] = ["explain"];
  protected override get heading(): string {
    return this.desk.about.agent ? "Why do I get no offers?" : "Why did I get this?";
  }
  protected override readonly kind = "wide";
  @state() private found: Explained | null = null;
  @state() private complaint = "";

  protected override opened(): void {
    this.found = null;
    this.complaint = "";
    void this.fetch();
  }

  protected override content(): TemplateResult {
    if (this.complaint) return html`<p>${this.complaint}</p>`;
    if (!this.found) return html`<p class="hint" role="status">Asking the server …</p>`;
    if (this.found.about === "assignment") return this.assignment(this.found);
    if (this.found.about === "agent") return this.agent(this.found);
    return html`<p>The decision is no longer on record.</p>`;
  }

  private assignment({ rule, candidates, chosen_at, position }: Assignment): TemplateResult {
    const others = candidates.length - 1;
    const parts = PARTS.filter(([part]) => candidates.some((one) => one[part]));
    return html`<p class="big">${RULES[rule] ?? whyWords(rule)}</p>
      <p class="hint">Decided at ${timeAt(chosen_at)}, ${others > 0 ? `${plural(others, "colleague")} considered beside you` : "nobody else could take it"}. Entry ${position} of the record.</p>
      ${candidates.length ? html`<div class="scores" tabindex="0" role="group" aria-label="Scores"><table><thead><tr><th scope="col">Who</th><th scope="col">Score</th>${parts.map(([, label]) => html`<th scope="col">${label}</th>`)}</tr></thead>
        <tbody>${candidates.map((one, place) => this.candidate(one, place, parts))}</tbody></table></div>` : nothing}`;
  }

  private candidate(one: Candidate, place: number, parts: typeof PARTS): TemplateResult {
    const mine = one.agent === this.desk.model.you?.id;
    return html`<tr class=${mine ? "mine" : ""}><th scope="row">${mine ? "You" : `Colleague ${place}`}</th><td><b>${one.score}</b></td>
      ${parts.map(([part]) => html`<td>${bar(Number(one[part] ?? 0))}</td>`)}</tr>`;
  }

  private agent(told: OfAgent): TemplateResult {
    const { show, why_not, channels, could_take, idle_ms, serving } = told;
    const channelWords = Object.entries(channels).map(([name, reason]) => html`<dt>${title(name)}</dt><dd>${obstacleWords(reason)}</dd>`);
    return html`<p class="big">${why_not ? `You are ${obstacleWords(why_not)}.` : could_take ? "You are next for what waits." : "You are free; nobody who waits fits you right now."}</p>
      <dl class="facts"><dt>Presence</dt><dd>${SHOWS[show] ?? show}</dd><dt>Conversations</dt><dd>${serving.length}</dd>${channelWords}
        <dt>In line that you could serve</dt><dd>${could_take}</dd>${idle_ms ? html`<dt>Idle for</dt><dd>${duration(idle_ms)}</dd>` : nothing}</dl>`;
  }

  private async fetch(): Promise<void> {
    try {
      const { conversation, agent } = this.desk.about;
      const reply = await this.desk.link.command("explain", conversation ? { conversation } : { agent });
      this.found = reply.explain ?? null;
      if (!this.found) this.complaint = "The server has no answer.";
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal;
      this.complaint = refusal.code === 0 ? "There is no connection right now." : "This server does not tell agents why.";
    }
  }
}

function bar(value: number): TemplateResult {
  return html`<span class="bar" title=${`${value} of 1000`}><i ${styled({ "inline-size": `${Math.min(100, value / 10)}%` })}></i></span><span class="spoken">${value}</span>`;
}
