/** Questions before the first message, a message for later, how to be reached, the terms. */
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Field } from "../api.js";
import type { Deeds, Shown } from "../shown.js";
import { fill, type Catalog } from "../words.js";

export function consent({ consent: told, speech }: Shown, deeds: Deeds): TemplateResult {
  const { words } = speech;
  const version = fill(words.version, { n: speech.number(told!.version) });
  return html`<div class="card consent" role="group" aria-label=${words.terms}>
    <p>${words.consent}</p>
    <p>${told!.link ? html`<a href=${told!.link} target="_blank" rel="noopener">${words.terms}</a> · ` : nothing}<span class="small">${version}</span></p>
    <button type="button" class="main" @click=${() => deeds.agree(true)}>${words.agree}</button>
    <button type="button" class="plain" @click=${() => deeds.agree(false)}>${words.disagree}</button>
  </div>`;
}

export function form(shown: Shown, deeds: Deeds): TemplateResult {
  const { words } = shown.speech;
  const which = shown.form!;
  const submit = (event: Event): void => {
    event.preventDefault();
    deeds.submit();
  };
  const title = { fields: words.fields, leave: words.leaveMessage, reach: words.reach }[which];
  const button = { fields: words.start, leave: words.send, reach: words.save }[which];
  return html`<form class="card form" part="form" novalidate aria-label=${title} @submit=${submit}>
    <h3>${title}</h3>
    ${which === "fields" ? shown.fields.map((one) => field(one, shown, deeds)) : ways(shown, deeds)}
    ${which === "reach" ? nothing : field({ name: "body", type: "textarea", label: words.message, required: true }, shown, deeds)}
    <button class="main">${button}</button>
    ${which === "fields" ? nothing : html`<button type="button" class="plain" @click=${() => deeds.form(null)}>${words.cancel}</button>`}
  </form>`;
}

/** Who asks, by which way to answer, and when. */
function ways(shown: Shown, deeds: Deeds): TemplateResult {
  const { words } = shown.speech;
  const chosen = String(shown.answers.way ?? "chat");
  const radio = (way: "chat" | "email" | "phone"): TemplateResult => html`<label class="way">
    <input type="radio" name="way" value=${way} .checked=${chosen === way} @change=${() => deeds.answer("way", way)}><span>${words[way]}</span></label>`;
  const leaves = shown.form === "leave";
  return html`
    ${leaves ? field({ name: "name", label: words.name }, shown, deeds) : nothing}
    <fieldset><legend>${words.ways}</legend><div class="ways">${radio("chat")}${radio("email")}${radio("phone")}</div></fieldset>
    ${leaves && chosen !== "chat" ? field({ name: "address", type: chosen === "email" ? "email" : "tel", label: words[chosen as "email"], required: true }, shown, deeds) : nothing}
    ${field({ name: "times", label: words.times }, shown, deeds, words.timesHint)}`;
}

function field(one: Field, { answers, faults, speech }: Shown, deeds: Deeds, hint = ""): TemplateResult {
  const { words } = speech;
  const id = `field-${one.name}`;
  const fault = faults[one.name];
  const value = answers[one.name] ?? "";
  const told = (event: Event): void => deeds.answer(one.name, (event.target as HTMLInputElement).value);
  const invalid = fault ? "true" : "false";
  const named = one.label ?? labelOf(one.name, words);
  if (one.type === "checkbox") {
    return html`<label class="tickbox"><input type="checkbox" id=${id} .checked=${value === true} aria-invalid=${invalid}
      @change=${(event: Event) => deeds.answer(one.name, (event.target as HTMLInputElement).checked)}><span>${named}</span></label>${wrong(id, fault, words)}`;
  }
  return html`<div class="field"><label for=${id}>${named}</label>${
    one.type === "textarea" ? html`<textarea id=${id} rows="3" maxlength="4000" .value=${String(value)} aria-invalid=${invalid} aria-describedby=${`${id}-wrong`} ?required=${one.required} @input=${told}></textarea>`
      : one.type === "select" ? html`<select id=${id} aria-invalid=${invalid} aria-describedby=${`${id}-wrong`} ?required=${one.required} @change=${told}>
          <option value="">${words.choose}</option>
          ${(one.options ?? []).map((option) => choice(option, String(value)))}</select>`
        : html`<input id=${id} type=${one.type ?? "text"} dir=${one.type === "email" || one.type === "tel" ? "ltr" : nothing} maxlength="256" placeholder=${hint} .value=${String(value)} aria-invalid=${invalid}
            aria-describedby=${`${id}-wrong`} autocomplete=${completion(one)} ?required=${one.required} @input=${told}>`
  }${wrong(id, fault, words)}</div>`;
}

function choice(option: string | { value: string; label: string }, chosen: string): TemplateResult {
  const { value, label } = typeof option === "string" ? { value: option, label: option } : option;
  return html`<option value=${value} ?selected=${value === chosen}>${label}</option>`;
}

function wrong(id: string, fault: "required" | "badEmail" | undefined, words: Catalog): TemplateResult {
  return html`<p class="wrong" id=${`${id}-wrong`} ?hidden=${!fault}>${fault ? words[fault] : nothing}</p>`;
}

function labelOf(name: string, words: Catalog): string {
  const known: Record<string, string> = { name: words.name, email: words.email, phone: words.phone };
  return known[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[._-]/g, " ");
}

function completion({ name, type }: Field): "name" | "email" | "tel" | "off" {
  if (name === "name") return "name";
  return type === "email" || type === "tel" ? type : "off";
}
