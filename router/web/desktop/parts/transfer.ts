/**
 * To whom: queues with their waits and colleagues with their room, to pass a conversation on or to
 * ask somebody in.
 *
 * Owns: the choice and the note. Does not know: what the server makes of it.
 * Invariants: a transfer can be undone for a moment, for it is sent only then.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Told } from "../../client/protocol.js";
import { UNDO_MS } from "../toasts.js";
import type { Panel } from "../desk.js";
import { freeOf, nameIn } from "../team.js";
import { duration, language, plural, SHOWS, title } from "../words.js";
import { initials } from "../../client/dom.js";
import { Dialog } from "./dialog.js";
import { icon } from "./icons.js";

type Way = "transfer" | "consult" | "barge" | "supervisor";
type Target = { queue: string } | { skill: string } | { agent: string };
interface Option {
  key: string;
  name: string;
  to: Target;
  row: TemplateResult;
}

const WAYS: [Way, string, string][] = [
  ["transfer", "Transfer", "The customer goes back in line with their age, for a queue or a skill, or to the colleague you choose."],
  ["consult", "Consult", "The colleague reads along and answers in notes. The customer does not see it."],
  ["barge", "Conference", "The colleague joins and writes to the customer as well."],
  ["supervisor", "Supervisor", "Supervisors of your teams are called at once; whoever comes listens or whispers. The customer sees nothing."],
];

@customElement("desk-transfer")
export class Transfer extends Dialog {
  protected override readonly panels: readonly Panel[] = ["transfer", "consult", "supervisor"];
  protected override readonly heading = "Pass on or ask";
  protected override readonly kind = "transfer";
  @state() private way: Way = "transfer";
  @state() private sought = "";
  @state() private picked = "";

  protected override opened(): void {
    this.way = this.desk.panel as "transfer" | "consult" | "supervisor";
    this.sought = this.picked = "";
    void this.desk.team.live(true);
  }

  protected override closed(): void {
    void this.desk.team.live(false);
  }

  protected override content(): TemplateResult {
    const options = this.options();
    const [, label, meaning] = WAYS.find(([way]) => way === this.way)!;
    return html`<form @submit=${this.submitted} @keydown=${this.key}>
      <div class="ways" role="radiogroup" aria-label="How">${WAYS.map(([way, name]) => html`<label><input type="radio" name="way" value=${way}
        .checked=${way === this.way} @change=${() => this.go(way)}><span>${name}</span></label>`)}</div>
      <p class="hint">${meaning}</p>
      ${this.way === "supervisor" ? this.note("What it is about (optional)") : html`<input type="search" autofocus role="combobox" aria-expanded="true" aria-controls="targets" aria-activedescendant=${this.picked ? `to-${this.picked}` : nothing}
        aria-label="Queue, skill or colleague" placeholder="Find a queue, a skill, a colleague, a language" .value=${this.sought} @input=${this.seek}>
      <div class="targets" id="targets" role="listbox" aria-label="To whom" tabindex="-1">${options.map((one) => this.option(one))}
        ${options.length ? nothing : html`<p class="empty">${this.nobody}</p>`}</div>${this.note("Note for the colleague")}`}
      <div class="answers"><button class="main" ?disabled=${this.way !== "supervisor" && !this.target(options)}>${this.way === "supervisor" ? "Call a supervisor" : label} <kbd>Ctrl ⏎</kbd></button>
        <button type="button" @click=${this.close}>Cancel</button></div></form>`;
  }

  private note(label: string): TemplateResult {
    const most = this.way === "supervisor" ? 200 : 4_000;
    return html`<label for="transfer-note">${label}</label>
      <textarea id="transfer-note" rows="2" dir="auto" placeholder="What the next one should know" maxlength=${most}></textarea>`;
  }

  private get nobody(): string {
    if (this.sought) return "Nothing of that name.";
    return this.desk.team.hasTeam ? "No colleague of your teams is there right now." : "You are in no team, so no colleagues are shown.";
  }

  private options(): Option[] {
    const { team, conversation } = this.desk;
    const queues = this.way === "transfer" ? team.queues.filter(({ closed }) => !closed).map((one) => this.queue(one, one.queue === conversation?.queue)) : [];
    const skills = this.way === "transfer" ? team.skills.map((one) => this.skill(one)) : [];
    const people = team.colleagues.map((one) => this.colleague(one));
    const wanted = this.sought.trim().toLowerCase();
    return [...queues, ...skills, ...people].filter(({ name }) => name.toLowerCase().includes(wanted));
  }

  private wait(one: { waiting: number; oldest_ms: number }): string {
    return one.waiting ? `${plural(one.waiting, "customer")} waiting, the longest ${duration(this.desk.team.oldest(one))}` : "nobody waits";
  }

  private skill(one: Told.SkillFigures): Option {
    const name = title(one.skill);
    const free = one.available ? `${one.available} available, ${plural(one.free, "free place")}` : `${one.here} here, none available`;
    const row = html`<span class="face queue" aria-hidden="true">${icon("bolt")}</span><span class="text"><b dir="auto">${name} <small>(skill)</small></b><small>${free} · ${this.wait(one)}</small></span>`;
    return { key: `s-${one.skill}`, name: `${name} ${one.skill} skill`, to: { skill: one.skill }, row };
  }

  private queue(one: Told.QueueFigures, same: boolean): Option {
    const name = one.name || title(one.queue);
    const wait = this.wait(one);
    const row = html`<span class="face queue" aria-hidden="true">${icon("queue")}</span><span class="text"><b dir="auto">${name}${same ? html` <small>(back in line)</small>` : nothing}</b><small>${wait}</small></span>`;
    return { key: `q-${one.queue}`, name: `${name} ${one.queue}`, to: { queue: one.queue }, row };
  }

  private colleague(one: Told.PresenceEntry): Option {
    const free = freeOf(one);
    const room = one.capacity ? (free ? `${free} of ${one.capacity} free` : "no free place") : "";
    const spoken = (one.languages ?? []).map(language);
    const state = [SHOWS[one.show] ?? one.show, one.reason, room, spoken.join(", ")].filter(Boolean).join(" · ");
    const row = html`<span class="face" aria-hidden="true">${initials(nameIn(one))}<span class="dot" data-show=${one.show}></span></span><span class="text"><b dir="auto">${nameIn(one)}</b><small>${state}</small></span>`;
    return { key: `a-${one.id}`, name: `${nameIn(one)} ${one.id} ${spoken.join(" ")} ${SHOWS[one.show] ?? ""}`, to: { agent: one.id }, row };
  }

  private option({ key, row }: Option): TemplateResult {
    return html`<div role="option" class="target" id=${`to-${key}`} aria-selected=${String(key === this.picked)} @click=${() => this.pick(key)} @dblclick=${() => this.form.requestSubmit()}>${row}</div>`;
  }

  private target(options: Option[]): Option | undefined {
    return options.find(({ key }) => key === this.picked);
  }

  private get form(): HTMLFormElement {
    return this.find("form")!;
  }

  private go(way: Way): void {
    this.way = way;
    if (way !== "transfer" && !this.picked.startsWith("a-")) this.picked = "";
  }

  private seek(event: Event): void {
    this.sought = (event.target as HTMLInputElement).value;
    const options = this.options();
    if (!this.target(options)) this.picked = options[0]?.key ?? "";
  }

  private pick(key: string): void {
    this.picked = key;
    this.find<HTMLElement>("#transfer-note")?.focus();
  }

  private key(event: KeyboardEvent): void {
    const searching = (event.target as HTMLElement).matches("[type=search]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const options = this.options();
    if (searching && step && options.length) {
      const place = options.findIndex(({ key }) => key === this.picked) + step;
      this.picked = options[(place + options.length) % options.length].key;
      void this.updateComplete.then(() => this.find(`#to-${CSS.escape(this.picked)}`)?.scrollIntoView({ block: "nearest" }));
    } else if (searching && event.key === "Enter" && this.picked) this.pick(this.picked);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    else return;
    event.preventDefault();
  }

  private submitted(event: Event): void {
    event.preventDefault();
    const chosen = this.target(this.options());
    const { conversation } = this.desk.about;
    const note = this.find<HTMLTextAreaElement>("#transfer-note")!.value.trim();
    const more = note ? { note } : {};
    if (conversation && this.way === "supervisor") {
      this.close();
      void this.desk.ask("help.ask", { conversation, ...more }).then((done) => done && this.desk.tell("Supervisors are called."));
    }
    if (!chosen || !conversation || this.way === "supervisor") return;
    const name = this.nameOf(chosen);
    this.close();
    if (this.way === "transfer") this.transfer(conversation, chosen.to, name, more);
    else void this.invite(conversation, (chosen.to as { agent: string }).agent, name, more);
  }

  private nameOf({ to }: Option): string {
    if ("queue" in to) return this.desk.team.queues.find(({ queue }) => queue === to.queue)?.name || title(to.queue);
    if ("skill" in to) return `the skill ${title(to.skill)}`;
    const known = this.desk.team.colleagues.find(({ id }) => id === to.agent);
    return known ? nameIn(known) : to.agent;
  }

  private transfer(conversation: string, to: Target, name: string, more: object): void {
    const { desk } = this;
    const text = `Transfer to ${name} in ${UNDO_MS / 1_000} s`;
    const deed = async (): Promise<void> => {
      const refused = { 103: "skill" in to ? `Nobody with ${name} is here. The conversation is still yours.` : `${name} is no longer there. The conversation is still yours.` };
      const done = await desk.ask("conversation.transfer", { conversation, to, ...more }, refused);
      if (done) desk.tell(`Transferred to ${name}. The customer is told.`);
    };
    desk.toasts.later(text, () => void deed(), () => desk.tell("Not transferred. The conversation is still yours."));
  }

  private async invite(conversation: string, agent: string, name: string, more: object): Promise<void> {
    const done = await this.desk.ask("conversation.invite", { conversation, agent, mode: this.way, ...more }, {
      115: `${name} cannot come right now.`,
    });
    if (done) this.desk.tell(`${name} is asked ${this.way === "barge" ? "to join the conversation" : "for advice"}.`);
  }
}
