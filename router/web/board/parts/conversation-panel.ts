/**
 * A live conversation under a supervisor's eyes: listen, whisper, join, take over, move, transfer, end.
 *
 * Owns: what is being written, which of the three modes it goes out by.
 * Does not know: how a deed is asked of the server (control.ts).
 * Invariants: beside every button stands what the agent and the customer will see.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { entriesOf } from "../../desktop/entries.js";
import { entryRow } from "../../desktop/parts/entry-row.js";
import { icon, type IconName } from "../../desktop/parts/icons.js";
import { queueOf } from "../../desktop/words.js";
import type { Mode } from "../control.js";
import { Part } from "./part.js";
import "./give-list.js";
import "./pass-card.js";

const MODES: [Mode, string, IconName][] = [["monitor", "Listen", "ear"], ["whisper", "Whisper", "note"], ["barge", "Join", "ask"]];

@customElement("wall-conversation")
export class ConversationPanel extends Part {
  @state() private opened: "" | "move" | "pass" = "";

  override render(): TemplateResult {
    const { control, model } = this.wall;
    const { conversation, mode } = control;
    if (!conversation) return html`<p class="empty">It is over.</p>`;
    const agent = conversation.agent?.name || conversation.agent?.id || "";
    const over = conversation.status === "ended";
    const waits = !conversation.agent;
    return html`<p class="hint">${[queueOf(conversation), conversation.channel, agent ? `with ${agent}` : "in line"].join(" · ")}${over ? html` · <b>over</b>` : nothing}</p>
      <div class="log" tabindex="0" role="group" aria-label="Conversation"><div class="entries" role="log" aria-label="Transcript">
        ${repeat(entriesOf(conversation, model, 0, conversation.messages.length), (one) => one.key, (one) => entryRow(one, { you: model.you?.id }))}</div>
        ${conversation.messages.length ? nothing : html`<p class="empty">Nothing was said yet.</p>`}</div>
      ${over ? nothing : html`<div class="modes" role="group" aria-label="How you take part">${MODES.map(([one, words, name]) => html`<button type="button" aria-pressed=${one === mode} ?disabled=${waits && one !== "monitor"} @click=${() => void control.turn(one)}>${icon(name)} ${words}</button>`)}</div>
        <p class="effect">${this.effect(agent)}</p>${mode === "monitor" ? nothing : this.composer()}${this.deeds(agent)}
        ${this.card(conversation.conversation, conversation.agent?.id ?? "")}`}`;
  }

  private card(id: string, holder: string): TemplateResult | typeof nothing {
    if (this.opened === "move") return html`<wall-give .wall=${this.wall} .conversation=${id} .holder=${holder}></wall-give>`;
    if (this.opened !== "pass" || !holder) return nothing;
    return html`<wall-pass .wall=${this.wall} .conversation=${id} .holder=${holder} .done=${() => (this.opened = "")}></wall-pass>`;
  }

  private turn(card: "move" | "pass"): void {
    this.opened = this.opened === card ? "" : card;
    void this.updateComplete.then(() => this.find("wall-give, wall-pass")?.scrollIntoView({ block: "end" }));
  }

  override updated(): void {
    const log = this.find<HTMLElement>(".log");
    if (log) log.scrollTop = log.scrollHeight;
  }

  private effect(agent: string): string {
    const { mode } = this.wall.control;
    if (!agent) return "It waits: you read along; nobody else sees you.";
    if (mode === "monitor" && !this.wall.control.listenersShown) return `${agent} is not told that you listen; the audit trail keeps it. The customer sees nothing.`;
    if (mode === "monitor") return `${agent} sees that you are listening. The customer sees nothing.`;
    if (mode === "whisper") return `${agent} alone sees what you write. The customer sees nothing.`;
    return `The customer and ${agent} see your name and all that you write.`;
  }

  private composer(): TemplateResult {
    const whispers = this.wall.control.mode === "whisper";
    return html`<form class="say ${whispers ? "note" : ""}" @submit=${this.send}><textarea rows="2" aria-label=${whispers ? "Whisper to the agent" : "Message to the customer"}
      placeholder=${whispers ? "Only the agent sees this" : "The customer sees this"} @keydown=${this.keyed}></textarea><button class="main">${whispers ? "Whisper" : "Send"}</button></form>`;
  }

  private deeds(agent: string): TemplateResult | typeof nothing {
    const { control } = this.wall;
    if (!agent) return html`<div class="deeds-list">${this.deed("move", "Move", "You choose who gets it without being asked.", () => this.turn("move"))}</div>`;
    const desk = control.ownDesk;
    const mine = desk && control.conversation?.agent?.id === desk.id;
    const over = desk
      ? `It goes to your own desk. ${agent} loses it and sees that you have it; the customer sees that you joined.`
      : `You answer from here: the customer sees your name, ${agent} is told to step back and keeps it in the list.`;
    return html`<div class="deeds-list">
      ${mine ? nothing : this.deed("person", "Take over", over, () => void control.takeOver())}
      ${this.deed("move", "Move", `You choose who gets it. ${agent} loses it; the customer sees who joined.`, () => this.turn("move"))}
      ${this.deed("queue", "Transfer", `Back in line for a queue, or offered to one agent. ${agent} loses it; the customer waits again.`, () => this.turn("pass"))}
      ${this.deed("why", "Why this agent?", "Nobody sees that you ask.", () => this.wall.open({ sort: "why", heading: "Why this agent", about: { conversation: control.watched } }, { over: true }))}
      ${this.deed("end", "End", `The customer sees that it is over; ${agent} goes on to the wrap-up.`, () => control.end())}</div>`;
  }

  private deed(name: IconName, label: string, effect: string, act: () => void): TemplateResult {
    return html`<div><button type="button" @click=${act}>${icon(name)} ${label}</button><small>${effect}</small></div>`;
  }

  private keyed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    (event.target as HTMLTextAreaElement).form?.requestSubmit();
  }

  private send(event: Event): void {
    event.preventDefault();
    const field = this.find<HTMLTextAreaElement>("textarea")!;
    this.wall.control.say(field.value);
    field.value = "";
  }
}
