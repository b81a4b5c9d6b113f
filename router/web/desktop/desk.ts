/**
 * What the desktop knows and can do; its parts show the one and call the other.
 *
 * Owns: the model's copy in this tab, which conversation is chosen, missed offers, what is told
 * in passing, when the parts draw.
 * Does not know: elements, keys, sockets.
 * Invariants: everything shown comes from the model; every command's refusal ends in words; parts
 * draw at most once a frame.
 */
import { fresh, lastSeq, type Conversation } from "../client/conversations.js";
import { Model, unreadOf } from "../client/model.js";
import { Refused, type Reply, type Told } from "../client/protocol.js";
import type { Kept as SignedIn } from "../staff/sign-in.js";
import { Alerts } from "./alerts.js";
import { Day } from "./day.js";
import { Drafts } from "./drafts.js";
import type { Remote } from "./link/remote.js";
import { Mentions } from "./mentions.js";
import { answerBy, rankOf } from "./order.js";
import { Own } from "./own.js";
import { Replies } from "./replies.js";
import { Settings } from "./settings.js";
import { Team } from "./team.js";
import { Toasts } from "./toasts.js";
import { OUTCOMES, nameOf, queueOf, refusalWords } from "./words.js";

const NARROW = matchMedia("(max-width: 720px)");

export interface Missed {
  at: number;
  count: number;
  away: boolean;
}
export type Panel = "" | "palette" | "transfer" | "consult" | "supervisor" | "keys" | "settings" | "replies" | "explain" | "day" | "snooze";

export class Desk extends EventTarget {
  readonly settings = new Settings();
  readonly alerts = new Alerts(() => this.settings.liked);
  readonly drafts = new Drafts();
  readonly replies = new Replies();
  readonly day = new Day();
  readonly toasts = new Toasts(() => this.draw());
  readonly model: Model;
  readonly team: Team;
  readonly mentions = new Mentions(this);
  readonly own = new Own(this);
  signedIn: SignedIn | null = null;
  notice = "";
  /** The first word of the hub is still on its way. */
  opening = true;
  chosen: string | null = null;
  missed: Missed | null = null;
  panel: Panel = "";
  /** What the panel is about: an agent or a conversation. */
  about: { conversation?: string; agent?: string } = {};
  accepting: string | null = null;
  /** How I take part in colleagues' conversations, as far as this tab saw it. */
  readonly modes = new Map<string, string>();
  /** A narrow page shows the list or a conversation, never both. */
  listing = false;
  private drawn = true;
  private readonly warned = new Set<string>();

  constructor(readonly link: Remote) {
    super();
    this.model = new Model(link.asConnection);
    this.model.changed = (type, event) => this.changed(type, event);
    this.team = new Team(this);
    link.onstate = (held) => this.replaced(held);
    link.onkept = (kept, notice) => this.kept(kept, notice);
    link.onnudge = () => this.alerts.nudge(this.offer?.offer);
    link.ondone = (t, fields) => this.done(t, fields);
    this.alerts.accepted = (offer) => void this.accept(offer);
    setInterval(() => this.tick(), 1_000);
    document.addEventListener("visibilitychange", () => this.draw());
  }

  // What the parts ask

  get conversation(): Conversation | undefined {
    return this.chosen ? this.model.find(this.chosen) : undefined;
  }

  /** Mine and those I was asked into, who waits longest for my answer first. */
  get conversations(): Conversation[] {
    const { model } = this;
    const shown = model.open.filter(({ status }) => status === "active" || status === "wrap_up");
    return shown
      .map((one) => ({ one, rank: rankOf(one, model.you) }))
      .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
      .map(({ one }) => one);
  }

  /** What I put aside, what comes back first on top. */
  get snoozed(): Conversation[] {
    const mine = this.model.open.filter((one) => one.status === "snoozed" && !this.isGuest(one));
    return mine.sort((a, b) => (a.snoozed_until_at ?? 0) - (b.snoozed_until_at ?? 0));
  }

  get offer(): (Told.OfferNew & { until: number }) | undefined {
    return this.model.offers[0];
  }

