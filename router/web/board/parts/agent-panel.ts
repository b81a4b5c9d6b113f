/**
 * One agent: what they do, why they get work or none, their conversations, setting their status.
 *
 * Owns: the form for the status. Does not know: how a conversation is looked into.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Refused, type Told } from "../../client/protocol.js";
import { SHOWS } from "../../desktop/words.js";
import type { Row } from "../control.js";
import { LONGER, span } from "../words.js";
import { AskingPart } from "./asking.js";
import { agentFacts } from "./explained.js";
import { purposeField } from "./purpose.js";
import { listed } from "./rows.js";
import { shape } from "./shapes.js";
import "./skills-card.js";

type About = Extract<NonNullable<Told.Reply["explain"]>, { about: "agent" }>;

@customElement("wall-agent")
export class AgentPanel extends AskingPart {
  @property({ attribute: false }) agent = "";
  @state() private told: About | null = null;
  @state() private rows: Row[] | null = null;
  @state() private show = "away";
  @state() private reason = "";
  /** What the agent did at the last drawing. */
  private seen = "";

  protected override willUpdate(): void {
    const { state, load } = this.wall.person(this.agent) ?? {};
    const now = `${state} ${load}`;
    if (this.seen && this.seen !== now) void this.fetch();
    this.seen = now;
  }

  override render(): TemplateResult {
    const { wall, agent } = this;
    const person = wall.person(agent);
    const state = person?.state ?? "";
    const age = person ? wall.model.now() - wall.since(person) : 0;
    return html`<p class="doing">${person ? html`${shape(state, age)} <b>${LONGER[state] ?? person.show}</b> for <time>${span(age)}</time>` : "Not signed in."}</p>
      ${this.told ? agentFacts(this.told) : nothing}
      <h3>Conversations</h3>${purposeField(wall.control, () => this.requestUpdate())}
      ${listed(wall, this.rows, "None right now.")}
      ${person ? this.form(person.name || agent) : nothing}
      ${person ? html`<wall-skills .wall=${wall} .agent=${agent}></wall-skills>` : nothing}`;
  }

  private form(name: string): TemplateResult {
    const ready = this.reason.trim() !== "";
    return html`<form class="card" @submit=${this.set}><h3>Set status</h3>
      <div class="pair"><label class="field">Status<select @change=${(event: Event) => (this.show = (event.target as HTMLSelectElement).value)}>
        ${Object.entries(SHOWS).map(([show, words]) => html`<option value=${show} ?selected=${show === this.show}>${words}</option>`)}</select></label>
        <label class="field">Reason<input required maxlength="100" .value=${this.reason} placeholder="Break, training, technical" @input=${(event: Event) => (this.reason = (event.target as HTMLInputElement).value)}></label></div>
      <p class="effect">${name} sees “${SHOWS[this.show]}” with your reason. ${this.show === "available" ? "Offers begin at once." : "A pending offer goes to the next agent; running conversations stay."} Customers see nothing.</p>
      <button class="main" ?disabled=${!ready}>Set status</button></form>`;
  }

  private async set(event: Event): Promise<void> {
    event.preventDefault();
    const { agent, reason } = this;
    const show = this.show as "available";
    if (await this.wall.control.ask("agent.presence", { agent, show, reason })) {
      this.wall.toasts.tell(`${this.wall.person(agent)?.name || agent} is set to ${SHOWS[show]}.`);
      this.reason = "";
      void this.fetch();
    }
  }

  protected override async fetch(): Promise<void> {
    const { control, connection } = this.wall;
    try {
      if (this.wall.isCrowded) await control.agents({ name: this.agent, limit: 50 });
      const [reply, active, wrapUp] = await Promise.all([
        connection.command("explain", { agent: this.agent }), control.list({ status: "active" }), control.list({ status: "wrap_up" }),
      ]);
      this.told = reply.explain?.about === "agent" ? reply.explain : null;
      this.rows = [...active, ...wrapUp].filter(({ agent }) => agent === this.agent);
    } catch (error) {
      if (error instanceof Refused && error.code !== 0) this.rows = [];
    }
  }
}
