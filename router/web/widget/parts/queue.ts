/** The card of who waits: the place, how long, why, and what would be faster. */
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Card, Deeds, Outlook, Shown } from "../shown.js";
import { fill, type Speech } from "../words.js";
import { icon } from "./icons.js";

export function queue(shown: Shown, deeds: Deeds): TemplateResult {
  const { card, speech } = shown;
  return html`<span class="spoken" role="status">${card ? spoken(card, speech) : nothing}</span>
    ${card ? html`<div class="queue" part="queue">${card.state === "left" ? left(speech) : place(card, speech)}
      ${card.state === "left" ? nothing : rest(card, speech, deeds)}</div>` : nothing}`;
}

function left({ words }: Speech): TemplateResult {
  return html`<div class="row"><span class="done">${icon("check")}</span><p class="grow">${words.messageLeft}</p></div>`;
}

function place(card: Card, speech: Speech): TemplateResult {
  const { words } = speech;
  const dots = html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>`;
  if (!card.position || card.state === "held") {
    return html`<div class="row"><strong class="grow">${headline(card, speech)}</strong>${dots}</div>`;
  }
  const ahead = card.ahead > 0 ? speech.count(words.ahead, card.ahead) : words.next;
  return html`<div class="row">
      <div class="grow"><strong class="place">${speech.rank(words.place, card.position)}</strong>
      <p class="wait">${card.band ? html`<b>${speech.band(card.band)}</b>` : nothing}<span>${card.state === "offered" ? words.offered : ahead}</span></p></div>
      ${dots}
    </div>`;
}

function headline({ state }: Card, { words }: Speech): string {
  if (state === "held") return words.held;
  return state === "offered" ? words.offered : words.joining;
}

function spoken(card: Card, speech: Speech): string {
  if (card.state === "left") return speech.words.messageLeft;
  if (!card.position || card.state === "held") return headline(card, speech);
  const rank = speech.rank(speech.words.place, card.position);
  return card.state === "offered" ? `${rank}. ${speech.words.offered}` : rank;
}

function rest(card: Card, speech: Speech, deeds: Deeds): TemplateResult {
  const { words } = speech;
  const why = card.why ? (words.whys as Record<string, string>)[card.why] : undefined;
  const mayAsk = card.state === "waiting";
  return html`
    ${why ? html`<p class="why">${why}</p>` : nothing}
    ${card.grace_ms ? html`<p class="kept">${fill(words.kept, { time: speech.minutes(card.grace_ms) })}</p>` : nothing}
    ${card.state === "joining" ? nothing : html`<div class="links">
      ${mayAsk ? html`<button type="button" class="plain" aria-expanded=${card.outlookOpen}
        @click=${() => deeds.outlook(!card.outlookOpen)}>${words.whyAsk}</button>` : nothing}
      <button type="button" class="plain" @click=${() => deeds.leave()}>${words.leave}</button>
    </div>`}
    ${mayAsk && card.outlookOpen ? outlook(card.outlook, speech, deeds) : nothing}`;
}

function outlook(told: Outlook | null, speech: Speech, deeds: Deeds): TemplateResult {
  const { words } = speech;
  if (!told) return html`<p class="outlook" aria-live="polite">…</p>`;
  const others = Object.entries(told.spoken)
    .filter(([tag, count]) => count > 0 && !told.languages.some((one) => one.split("-")[0] === tag.split("-")[0]))
    .sort((one, other) => other[1] - one[1])
    .slice(0, 3);
  return html`<div class="outlook" aria-live="polite">
    ${told.languages.length ? html`<p>${fill(words.whyLanguages, { languages: speech.anyOf(told.languages) })}</p>` : nothing}
    ${told.subject ? html`<p>${fill(words.whySubject, { subject: told.subject })}</p>` : nothing}
    <p>${told.here ? speech.count(words.whyHere, told.here) : words.whyNobody} ${told.here && !told.free ? words.whyBusy : nothing}</p>
    ${others.map(([tag, count]) => html`<div class="other"><span>${speech.count(words.whyOther, count, { language: speech.nameOf(tag) })}</span>
      <button type="button" @click=${() => deeds.switchTo(tag)}>${fill(words.switchTo, { language: speech.nameOf(tag) })}</button></div>`)}
    ${others.length ? html`<p class="small">${words.switchNote}</p>` : nothing}
  </div>`;
}
