/** Where the customer writes. */
import { html, nothing, type TemplateResult } from "lit/html.js";
import { limitsOf } from "../files.js";
import type { Deeds, Shown } from "../shown.js";
import { icon } from "./icons.js";

const BODY_MAX = 4_000;

interface Hands { grow(): void; sent(): void }

export function composer({ speech, speech: { words }, maySend, files }: Shown, deeds: Deeds, hands: Hands): TemplateResult {
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
  const pasted = (event: ClipboardEvent): void => {
    const list = event.clipboardData?.files;
    if (!files || !list?.length) return;
    event.preventDefault();
    deeds.attach(list);
  };
  const chosen = (event: Event): void => {
    const field = event.currentTarget as HTMLInputElement;
    deeds.attach([...field.files ?? []]);
    field.value = "";
  };
  const choose = (event: Event): void => (event.currentTarget as HTMLElement).parentElement!.querySelector<HTMLInputElement>("input")!.click();
  return html`<form class="composer" part="composer" @submit=${submit}>
    ${files ? html`<input type="file" multiple hidden accept=${files.accept ?? ""} @change=${chosen}>
      <button type="button" class="clip" title=${limitsOf(files, speech)} aria-label=${limitsOf(files, speech)} ?disabled=${!maySend} @click=${choose}>${icon("clip")}</button>` : nothing}
    <textarea rows="1" placeholder=${words.placeholder} aria-label=${words.composer} maxlength=${BODY_MAX} enterkeyhint="send"
      @keydown=${pressed} @paste=${pasted} @input=${() => { hands.grow(); deeds.typed(); }}></textarea>
    <button class="send" aria-label=${words.send} ?disabled=${!maySend}>${icon("send")}</button>
  </form>`;
}
