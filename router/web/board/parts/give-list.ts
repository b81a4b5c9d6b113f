/**
 * To whom a conversation can be given by hand: who has room first.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Told } from "../../client/protocol.js";
import { language } from "../../desktop/words.js";
import { LONGER } from "../words.js";
import { Part } from "./part.js";
import { shape } from "./shapes.js";

const room = ({ capacity, load }: Told.PresenceEntry): number => Math.max(0, (capacity ?? 0) - (load ?? 0));

@customElement("wall-give")
export class GiveList extends Part {
  @property({ attribute: false }) conversation = "";
  /** Who has it now; empty while it waits. */
  @property({ attribute: false }) holder = "";

  override render(): TemplateResult {
    const { wall, holder } = this;
    const people = wall.people.filter(({ id, state }) => id !== holder && state !== "lost").sort((a, b) => room(b) - room(a));
    const former = holder ? `${wall.person(holder)?.name || holder} loses it at once and sees who has it; the` : "The";
    return html`<section class="card"><h3>Move</h3><p class="effect">Whoever you choose gets it without being asked, also while away. ${former} customer sees that somebody joined.</p>
      <ul class="rows give">${people.map((one) => html`<li class="row"><span>${shape(one.state ?? "")} <b>${one.name || one.id}</b>
        <small>${LONGER[one.state ?? ""] ?? one.show} · ${room(one)} free · ${(one.languages ?? []).map(language).join(", ")}</small></span>
        <button type="button" ?disabled=${room(one) === 0} @click=${() => void wall.control.give(this.conversation, one.id)}>Give to ${one.name || one.id}</button></li>`)}</ul>
      ${people.length ? nothing : html`<p class="empty">Nobody else is signed in.</p>`}</section>`;
  }
}
