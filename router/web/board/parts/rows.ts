/**
 * A conversation as a row of a list, with what a supervisor can do from there.
 */
import { html, nothing, type TemplateResult } from "lit";
import { icon } from "../../desktop/parts/icons.js";
import { title } from "../../desktop/words.js";
import type { Row } from "../control.js";
import type { Wall } from "../wall.js";
import { queueName, span } from "../words.js";
import { mayLook } from "./purpose.js";

export function conversationRow(wall: Wall, row: Row): TemplateResult {
  const { conversation, status, queue, channel, customer, agent, priority, topic } = row;
  const known = wall.queues.find((one) => one.queue === queue);
  const waits = status === "waiting" || status === "offered" || status === "held";
  const why = (): void => wall.open({ sort: "why", heading: waits ? "Why it waits" : "Why this agent", about: { conversation } }, { over: true });
  const look = async (): Promise<void> => {
    if (await wall.control.look(row)) wall.open({ sort: "conversation", conversation }, { over: true });
  };
  const about = [known ? queueName(known) : queue, channel, topic ? title(topic) : "", priority && priority !== "regular" ? priority : ""];
  return html`<li class="row" data-conversation=${conversation}><div><b>${customer}</b><small>${about.filter(Boolean).join(" · ")}</small>
      <small>${waits ? html`${status === "offered" ? "being offered, " : ""}waits <time>${span(wall.model.now() - row.arrived_at)}</time>` : html`with ${wall.person(agent ?? "")?.name || agent || "nobody"}, since <time>${span(wall.model.now() - row.arrived_at)}</time>`}</small></div>
    <span class="deeds"><button type="button" @click=${why}>${icon("why")} Why?</button>
      <button type="button" class=${waits ? "" : "main"} ?disabled=${!mayLook(wall.control)} @click=${look}>${icon("ear")} ${waits ? "Open" : "Listen"}</button></span></li>`;
}

export const listed = (wall: Wall, rows: Row[] | null, none: string): TemplateResult =>
  rows === null ? html`<p class="hint" role="status">Asking the server …</p>`
    : html`<ul class="rows">${rows.map((row) => conversationRow(wall, row))}</ul>${rows.length ? nothing : html`<p class="empty">${none}</p>`}`;
