/**
 * One row of a transcript: a message, a note, a day, somebody who came or went.
 *
 * Owns: how a row looks. Does not know: which rows there are (entries.ts), or scrolling.
 */
import { html, nothing, type TemplateResult } from "lit";
import { pieces } from "../../client/links.js";
import type { Entry } from "../entries.js";
import { momentAt, timeAt } from "../words.js";
import { icon } from "./icons.js";

/** What a row needs of the page: whose it is, and how to answer with a quote where one may (a note never gets out). */
export interface Around {
  you?: string;
  quote?: (one: Entry) => void;
}

export function entryRow(one: Entry, { you, quote }: Around = {}): TemplateResult {
  const { key, sort, text, author, at, leads, tick, failed } = one;
  const toMe = one.mentions.some(({ id }) => id === you);
  if (sort === "day") return html`<p class="day" data-key=${key}><span>${text}</span></p>`;
  if (sort === "line") return html`<p class="line" data-key=${key}>${text} <time>${timeAt(at)}</time></p>`;
  return html`<div class="entry ${sort} ${leads ? "leads" : ""} ${failed ? "failed" : ""} ${toMe ? "to-me" : ""}" data-key=${key}>
    ${leads ? html`<p class="meta"><b dir="auto">${author}</b> ${at ? html`<time>${timeAt(at)}</time>` : nothing}</p>` : nothing}
    <div class="said"><p class="body" dir="auto" title=${at ? momentAt(at) : ""}>${one.quote ? html`<span class="quote" dir="auto"><span class="spoken">Quote: </span>${one.quote}</span>` : nothing}${named(one, you)}</p>
      ${quote && at && !failed && sort !== "note" ? html`<button type="button" class="tool answer" aria-label="Quote" title="Quote (Q)" @click=${() => quote(one)}>${icon("quote")}</button>` : nothing}</div>
    ${tick ? html`<p class="tick ${tick.startsWith("✓✓") ? "read" : ""}">${tick}</p>` : nothing}</div>`;
}

/** The text with the names in it marked. */
function named({ text, mentions }: Entry, you?: string): unknown {
  if (mentions.length === 0) return linked(text);
  const parts: unknown[] = [];
  let done = 0;
  for (const { id, from, to } of mentions) {
    parts.push(linked(text.slice(done, from)), html`<mark class=${id === you ? "me" : ""}>${text.slice(from, to)}</mark>`);
    done = to;
  }
  return [...parts, linked(text.slice(done))];
}

/** Addresses can be followed, and are never fetched for a preview; everything else is text. */
function linked(text: string): (string | TemplateResult)[] {
  return pieces(text).map((part, place) =>
    place % 2 ? html`<a href=${part} target="_blank" rel="noopener noreferrer">${part}</a>` : part);
}
