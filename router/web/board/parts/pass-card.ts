/**
 * Passing a conversation on as its agent could: to a queue, or offered to one agent.
 *
 * Owns: the choice and the note. Does not know: what a transfer does to the line.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { plural } from "../../desktop/words.js";
import { queueName, span } from "../words.js";
import { room } from "./give-list.js";
import { Part } from "./part.js";

@customElement("wall-pass")
export class PassCard extends Part {
  @property({ attribute: false }) conversation = "";
  /** Who has it now. */
  @property({ attribute: false }) holder = "";
  /** What the card is done with. */
  @property({ attribute: false }) done: () => void = () => {};
  @state() private chosen = "";

  override render(): TemplateResult {
    const { wall, holder } = this;
    const people = wall.people.filter(({ id, state }) => id !== holder && state !== "lost").sort((a, b) => room(b) - room(a));
    const queues = wall.allQueues.filter(({ closed }) => !closed);
    return html`<form class="card" @submit=${this.submit}><h3>Transfer</h3>
      <label class="field">To<select required @change=${(event: Event) => (this.chosen = (event.target as HTMLSelectElement).value)}>
        <option value="">Choose a queue or an agent …</option>
        <optgroup label="Queues">${queues.map((one) => html`<option value=${`queue ${one.queue}`}>${queueName(one)}: ${one.waiting ? `${plural(one.waiting, "customer")} waiting, ${span(wall.oldest(one))}` : "nobody waits"}</option>`)}</optgroup>
        ${people.length ? html`<optgroup label="Agents">${people.map((one) => html`<option value=${`agent ${one.id}`}>${one.name || one.id}: ${room(one)} free</option>`)}</optgroup>` : nothing}</select></label>
      <label class="field">Note for whoever takes it<textarea rows="2" maxlength="4000" dir="auto"></textarea></label>
      <p class="effect">${this.effect()}</p><div class="answers"><button class="main" ?disabled=${!this.chosen}>Transfer</button><button type="button" @click=${this.done}>Cancel</button></div></form>`;
  }

  private effect(): string {
    const name = this.wall.person(this.holder)?.name || this.holder;
    const where = this.chosen.startsWith("agent") ? "It is offered to that agent alone for a while, then to the queue." : "It goes back in line with its age.";
    return `${where} ${name} loses it and sees that it was passed on; the customer is told that they are waiting again.`;
  }

  private submit(event: Event): void {
    event.preventDefault();
    const { wall, conversation, chosen } = this;
    const [kind, ...rest] = chosen.split(" ");
    const id = rest.join(" ");
    const to = kind === "queue" ? { queue: id } : { agent: id };
    const found = wall.allQueues.find(({ queue }) => queue === id);
    const name = kind === "queue" ? (found ? queueName(found) : id) : wall.person(id)?.name || id;
    const note = this.find<HTMLTextAreaElement>("textarea")!.value.trim();
    this.done();
    wall.toasts.later(`Transfer to ${name} in 5 s.`, () => void wall.control.pass(conversation, to, name, note), () => wall.toasts.tell("Not transferred."));
  }
}
