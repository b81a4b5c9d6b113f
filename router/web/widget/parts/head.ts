/** The head of the panel: who answers, what can be done, and how the connection is. */
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Deeds, Shown } from "../shown.js";
import { isOver } from "../talk.js";
import { fill } from "../words.js";
import { icon } from "./icons.js";

export function head(shown: Shown, deeds: Deeds): TemplateResult {
  const { words } = shown.speech;
  const agent = shown.talk?.status === "active" ? shown.talk.agent ?? null : null;
  return html`
    <header part="head">
      <div class="bar">
        <span class=${agent ? "face" : "face team"} aria-hidden="true">${agent ? initials(agent.name || agent.id) : nothing}</span>
        <div class="names"><h2>${agent?.name || shown.name || words.title}</h2><p>${subtitle(shown)}</p></div>
        <button type="button" class="round-quiet more" aria-label=${words.more} aria-expanded=${shown.menu}
          @click=${() => deeds.menu(!shown.menu)}>${icon("more")}</button>
        ${shown.inline ? nothing : html`<button type="button" class="round-quiet" aria-label=${words.minimise}
          @click=${() => deeds.close()}>${icon("down")}</button>`}
      </div>
      ${shown.asksEnd ? asking(shown, deeds) : nothing}
      ${shown.menu ? menu(shown, deeds) : nothing}
    </header>
    ${strip(shown, deeds)}`;
}

function subtitle({ speech, talk, opening }: Shown): string {
  const { words } = speech;
  const spoken = talk?.status === "active" ? tagsOf(talk.agent?.languages) : [];
  if (talk?.status === "active") return speech.languages(spoken);
  if (opening && !opening.open && !opening.full) return words.status.closed;
  if (talk || !opening) return words.subtitle;
  const { wait_ms } = opening;
  if (!wait_ms) return words.subtitle;
  const minutes = (ms: number): number => Math.max(1, Math.ceil(ms / 60_000));
  const band = wait_ms.p90 < 60_000 ? { low: 0, high: 0 } : { low: minutes(wait_ms.p50), high: minutes(wait_ms.p90) };
  return fill(words.status.wait, { band: speech.band(band) });
}

/** Languages come as a list of tags, or as a table with levels. */
function tagsOf(told: readonly string[] | Record<string, number> | undefined): string[] {
  return Array.isArray(told) ? [...told] : Object.keys(told ?? {});
}

function menu(shown: Shown, deeds: Deeds): TemplateResult {
  const { words } = shown.speech;
  const item = (name: Parameters<typeof icon>[0], text: string, act: () => void): TemplateResult =>
    html`<button type="button" @click=${act}>${icon(name)}<span>${text}</span></button>`;
  return html`<div class="menu" part="menu">
    ${shown.talk?.messages.length ? item("save", words.download, () => deeds.download()) : nothing}
    ${shown.mayHear ? item(shown.muted ? "sound" : "mute", shown.muted ? words.soundOn : words.soundOff, () => deeds.mute(!shown.muted)) : nothing}
    ${!isOver(shown.talk) ? item("reach", words.reach, () => deeds.form("reach")) : nothing}
    ${shown.talk?.status === "active" ? item("end", words.end, () => deeds.askEnd(true)) : nothing}
  </div>`;
}

function asking(shown: Shown, deeds: Deeds): TemplateResult {
  const { words } = shown.speech;
  return html`<div class="ask" role="group" aria-label=${words.endAsk}>
    <span>${words.endAsk}</span>
    <button type="button" @click=${() => deeds.leave()}>${words.endYes}</button>
    <button type="button" @click=${() => deeds.askEnd(false)}>${words.endNo}</button>
  </div>`;
}

/** The countdown is for eyes; a reader hears of the loss once, not each second. */
function strip({ strip }: Shown, deeds: Deeds): TemplateResult {
  const act = (): void => (strip?.stopped ? deeds.useHere() : deeds.tryNow());
  return html`<div class=${strip?.stopped ? "strip stopped" : "strip"} part="strip" ?hidden=${!strip}>
    <span aria-hidden=${strip?.text === strip?.spoken}>${strip?.text}</span>
    ${strip?.action ? html`<button type="button" aria-disabled=${strip.idle} @click=${act}>${strip.action}</button>` : nothing}
  </div><span class="spoken" role="status">${strip?.spoken}</span>`;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return words.slice(0, 2).map((word) => [...word][0]?.toUpperCase() ?? "").join("");
}
