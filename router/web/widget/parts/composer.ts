/** Where the customer writes. */
import { html, type TemplateResult } from "lit/html.js";
import type { Deeds, Shown } from "../shown.js";
import { icon } from "./icons.js";

const BODY_MAX = 4_000;

interface Hands { grow(): void; sent(): void }

export function composer({ speech: { words }, maySend }: Shown, deeds: Deeds, hands: Hands): TemplateResult {
  const submit = (event: Event): void => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).querySelector("textarea")!;
    if (deeds.send(field.value)) field.value = "";
    hands.grow();
    hands.sent();
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    (event.currentTarget as HTMLTextAreaElement).form!.requestSubmit();
  };
  return html`<form class="composer" part="composer" @submit=${submit}>
    <textarea rows="1" placeholder=${words.placeholder} aria-label=${words.composer} maxlength=${BODY_MAX} enterkeyhint="send"
      @keydown=${pressed} @input=${() => { hands.grow(); deeds.typed(); }}></textarea>
    <button class="send" aria-label=${words.send} ?disabled=${!maySend}>${icon("send")}</button>
  </form>`;
}
