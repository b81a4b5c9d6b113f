/**
 * Why a conversation waits, or why it went to whom; and giving it another class or agent from there.
 *
 * Owns: what is asked, the form for the class.
 * Does not know: the words of an explanation (explained.ts).
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Refused, type Told } from "../../client/protocol.js";
import { duration, title } from "../../desktop/words.js";
import { AskingPart } from "./asking.js";
import { explained } from "./explained.js";
import "./give-list.js";

@customElement("wall-why")
export class WhyPanel extends AskingPart {
  @property({ attribute: false }) about!: { conversation?: string; agent?: string };
  @state() private told: NonNullable<Told.Reply["explain"]> | null = null;
  @state() private complaint = "";
  @state() private chosen = "";
  @state() private reason = "";
  /** How many stand before it now, and would with the class chosen. */
  @state() private foretold: { ahead?: number | null; would_be_ahead?: number | null } | null = null;

  override render(): TemplateResult {
    if (this.complaint) return html`<p class="empty">${this.complaint}</p>`;
    if (!this.told) return html`<p class="hint" role="status">Asking the server …</p>`;
    const waits = this.told.about === "waiting" && this.about.conversation;
    return html`${explained(this.told, this.wall)}${waits ? html`${this.priority()}
      <wall-give .wall=${this.wall} .conversation=${this.about.conversation} .holder=${""}></wall-give>` : nothing}`;
  }

  private priority(): TemplateResult {
    const { classes } = this.wall.control;
    const now = this.told?.about === "waiting" ? this.told.klass : "";
    const chosen = this.chosen || now;
    const before = classes.find(([id]) => id === now)?.[1] ?? 0;
    const gain = Math.max(0, (classes.find(([id]) => id === chosen)?.[1] ?? 0) - before);
    const { ahead, would_be_ahead: then } = this.foretold ?? {};
    const place = gain && typeof ahead === "number" && typeof then === "number" ? ` Place ${then + 1} in line, now ${ahead + 1}.` : "";
    const effect = gain ? `It counts as if it had come ${duration(gain)} earlier; those it passes see why their place grew. The customer sees a better place.${place}` : "The same or a lower class changes no place.";
    return html`<form class="card" @submit=${this.set}><h3>Priority</h3><div class="pair">
      <label class="field">Class<select @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>
        ${classes.map(([id]) => html`<option value=${id} ?selected=${id === chosen}>${title(id)}</option>`)}</select></label>
      <label class="field">Reason<input required maxlength="200" .value=${this.reason} @input=${(event: Event) => (this.reason = (event.target as HTMLInputElement).value)}></label></div>
      <p class="effect" role="status">${effect}</p><button class="main" ?disabled=${!this.reason.trim() || chosen === now}>Set priority</button></form>`;
  }

  private choose(priority: string): void {
    this.chosen = priority;
    this.foretold = null;
    void this.foretell();
  }

  private async foretell(): Promise<void> {
    const { conversation } = this.about;
    if (!conversation || !this.chosen) return;
    const reply = await this.wall.connection.command("preview", { conversation, priority: this.chosen }).catch(() => null);
    if (reply?.preview?.about === "conversation" && reply.preview.priority === this.chosen) this.foretold = reply.preview;
  }

  private async set(event: Event): Promise<void> {
    event.preventDefault();
    const conversation = this.about.conversation ?? "";
    if (await this.wall.control.ask("conversation.priority", { conversation, priority: this.chosen, reason: this.reason })) {
      this.wall.toasts.tell(`The class is ${title(this.chosen)} now.`);
      this.reason = "";
      void this.fetch();
    }
  }

  protected override async fetch(): Promise<void> {
    const { conversation, agent } = this.about;
    try {
      const reply = await this.wall.connection.command("explain", conversation ? { conversation } : { agent });
      this.told = reply.explain ?? null;
      this.complaint = this.told ? "" : "The server has no answer.";
      void this.foretell();
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal;
      if (refusal.code !== 0) this.complaint = refusal.code === 103 ? "It is no longer there." : "You may not ask about this one.";
    }
  }
}