  /** Whether this conversation is a colleague's that I was asked into. */
  isGuest({ agent }: Conversation): boolean {
    return !!agent?.id && agent.id !== this.model.you?.id;
  }

  /** How long there still is to answer before the queue's rule strikes, once that is urgent; else null. */
  answerLeft(one: Conversation): number | null {
    const by = this.isGuest(one) ? null : answerBy(one, this.model.you);
    const now = this.model.now();
    return by && now >= by.urgent ? Math.max(0, by.due - now) : null;
  }

  get busy(): number {
    return this.model.open.filter((one) => one.status !== "snoozed" && !this.isGuest(one)).length;
  }

  // What the parts do

  /** Sends a command; a refusal becomes a calm sentence, `words` by code first. */
  async ask(t: string, fields: Record<string, unknown>, words: Record<number, string> = {}): Promise<Reply | null> {
    try {
      const reply = await this.link.command(t, fields);
      this.done(t, fields);
      return reply;
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal;
      if (refusal.code === 119) this.askConsent(refusal, () => void this.ask(t, fields, words));
      else if (refusal.code !== 0) this.tell(words[refusal.code] ?? refusalWords(refusal));
      return null;
    }
  }

  tell(text: string): void {
    this.toasts.tell(text);
  }

  choose(id: string | null): void {
    this.chosen = id;
    this.listing = false;
    this.draw();
    this.dispatchEvent(new Event("chosen"));
  }

  /** The next or the one before in the list. */
  step(by: number): void {
    const ids = this.conversations.map(({ conversation }) => conversation);
    if (ids.length === 0) return;
    const place = ids.indexOf(this.chosen ?? "") + by;
    this.choose(ids[(place + ids.length) % ids.length]);
  }

  open(panel: Panel, about: Desk["about"] = {}): void {
    this.panel = panel;
    this.about = about;
    this.drawNow(); // the next key press is meant for it
  }

  signIn(kept: SignedIn): void {
    // Signed in by the house's own page nobody has clicked yet; the first touch unlocks the sound then.
    if (navigator.userActivation?.hasBeenActive ?? true) this.alerts.sounds.unlock();
    this.link.signIn(kept);
  }

  declare(show: string, more: Record<string, unknown> = {}): void {
    this.missed = null;
    void this.ask("presence.set", { show, ...more });
    this.draw();
  }

  async accept(id = this.offer?.offer): Promise<void> {
    if (!id || this.accepting === id) return;
    this.accepting = id;
    this.draw();
    await this.ask("offer.accept", { offer: id });
    this.answered(id);
  }

  async decline(reason = ""): Promise<void> {
    const id = this.offer?.offer;
    if (!id || this.accepting) return;
    await this.ask("offer.decline", { offer: id, ...(reason && { reason }) });
    this.answered(id);
  }

  /** `more`: with a wrap-up, where that is optional. */
  end(more: { wrap_up?: boolean } = {}): void {
    if (this.conversation?.status === "active" && !this.isGuest(this.conversation)) {
      void this.ask("conversation.end", { conversation: this.chosen, ...more });
    }
  }

  /** Goes into a colleague's conversation, as its invitation says. */
  async join(invitation: Told.ConversationInvited): Promise<void> {
    const { conversation, mode, by, queue, queue_name, channel, customer } = invitation;
    if (!(await this.ask("conversation.join", { conversation, mode }))) return;
    const agent = { id: by.id, name: by.name };
    this.modes.set(conversation, mode);
    this.model.conversations.set(conversation, fresh({ conversation, queue, queue_name, channel, customer, agent }));
    await this.model.fetchHistory(conversation).catch(() => {});
    this.choose(conversation);
  }

  /** Begins an answer that quotes this, or what the customer said last. */
  quote(text?: string): void {
    const said = [...(this.conversation?.messages ?? [])].reverse().find(({ from, kind }) => from?.role === "customer" && kind !== "note");
    const quoted = text ?? said?.body;
    if (quoted) this.dispatchEvent(new CustomEvent("quote", { detail: quoted }));
  }

