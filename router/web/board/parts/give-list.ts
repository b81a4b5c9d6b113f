/**
 * To whom a conversation can be given by hand: who has room first.
 *
 * Owns: the list, and looking for a name where there are too many agents to be told of all.
 * Does not know: what giving does.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Told } from "../../client/protocol.js";
import { language } from "../../desktop/words.js";
import { LONGER } from "../words.js";
import { AskingPart } from "./asking.js";
import { shape } from "./shapes.js";

const SHOWN = 30;

export const room = ({ capacity, load }: Told.PresenceEntry): number => Math.max(0, (capacity ?? 0) - (load ?? 0));

@customElement("wall-give")
export class GiveList extends AskingPart {
  @property({ attribute: false }) conversation = "";
  /** Who has it now; empty while it waits. */
  @property({ attribute: false }) holder = "";
  @state() private asked: Told.PresenceEntry[] = [];
  private sought = "";

  override render(): TemplateResult {
    const { wall, holder } = this;
    const known = wall.isCrowded ? this.asked : wall.people;
    const people = known.filter(({ id, state }) => id !== holder && state !== "lost").sort((a, b) => room(b) - room(a));
    const former = holder ? `${wall.person(holder)?.name || holder} loses it at once and sees who has it; the` : "The";
    return html`<section class="card"><h3>Move</h3><p class="effect">Whoever you choose gets it without being asked, also while away. ${former} customer sees that somebody joined.</p>
      ${wall.isCrowded ? html`<label class="field">Name<input type="search" placeholder="Part of a name; none: who is free" @input=${this.seek}></label>` : nothing}
      <ul class="rows give">${people.map((one) => html`<li class="row"><span>${shape(one.state ?? "")} <b>${one.name || one.id}</b>
        <small>${LONGER[one.state ?? ""] ?? one.show} · ${room(one)} free · ${(one.languages ?? []).map(language).join(", ")}</small></span>
        <button type="button" ?disabled=${room(one) === 0} @click=${() => void wall.control.give(this.conversation, one.id)}>Give to ${one.name || one.id}</button></li>`)}</ul>
      ${people.length ? nothing : html`<p class="empty">${wall.isCrowded ? "Nobody found." : "Nobody else is signed in."}</p>`}</section>`;
  }

  private seek(event: Event): void {
    this.sought = (event.target as HTMLInputElement).value.trim();
    void this.fetch();
  }

  protected override async fetch(): Promise<void> {
    const { sought } = this;
    if (!this.wall.isCrowded) return;
    const query = sought ? { name: sought } : { state: "free" };
    const found = await this.wall.control.agents({ ...query, limit: SHOWN }).catch(() => null);
    if (found && sought === this.sought) this.asked = found.people;
  }
}
