/**
 * What an agent can do, changed on the spot, with what that would do to those who wait.
 *
 * Owns: the form and its preview. Does not know: how agents are chosen.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Told } from "../../client/protocol.js";
import { language, plural, title } from "../../desktop/words.js";
import { isTouched, withLevel, type Kind, type Levels, type Wished } from "../levels.js";
import { AskingPart } from "./asking.js";

type About = Extract<NonNullable<Told.Reply["preview"]>, { about: "agent" }>;

const LEVEL_NEW = 50;

@customElement("wall-skills")
export class SkillsCard extends AskingPart {
  @property({ attribute: false }) agent = "";
  @state() private told: About | null = null;
  /** What is set here: of each table that was touched, the whole. */
  @state() private wished: Wished = {};
  @state() private reason = "";

  override render(): TemplateResult | typeof nothing {
    const { told } = this;
    if (!told) return nothing;
    return html`<form class="card skills" @submit=${this.set}><h3>Skills and languages</h3>
      ${this.table("skills", "Skill", title)}${this.table("languages", "Language", language)}
      <label class="field">Why<input required maxlength="200" .value=${this.reason} placeholder="Covers for a colleague" @input=${(event: Event) => (this.reason = (event.target as HTMLInputElement).value)}></label>
      <p class="effect" role="status">${this.effect(told)}</p>
      <div class="answers"><button class="main" ?disabled=${!isTouched(this.wished) || !this.reason.trim()}>Set skills</button>
        ${told.set_by_hand ? html`<button type="button" @click=${this.clear}>As the sign-in says</button>` : nothing}</div></form>`;
  }

  private get levels(): Record<Kind, Levels> {
    return { skills: this.told?.skills ?? {}, languages: this.told?.languages ?? {}, ...this.wished };
  }

  private table(kind: Kind, label: string, words: (id: string) => string): TemplateResult {
    const rows = Object.entries(this.levels[kind]);
    return html`<fieldset class="levels"><legend>${label}s</legend>
      ${rows.map(([id, level]) => html`<label><span>${words(id)}</span><input type="number" min="0" max="100" .value=${String(level)} aria-label=${`${words(id)}, 0 to 100`}
        @change=${(event: Event) => this.level(kind, id, event.target as HTMLInputElement)}></label>`)}
      <label class="more"><span>Add</span><input list=${`known-${kind}`} aria-label=${`Add a ${label.toLowerCase()}`} placeholder=${kind === "skills" ? "skill id" : "tag: de"} @change=${(event: Event) => this.add(kind, event.target as HTMLInputElement)}></label>
      <datalist id=${`known-${kind}`}>${this.known(kind).map((id) => html`<option value=${id}></option>`)}</datalist></fieldset>`;
  }

  /** What others can do, or queues ask for, and this agent cannot. */
  private known(kind: Kind): string[] {
    const own = this.levels[kind];
    const found = kind === "skills" ? this.wall.control.skills : this.wall.people.flatMap(({ languages }) => languages ?? []);
    return [...new Set(found)].filter((id) => !(id in own)).sort();
  }

  private add(kind: Kind, field: HTMLInputElement): void {
    const id = field.value.trim();
    if (id) this.put(kind, id, LEVEL_NEW);
    field.value = "";
  }

  /** A field that holds no number, because it was emptied, goes back to what it was. */
  private level(kind: Kind, id: string, field: HTMLInputElement): void {
    this.put(kind, id, field.valueAsNumber);
    field.value = String(this.levels[kind][id]);
  }

  private put(kind: Kind, id: string, level: number): void {
    const wished = withLevel(this.wished, kind, this.levels[kind], id, level);
    if (wished === this.wished) return;
    this.wished = wished;
    void this.fetch();
  }

  private effect({ could_take, would_take, stranded = 0 }: About): string {
    const name = this.wall.person(this.agent)?.name || this.agent;
    if (!isTouched(this.wished)) return `${name} could serve ${plural(could_take, "of those who wait", "of those who wait")} now. What you set counts at once and stays until it is taken back; ${name} is told.`;
    const left = stranded ? ` ${plural(stranded, "conversation")} would have nobody left.` : "";
    return `${name} could serve ${would_take} of those who wait, now ${could_take}.${left} What is being served stays; ${name} is told.`;
  }

  private async set(event: Event): Promise<void> {
    event.preventDefault();
    await this.send({ ...this.wished }, "The skills are set.");
  }

  private async clear(): Promise<void> {
    await this.send({ clear: true }, "The skills are as the sign-in says.");
  }

  private async send(change: Wished & { clear?: boolean }, words: string): Promise<void> {
    const { agent, reason } = this;
    if (!(await this.wall.control.ask("agent.skills", { agent, reason, ...change }))) return;
    this.wall.toasts.tell(words);
    this.wished = {};
    this.reason = "";
    await this.fetch();
  }

  protected override async fetch(): Promise<void> {
    const reply = await this.wall.connection.command("preview", { agent: this.agent, ...this.wished }).catch(() => null);
    if (reply?.preview?.about === "agent") this.told = reply.preview;
  }
}
