/**
 * One conversation: what was said, notes among colleagues, and below it what can be done.
 *
 * Owns: the log, of which only a stretch is there at a time, and where it is scrolled to.
 * Does not know: what is sent (composer.ts) or how a wrap-up ends (wrap-up.ts).
 * Invariants: thousands of messages cost what the stretch does; whoever reads up stays where they
 * are when something comes in.
 */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { unreadOf, type Conversation } from "../../client/conversations.js";
import { keyNow } from "../deeds.js";
import { entriesOf, type Entry } from "../entries.js";
import { duration, nameOf, queueOf } from "../words.js";
import { entryRow, type Around } from "./entry-row.js";
import { icon, type IconName } from "./icons.js";
import { Part } from "./part.js";
import "./composer.js";
import "./wrap-up.js";

const STRETCH = 90;
const STEP = 45;
const NEAR_PX = 300;
const END_PX = 60;
const PAGE = 200;

/** Where there is little room these have no words beside their icon. */
const MINOR: ReadonlySet<IconName> = new Set(["ask", "clock", "note", "bell"]);

@customElement("desk-transcript")
export class Transcript extends Part {
  /** How many messages lie below the stretch; 0 follows the end. */
  @state() private below = 0;
  @state() private length = STRETCH;
  private shown: string | null = null;
  private count = 0;
  private added = 0;
  private atEnd = true;
  /** Whoever reads the end goes on reading it when the page or the composer changes its height. */
  private readonly resized = new ResizeObserver(([{ target }]) => {
    if (this.atEnd) target.scrollTop = target.scrollHeight;
  });
  /** The end was asked for, though it is not in sight yet. */
  private jumping = false;
  private fetching = false;
  private anchor: { key: string; top: number } | null = null;

  override render(): TemplateResult {
    const { conversation } = this.desk;
    if (!conversation) return html`<section class="transcript">${this.blank()}</section>`;
    const around: Around = {
      you: this.desk.model.you?.id,
      ...(this.mayWrite(conversation) ? { quote: ({ text }: Entry) => this.desk.quote(text) } : {}),
    };
    return html`<section class="transcript">${this.head(conversation)}
      <div class="log" tabindex="0" role="group" aria-label="Conversation" @scroll=${this.scrolled}>
        ${conversation.more ? html`<button type="button" class="earlier" @click=${this.earlier}>Earlier messages</button>` : nothing}
        <div class="entries" role="log" aria-label="Transcript" aria-live=${this.below ? "off" : "polite"}>
          ${repeat(this.stretch(conversation), (one) => one.key, (one) => entryRow(one, around))}</div>
        ${conversation.typingUntil > Date.now() && conversation.status === "active"
          ? html`<p class="typing"><span class="dots" aria-hidden="true"><i></i><i></i><i></i></span> ${nameOf(conversation.customer)} is writing …</p>` : nothing}
      </div>
      ${this.atEnd ? nothing : html`<button type="button" class="to-end" @click=${this.toEnd}>To the newest ↓</button>`}
      ${this.urgent(conversation)}${this.called(conversation)}
      <div class="bottom">${conversation.status === "wrap_up"
        ? html`<desk-wrap-up .desk=${this.desk}></desk-wrap-up>`
        : html`<desk-composer .desk=${this.desk}></desk-composer>`}</div></section>`;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { conversation, chosen } = this.desk;
    if (this.shown === chosen) this.measure();
    else {
      this.shown = chosen;
      this.below = 0;
      this.length = STRETCH;
      this.count = conversation?.messages.length ?? 0;
      this.atEnd = true;
    }
    const count = conversation?.messages.length ?? 0;
    // What came in below must not push the stretch of somebody who reads further up.
    if (this.below > 0) this.below = Math.max(0, this.below + count - this.count - this.added);
    this.count = count;
    this.added = 0;
    this.anchor = this.atEnd ? null : this.anchored();
  }

  override updated(): void {
    const log = this.find<HTMLElement>(".log");
    if (!log) return;
    this.resized.observe(log); // once is enough, more does no harm
    if (this.atEnd) log.scrollTop = log.scrollHeight;
    else if (this.anchor) {
      const element = log.querySelector(`[data-key="${CSS.escape(this.anchor.key)}"]`);
      if (element) log.scrollTop += element.getBoundingClientRect().top - this.anchor.top;
    }
  }

  /** Said before the queue's rule strikes, so that nobody loses a conversation unawares. */
  private urgent(conversation: Conversation): TemplateResult | typeof nothing {
    const left = this.desk.answerLeft(conversation);
    if (left === null) return nothing;
    const then = conversation.reply?.then === "requeue" ? "it goes to a colleague" : "supervisors see that it waits";
    return html`<p class="urgent">${icon("clock")}<span role="status">${nameOf(conversation.customer)} waits for your answer; without one ${then}.</span> <b aria-hidden="true">${duration(left)}</b></p>`;
  }

  /** A supervisor was called from here, and nobody came yet. */
  private called({ conversation, help_since_at: since }: Conversation): TemplateResult | typeof nothing {
    if (!since) return nothing;
    const withdraw = (): void => void this.desk.ask("help.end", { conversation });
    return html`<p class="urgent called">${icon("bell")}<span role="status">A supervisor is called.</span> <span aria-hidden="true">${duration(this.desk.model.now() - since)}</span>
      <button type="button" class="small" @click=${withdraw}>Not needed any more</button></p>`;
  }

