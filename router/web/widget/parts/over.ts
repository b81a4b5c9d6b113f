/** The end of a conversation: why, how it was, what to keep of it, and a new beginning. */
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Deeds, Shown } from "../shown.js";
import { face, icon } from "./icons.js";

export function over(shown: Shown, deeds: Deeds): TemplateResult {
  const { words } = shown.speech;
  const reasons = words.over as Record<string, string>;
  return html`<div class="over">
    <p class="reason">${reasons[shown.talk!.reason ?? ""] ?? words.over.agent}</p>
    ${shown.mayRate && !shown.rated ? rating(shown, deeds) : nothing}
    <p class="thanks" role="status" ?hidden=${!shown.rated}>${shown.rated ? words.thanks : nothing}</p>
    <div class="links">
      ${shown.talk!.messages.length ? html`<button type="button" class="second" @click=${() => deeds.download()}>${icon("save")}${words.download}</button>` : nothing}
      <button type="button" class="second" @click=${() => deeds.restart()}>${words.restart}</button>
    </div>
  </div>`;
}

function rating({ speech: { words }, score, answers }: Shown, deeds: Deeds): TemplateResult {
  const submit = (event: Event): void => {
    event.preventDefault();
    if (score) deeds.rate();
  };
  return html`<form class="card rating" part="rating" @submit=${submit}>
    <fieldset><legend>${words.rate}</legend>
      <div class="marks">${words.marks.map((word, index) => html`<label class="mark" title=${word}>
        <input type="radio" name="score" value=${index + 1} aria-label=${`${index + 1}, ${word}`} .checked=${score === index + 1}
          @change=${() => deeds.score(index + 1)}><span aria-hidden="true">${face(index + 1)}</span></label>`)}</div>
      <div class="ends" aria-hidden="true"><span>${words.marks[0]}</span><span>${words.marks[4]}</span></div>
    </fieldset>
    <textarea rows="2" maxlength="2000" placeholder=${words.comment} aria-label=${words.comment} ?hidden=${!score} .value=${String(answers.comment ?? "")}
      @input=${(event: Event) => deeds.answer("comment", (event.target as HTMLTextAreaElement).value)}></textarea>
    <button class="main" ?disabled=${!score}>${words.rateSend}</button>
  </form>`;
}