  async snooze(conversation: string, more: { for_ms?: number; note?: string }): Promise<void> {
    const refused = { 106: "That is longer, or more, than can be put aside here." };
    const done = await this.ask("conversation.snooze", { conversation, ...more }, refused);
    if (done) this.toasts.offer("Put aside. It comes back to you.", "Take back", () => void this.resume(conversation));
  }

  async resume(conversation: string): Promise<void> {
    const refused = { 114: "No free place right now. It comes back by itself.", 115: "It is on its way back already." };
    if (await this.ask("conversation.resume", { conversation }, refused)) this.choose(conversation);
  }

  leave(conversation: string): void {
    void this.ask("conversation.leave", { conversation });
  }

  draw(): void {
    if (!this.drawn) return;
    this.drawn = false;
    if (document.hidden) setTimeout(() => this.drawNow());
    else requestAnimationFrame(() => this.drawNow());
  }

  // Inside

  private drawNow(): void {
    this.drawn = true;
    this.settle();
    this.dispatchEvent(new Event("draw"));
  }

  /** The tenant has terms for agents: work begins once they are accepted. */
  private askConsent({ details: { terms, version } }: Refused, then: () => void): void {
    const name = `${terms ?? "the terms"}${version ? `, version ${version}` : ""}`;
    this.toasts.offer(`Before you begin, please accept ${name}.`, "I accept", async () => {
      if (await this.ask("consent.accept", { terms, version })) then();
    });
  }

  private answered(id: string): void {
    if (this.accepting === id) this.accepting = null;
    // Gone (113) or answered: the card goes now, `offer.ended` may follow or have come before.
    this.model.dropOffer(id);
    this.draw();
  }

  private replaced(held: Record<string, unknown>): void {
    this.opening = false;
    Object.assign(this.model, held);
    if (this.model.you) this.welcomed();
    this.draw();
  }

  private kept(kept: SignedIn | null, notice: string): void {
    if (!kept) {
      if (this.signedIn && !notice) {
        this.drafts.clear();
        this.own.forget();
      }
      this.model.clear();
      this.chosen = this.missed = null;
      this.panel = "";
      this.notice = notice;
    }
    this.signedIn = kept;
    this.draw();
  }

  /** A command was carried out, in this tab or in another one. */
  private done(t: string, fields: Record<string, unknown>): void {
    const conversation = String(fields.conversation ?? "");
    const waits = this.model.find(conversation)?.wrap_up?.mode === "fixed";
    if ((t === "wrapup.complete" && !waits) || t === "conversation.leave") this.model.forget(conversation);
    if (t === "wrapup.complete" || t === "conversation.transfer") this.drafts.forget(conversation);
    if (t === "presence.set") this.missed = null;
    if (t === "conversation.leave" || t === "conversation.join") {
      this.model.invitations = this.model.invitations.filter((one) => one.conversation !== conversation);
    }
    this.draw();
  }

  private welcomed(): void {
    this.day.begin(this.model.you?.id ?? "");
    this.team.follow(this.model.you?.teams ?? []);
    this.own.load();
  }

  private changed(type: string, event: any): void {
    if (type === "welcome") this.welcomed();
    this.day.take(type, event);
    if (type === "offer.new") this.offered(event);
    if (type === "conversation.invited") this.invited(event);
    if (type === "offer.ended") this.offerEnded(event);
    if (type === "help.ended") this.helpEnded(event);
    if (type === "skills.set") this.tell(`${event.by.name || event.by.id} set your skills and languages${event.reason ? `: ${event.reason}` : ""}.`);
    if (type === "conversation.assigned" && !event.agent) this.assigned(event);
    if (type === "message" && (event.from?.role === "customer" || this.mentions.namesMe(event))) this.heard(event);
    if (type === "conversation.ended") this.drafts.forget(event.conversation);
    if (type === "presence.self" && this.model.presence?.show === "available" && this.missed?.away) this.missed = null;
    this.draw();
  }

