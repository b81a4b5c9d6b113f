/**
 * One row of a transcript: a message, a note, a day, somebody who came or went.
 *
 * Owns: how a row looks. Does not know: which rows there are (entries.ts), or scrolling.
 */
import { html, nothing, type TemplateResult } from "lit";
import type { Entry } from "../entries.js";
import { momentAt, timeAt } from "../words.js";

export function entryRow(one: Entry): TemplateResult {
  const { key, sort, text, author, at, leads, tick, failed } = one;
  if (sort === "day") return html`<p class="day" data-key=${key}><span>${text}</span></p>`;
  if (sort === "line") return html`<p class="line" data-key=${key}>${text} <time>${timeAt(at)}</time></p>`;
  return html`<div class="entry ${sort} ${leads ? "leads" : ""} ${failed ? "failed" : ""}" data-key=${key}>
    ${leads ? html`<p class="meta"><b dir="auto">${author}</b> ${at ? html`<time>${timeAt(at)}</time>` : nothing}</p>` : nothing}
    <p class="body" dir="auto" title=${at ? momentAt(at) : ""}>${linked(text)}</p>
    ${tick ? html`<p class="tick ${tick.startsWith("✓✓") ? "read" : ""}">${tick}</p>` : nothing}</div>`;
}

const ADDRESS = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/;

/** Addresses can be followed; everything else is text. */
function linked(text: string): (string | TemplateResult)[] | string {
  if (!ADDRESS.test(text)) return text;
  return text.split(ADDRESS).map((part, place) =>
    place % 2 ? html`<a href=${part} target="_blank" rel="noopener noreferrer">${part}</a>` : part);
}
