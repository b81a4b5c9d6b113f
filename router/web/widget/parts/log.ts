/** What was said and what happened, in reading order. */
import { html, nothing, type TemplateResult } from "lit/html.js";
import { repeat } from "lit/directives/repeat.js";
import { pieces } from "../../client/links.js";
import { split } from "../../client/quotes.js";
import { lineWords } from "../sentences.js";
import type { Deeds, Shown } from "../shown.js";
import type { Entry } from "../talk.js";
import { fill, type Speech } from "../words.js";

const SIGNS = { sending: "…", sent: "✓", read: "✓✓", failed: "!" };

export function log(shown: Shown, deeds: Deeds): TemplateResult {
  const { words } = shown.speech;
  const lines = shown.entries.filter((entry) => entry.line);
  const newestLine = lines[lines.length - 1];
  return html`
    <div class="log" part="log" role="log" aria-label=${words.log} aria-live="polite">
      ${repeat(shown.entries, (entry) => entry.key, (entry) => (entry.line
        ? html`<p class="line"><span>${lineWords(entry.line, shown.speech, shown.isNext && entry === newestLine)}</span></p>`
        : bubble(entry, shown.speech, deeds)))}
    </div>
    <p class="typing" ?hidden=${!shown.typing}>
      <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>${shown.typing ? fill(words.typing, { name: shown.typing }) : nothing}</p>`;
}

function bubble(entry: Entry, speech: Speech, deeds: Deeds): TemplateResult {
  const { words } = speech;
  const { mine, tick, failed } = entry;
  const said = split(entry.body ?? "");
  const who = mine ? words.you : entry.from?.name || words.somebody;
  const kinds = ["message", mine ? "mine" : "", tick === "sending" ? "pending" : "", failed ? "failed" : ""];
  return html`<div class=${kinds.filter(Boolean).join(" ")} part=${mine ? "message mine" : "message"}>
    <span class="spoken">${who}: </span>
    <p class="body" dir="auto">${said.quote ? html`<span class="quote" dir="auto">${said.quote}</span>` : nothing}${linked(said.rest)}</p>
    <p class="meta">${entry.at ? html`<time>${speech.time(entry.at)}</time>` : nothing}
      <span class=${tick === "read" ? "tick seen" : "tick"}>${tick ? html`<span aria-hidden="true">${SIGNS[tick]}</span> ${words[tick]}` : nothing}</span>
      ${failed ? html`<button type="button" class="plain" @click=${() => deeds.sendAgain(failed)}>${words.again}</button>` : nothing}</p>
  </div>`;
}

/** Addresses can be followed, and are never fetched for a preview; everything else is text. */
function linked(text: string): unknown {
  return pieces(text).map((part, place) => (place % 2 ? html`<a href=${part} target="_blank" rel="noopener noreferrer">${part}</a>` : part));
}