  private offered(told: Told.OfferNew): void {
    const { offer, customer } = told;
    const call = { key: offer, offer, title: `Offer: ${nameOf(customer)}`, text: queueOf(told) };
    this.alerts.call("offer", call, this.link.looked);
  }

  private invited({ conversation, by, customer }: Told.ConversationInvited): void {
    const call = { key: conversation, title: `${by.name || by.id} asks you in`, text: nameOf(customer) };
    this.alerts.call("assigned", call, this.link.looked);
  }

  private helpEnded({ conversation, outcome, by }: Told.HelpEnded): void {
    const name = by?.name || by?.id || "A supervisor";
    const customer = nameOf(this.model.find(conversation)?.customer);
    if (outcome === "joined") this.tell(`${name} is with you in the conversation with ${customer}.`);
    if (outcome === "dismissed") this.tell(`${name} saw your call about ${customer}; nobody comes right now.`);
  }

  private heard({ conversation, seq, body, kind, from }: Told.Message & { conversation: string }): void {
    const looking = !document.hidden && conversation === this.chosen;
    const name = kind === "note" ? `${from.name || from.id} mentions you` : nameOf(this.model.find(conversation)?.customer);
    if (!looking && this.model.find(conversation)) {
      this.alerts.call("message", { key: `${conversation}${kind === "note" ? "n" : ""}${seq}`, title: name, text: body.slice(0, 120) }, this.link.looked);
    }
  }

  private offerEnded({ offer, outcome }: { offer: string; outcome: string }): void {
    void this.alerts.hush(offer);
    if (outcome === "expired") {
      this.missed = { at: this.model.now(), count: (this.missed?.count ?? 0) + 1, away: false };
      this.alerts.call("missed", { key: `missed ${offer}`, title: "Offer missed", text: "" }, true);
    } else if (OUTCOMES[outcome] && this.accepting !== offer) this.tell(OUTCOMES[outcome]);
  }

  private assigned({ conversation, customer }: Told.ConversationAssigned): void {
    this.alerts.call("assigned", { key: `assigned ${conversation}`, title: "A conversation is yours", text: nameOf(customer) }, this.link.looked);
    const field = document.activeElement;
    const typing = field instanceof HTMLTextAreaElement && field.value !== "";
    if (!typing) this.choose(conversation);
  }

  private tick(): void {
    const { model } = this;
    if (!this.signedIn) return;
    for (const one of this.conversations) this.warn(one);
    this.day.tick(this.busy > 0, model.presence?.show === "available");
    this.dispatchEvent(new Event("tick"));
    this.draw();
  }

  /** Calls once for each message that must be answered soon. */
  private warn(one: Conversation): void {
    const left = this.answerLeft(one);
    const key = `${one.conversation} ${lastSeq(one)}`;
    if (left === null || this.warned.has(key)) return;
    this.warned.add(key);
    this.alerts.call("message", { key: `answer ${key}`, title: `${nameOf(one.customer)} waits for an answer`, text: "" }, this.link.looked);
  }

  /** What follows of the model before anything is drawn. */
  private settle(): void {
    const { model } = this;
    const away = model.presence?.reason === "missed";
    if (away && this.missed) this.missed.away = true;
    if (away && !this.missed) this.missed = { at: model.presence?.since_at ?? model.now(), count: 0, away: true };
    // What is over leaves the middle as it leaves the list: nothing can be done with it here.
    if (!["active", "wrap_up"].includes(this.conversation?.status ?? "")) this.chosen = null;
    this.chosen ??= this.conversations[0]?.conversation ?? null;
    this.read();
    const unread = model.open.filter((one) => unreadOf(one, model.you) + this.mentions.unseen(one) > 0).length;
    this.alerts.show(model.offers.length, unread);
  }

  private read(): void {
    const { conversation, model } = this;
    const covered = this.listing && NARROW.matches;
    if (!conversation || document.hidden || covered) return;
    this.mentions.saw(conversation);
    if (unreadOf(conversation, model.you) === 0) return;
    conversation.read = lastSeq(conversation);
    void this.link.command("message.read", { conversation: this.chosen, seq: conversation.read });
  }
}