  /** Whether the customer hears me here. */
  private mayWrite(conversation: Conversation): boolean {
    return conversation.status === "active" && (!this.desk.isGuest(conversation) || this.desk.modes.get(conversation.conversation) === "barge");
  }

  private stretch(conversation: Conversation): Entry[] {
    const end = Math.max(0, conversation.messages.length - this.below);
    return entriesOf(conversation, this.desk.model, Math.max(0, end - this.length), end);
  }

  private blank(): TemplateResult {
    const available = this.desk.model.presence?.show === "available";
    return html`<div class="blank">${icon("chat")}<p>No conversation chosen.</p>
      <p class="hint">${available ? "The next offer comes by itself; Enter takes it." : "Offers come while you are available."}</p>
      ${available ? nothing : html`<button type="button" class="main" @click=${() => this.desk.declare("available")}>Start taking offers <kbd>${keyNow(this.desk, "a").toUpperCase()}</kbd></button>`}</div>`;
  }

  private head(conversation: Conversation): TemplateResult {
    const active = conversation.status === "active";
    const guest = this.desk.isGuest(conversation);
    const about = [queueOf(conversation), conversation.channel, conversation.topic, guest ? `with ${conversation.agent?.name || "a colleague"}` : ""];
    const others = this.desk.conversations.filter((one) => one !== conversation && unreadOf(one, this.desk.model.you) > 0).length;
    return html`<header><button type="button" class="tool to-list" aria-label=${`All conversations${others ? `, ${others} unread` : ""}`} @click=${this.list}
      >${icon("back")}${others ? html`<span class="unread">${others}</span>` : nothing}</button><div><h1 dir="auto">${nameOf(conversation.customer)}</h1>
        <p>${about.filter(Boolean).join(" · ")}${conversation.customer?.here === false ? html` · <b class="gone">not here right now</b>` : nothing}</p></div>
      ${active && !guest ? html`${this.deed("ask", "Ask a colleague", "C", () => this.desk.open("consult", { conversation: conversation.conversation }))}
        ${conversation.help_since_at ? nothing : this.deed("bell", "Call a supervisor", "H", () => this.desk.open("supervisor", { conversation: conversation.conversation }))}
        ${this.deed("move", "Transfer", "T", () => this.desk.open("transfer", { conversation: conversation.conversation }))}
        ${this.deed("clock", "Put aside", "Z", () => this.desk.open("snooze", { conversation: conversation.conversation }))}
        ${this.deed("end", "End", "E", () => this.desk.end())}
        ${conversation.wrap_up_optional ? this.deed("note", "End and wrap up", "U", () => this.desk.end({ wrap_up: true })) : nothing}` : nothing}
      ${guest ? this.deed("out", "Leave", "", () => this.desk.leave(conversation.conversation)) : nothing}</header>`;
  }

  private deed(name: IconName, label: string, key: string, act: () => void): TemplateResult {
    const now = key && keyNow(this.desk, key.toLowerCase()).toUpperCase();
    return html`<button type="button" class=${`deed d-${name} ${MINOR.has(name) ? "minor" : ""}`} aria-label=${label} title=${now ? `${label} (${now})` : label} @click=${act}>${icon(name)}<span>${label}</span></button>`;
  }

  private list(): void {
    this.desk.listing = true;
    this.desk.draw();
  }

  /** Whether the end is in sight, before anything changes; returns the pixels below. */
  private measure(): number {
    const log = this.find<HTMLElement>(".log");
    if (!log) return 0;
    const under = log.scrollHeight - log.scrollTop - log.clientHeight;
    if (!this.jumping) this.atEnd = this.below === 0 && under < END_PX;
    this.jumping = false;
    return under;
  }

  private scrolled(): void {
    const wasAtEnd = this.atEnd;
    const under = this.measure();
    if (wasAtEnd !== this.atEnd) this.requestUpdate();
    if ((this.find(".log")?.scrollTop ?? 0) < NEAR_PX) this.up();
    else if (under < NEAR_PX && this.below > 0) this.below = Math.max(0, this.below - STEP);
  }

  private up(): void {
    const above = this.count - this.below - this.length;
    if (above > 0) {
      this.atEnd = false;
      if (this.length < 2 * STRETCH) this.length += STEP;
      else this.below += STEP;
    } else if (this.desk.conversation?.more && !this.atEnd) void this.earlier();
  }

  private async earlier(): Promise<void> {
    if (this.fetching || !this.shown) return;
    this.fetching = true;
    this.atEnd = false;
    const before = this.desk.conversation?.messages.length ?? 0;
    try {
      await this.desk.model.fetchHistory(this.shown, PAGE);
      this.added += Math.max(0, (this.desk.conversation?.messages.length ?? 0) - before);
    } catch {
      this.desk.tell("The earlier messages cannot be read right now.");
    } finally {
      this.fetching = false;
      this.requestUpdate();
      void this.updateComplete.then(() => this.scrolled());
    }
  }

  /** The first row in sight, and where it is. */
  private anchored(): Transcript["anchor"] {
    const log = this.find<HTMLElement>(".log");
    const top = log?.getBoundingClientRect().top ?? 0;
    // A day's line is no anchor: it stays on top of whatever is put before it.
    for (const element of log?.querySelectorAll<HTMLElement>(".entry") ?? []) {
      const box = element.getBoundingClientRect();
      if (box.bottom > top) return { key: element.dataset.key ?? "", top: box.top };
    }
    return null;
  }

  private toEnd(): void {
    this.below = 0;
    this.length = STRETCH;
    this.atEnd = this.jumping = true;
    this.requestUpdate();
  }
}
