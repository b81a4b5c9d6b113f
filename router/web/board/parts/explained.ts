/**
 * The server's explanations in a supervisor's words: why it waits, why this agent, why no offers.
 */
import { html, nothing, type TemplateResult } from "lit";
import type { Told } from "../../client/protocol.js";
import { styled } from "../../desktop/parts/styled.js";
import { duration, language, obstacleWords, plural, SHOWS, spaced, timeAt, title, whyWords } from "../../desktop/words.js";
import type { Wall } from "../wall.js";

type Explained = NonNullable<Told.Reply["explain"]>;
type Wait = Extract<Explained, { about: "waiting" }>;
type Assignment = Extract<Explained, { about: "assignment" }>;
type OfAgent = Extract<Explained, { about: "agent" }>;

const PARTS = { language: "Language", proficiency: "Skill", history: "Knows them", load: "Free room", relation: "Account owner", topic: "Topic" } as const;

export function explained(told: Explained, wall: Wall): TemplateResult {
  if (told.about === "waiting") return wait(told, wall);
  if (told.about === "assignment") return assignment(told, wall);
  if (told.about === "agent") return agentFacts(told);
  return html`<p class="big">It is ${told.status.replace("_", " ")}; no decision is on record for it.</p>`;
}

function wait(told: Wait, wall: Wall): TemplateResult {
  const now = wall.model.now();
  const asked = [...Object.keys(told.needs ?? {}).map(spaced), ...Object.keys(told.languages ?? {}).map(language)];
  const counts = Object.entries(told.agents ?? {}).sort((a, b) => b[1] - a[1]);
  const most = Math.max(1, ...counts.map(([, count]) => count));
  return html`<p class="big">${told.offered_to ? `Being offered to ${wall.person(told.offered_to)?.name || told.offered_to}.` : told.away ? "The customer is away; nobody is asked until they are back." : told.position ? `Place ${told.position} in line, waiting ${duration(told.waited_ms)}.` : "It is held behind another one of the same customer."}</p>
    <dl class="facts"><dt>Looks for</dt><dd>${asked.join(", ") || "anybody"}</dd>
      <dt>Class</dt><dd>${title(told.klass)}${told.head_start_ms ? `, counts as if it came ${duration(told.head_start_ms)} earlier` : ""}</dd>
      ${told.steps ? html`<dt>Step</dt><dd>${told.step + 1} of ${told.steps + 1}${told.next_step_at ? `, the next in ${duration(told.next_step_at - now)}` : ""}</dd>` : nothing}
      ${told.only_agent ? html`<dt>Kept for</dt><dd>${wall.person(told.only_agent)?.name || told.only_agent}${told.only_agent_until ? `, for ${duration(told.only_agent_until - now)}` : ""}</dd>` : nothing}
      ${told.expires_at ? html`<dt>Given up in</dt><dd>${duration(told.expires_at - now)}</dd>` : nothing}
      ${told.rules?.length ? html`<dt>Rules</dt><dd>${told.rules.join(", ")}</dd>` : nothing}</dl>
    <h3>What stands in the way</h3>
    <ul class="counts">${counts.map(([reason, count]) => html`<li><span>${obstacleWords(reason)}</span><span class="track" aria-hidden="true"><i ${styled({ "inline-size": `${(count / most) * 100}%` })}></i></span><b>${plural(count, "agent")}</b></li>`)}</ul>
    ${counts.length ? nothing : html`<p class="hint">No agent is known.</p>`}`;
}

function assignment(told: Assignment, wall: Wall): TemplateResult {
  const name = (id: string): string => wall.person(id)?.name || id;
  const parts = Object.entries(PARTS).filter(([part]) => told.candidates.some((one) => one[part as keyof typeof PARTS]));
  return html`<p class="big">${told.rule === "by_hand" ? `Given to ${name(told.agent)} by hand.` : `${name(told.agent)} was chosen: ${whyWords(told.rule)}.`}</p>
    <p class="hint">Decided at ${timeAt(told.chosen_at)}. Entry ${told.position} of the record; replaying it gives the same answer.</p>
    ${told.candidates.length ? html`<div class="scores" tabindex="0" role="group" aria-label="Scores"><table><thead><tr><th scope="col">Agent</th><th scope="col">Score</th>${parts.map(([, words]) => html`<th scope="col">${words}</th>`)}</tr></thead>
      <tbody>${told.candidates.map((one) => html`<tr class=${one.agent === told.agent ? "mine" : ""}><th scope="row">${name(one.agent)}</th><td><b>${one.score}</b></td>${parts.map(([part]) => html`<td>${one[part as keyof typeof PARTS] ?? 0}</td>`)}</tr>`)}</tbody></table></div>` : nothing}`;
}

export function agentFacts(told: OfAgent): TemplateResult {
  const channels = Object.entries(told.channels).map(([channel, reason]) => `${channel}: ${obstacleWords(reason)}`);
  const why = told.why_not ? `No offers: ${obstacleWords(told.why_not)}.` : told.could_take ? "Is asked next for what waits." : "Free for offers; nobody who waits fits.";
  return html`<p class="big">${why}</p><dl class="facts"><dt>Declared</dt><dd>${SHOWS[told.show] ?? told.show}${told.reason ? `, ${told.reason}` : ""}</dd>
    <dt>Places</dt><dd>${told.load.total ?? 0} of ${told.capacity.total ?? 0} used</dd><dt>Channels</dt><dd>${channels.join(", ")}</dd>
    <dt>Could take now</dt><dd>${plural(told.could_take, "waiting conversation")}</dd>${told.idle_ms ? html`<dt>Idle for</dt><dd>${duration(told.idle_ms)}</dd>` : nothing}</dl>`;
}
