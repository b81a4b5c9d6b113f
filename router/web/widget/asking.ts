/**
 * The way from a first message to a place in line: questions, terms, closed doors, messages left.
 *
 * Owns: what stands between the customer and the line, and the text that waits behind it.
 * Does not know: how it is drawn, how the connection is kept.
 * Invariants: a text that could not be sent is given back or stays in sight; nothing is asked of
 * the server before the customer sent something.
 */
import type { Attributes, Field, Place } from "./api.js";
import { attributesOf, faultsOf, openFields, readFields, type Fault } from "./fields.js";
import { askOpening, type Opening } from "./opening.js";
import type { Refused } from "./talk.js";

/** Refusals that come from how the page embeds the widget: forbidden, not found, bad request. */
const MISTAKES = new Set([102, 103, 105]);
const FORBIDDEN = 102;
const LANGUAGES_MAX = 4;

/** What is asked for, kept until the line or the customer has it. */
export interface Wish {
  body: string;
  queue?: string;
  languages?: readonly string[];
  deferrable?: boolean;
  attributes?: Attributes;
  ways?: { channel: string; hours: string };
}

export interface Desk {
  place: Place;
  language(): string;
  command: (t: "conversation.request" | "consent.accept" | "contact.set", fields: never) => Promise<{ conversation?: string | null }>;
  /** Something changed that can be seen. */
  draw(): void;
  giveBack(text: string): void;
  left(conversation: string): void;
}

export class Asking {
  consent: { terms: string; version: number; wish: Wish } | null = null;
  closed: { fallback: string; full: boolean; opening: Opening | null } | null = null;
  opening: Opening | null = null;
  refused = false;
  /** The queue wants to know who asks. */
  unproven = false;
  /** What the forms hold, over all redrawings. */
  answers: Attributes = {};
  faults: Record<string, Fault> = {};
  /** The conversation that is being asked for leaves a message. */
  leaving = false;

  constructor(private readonly desk: Desk) {}

  get queue(): string {
    const chosen = this.answers.queue;
    return typeof chosen === "string" && chosen ? chosen : this.desk.place.options.queue ?? "";
  }

  /** The questions that are open before a conversation of this queue. */
  fields(): Field[] {
    const { options, customer } = this.desk.place;
    const known = { ...options.attributes, ...customer?.attributes, ...(customer?.name ? { name: customer.name } : {}) };
    return openFields(readFields(options.fields), this.queue, known);
  }

  /** Looks whether the queue is open, before anybody has written anything. */
  async look(): Promise<void> {
    const { origin, tenant } = this.desk.place;
    const { queue } = this;
    const opening = await askOpening(origin, tenant, queue);
    if (queue !== this.queue) return;
    this.opening = opening;
    if (opening && !opening.open) this.close(opening.fallback ?? "", opening);
    else if (this.closed && !this.closed.full) this.closed = null;
    this.desk.draw();
  }

  /** The form before the first message; false where an answer is missing. */
  submit(body: string): boolean {
    const fields = this.fields();
    this.faults = { ...faultsOf(fields, this.answers), ...(body.trim() ? {} : { body: "required" as const }) };
    if (Object.keys(this.faults).length > 0) return false;
    this.ask({ body: body.trim() });
    return true;
  }

  /** Asks for a place in line; what was answered before goes along. */
  ask(wish: Wish): void {
    const { options, customer } = this.desk.place;
    const { queue: _, topic, ...answers } = attributesOf(readFields(options.fields), this.answers);
    const attributes = { ...options.attributes, ...customer?.attributes, ...answers, ...wish.attributes };
    if (customer?.name) attributes.name ??= customer.name;
    const languages = wish.languages ?? options.languages ?? wishes(this.desk.language());
    const queue = wish.queue ?? this.queue;
    const chosen = topic === undefined ? options.topic : String(topic);
    const fields = {
      channel: "chat", body: wish.body, languages: languages.map((tag) => ({ tag })),
      ...(queue ? { queue } : {}), ...(chosen ? { topic: chosen } : {}),
      ...(options.brand ? { brand: options.brand } : {}),
      ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
      ...(wish.deferrable ? { deferrable: true } : {}),
    };
    this.refused = this.unproven = false;
    this.leaving = wish.deferrable === true;
    this.desk.command("conversation.request", fields as never).then(
      ({ conversation }) => this.taken(wish, conversation ?? ""),
      (refusal: Refused) => this.turnedAway(refusal, wish),
    );
    this.desk.draw();
  }

  private taken(wish: Wish, conversation: string): void {
    this.closed = null;
    if (wish.ways) this.reach(wish.ways);
    if (wish.deferrable) this.desk.left(conversation);
    this.desk.draw();
  }

  private turnedAway(refusal: Refused, wish: Wish): void {
    this.leaving = false;
    const { terms, version, fallback } = refusal.details;
    if (refusal.code === 119) this.consent = { terms: terms ?? "", version: version ?? 0, wish };
    else {
      this.desk.giveBack(wish.body);
      if (refusal.code === 120) this.close(fallback ?? "", null, wish);
      else this.refused = true;
      this.unproven = refusal.code === FORBIDDEN && !wish.deferrable && !this.desk.place.customer;
    }
    if (MISTAKES.has(refusal.code)) {
      const mend = refusal.code === FORBIDDEN ? 'Is fairline("identify", ...) called, with a proof or a token that says verified?' : "Is data-queue right?";
      console.warn(`fairline: the request was refused: ${refusal.message}. ${mend}`);
    }
    this.desk.draw();
  }

  private close(fallback: string, opening: Opening | null, wish?: Wish): void {
    if (wish) this.answers.body = wish.body;
    this.closed = { fallback, full: opening?.full ?? false, opening };
    if (opening) return;
    const { origin, tenant } = this.desk.place;
    void askOpening(origin, tenant, wish?.queue ?? this.queue).then((told) => {
      if (!this.closed || !told) return;
      this.closed = { ...this.closed, opening: told, full: told.full ?? false };
      this.desk.draw();
    });
  }

  /** The terms are accepted, or not now. */
  async agree(yes: boolean): Promise<void> {
    const { terms, version, wish } = this.consent!;
    this.consent = null;
    if (!yes) {
      this.desk.giveBack(wish.body);
      this.desk.draw();
      return;
    }
    try {
      await this.desk.command("consent.accept", { terms, version } as never);
      this.ask(wish);
    } catch {
      this.desk.giveBack(wish.body);
      this.refused = true;
      this.desk.draw();
    }
  }

  /** The form of a message for later; false where something is missing. */
  leaveMessage(): boolean {
    const { body, name, way = "chat", address, times = "" } = this.answers;
    const fields: Field[] = [{ name: "body", required: true }];
    if (way !== "chat") fields.push({ name: "address", required: true, ...(way === "email" ? { type: "email" as const } : {}) });
    this.faults = faultsOf(fields, this.answers);
    if (Object.keys(this.faults).length > 0) return false;
    const told = { name: name ?? "", ...(way === "chat" ? {} : { [String(way)]: address ?? "" }) };
    const attributes = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== ""));
    this.ask({
      body: String(body).trim(), deferrable: true, attributes,
      ways: { channel: String(way), hours: String(times).trim().slice(0, 200) },
    });
    return true;
  }

  /** How the customer wants to be reached. */
  reach(ways = { channel: String(this.answers.way ?? "chat"), hours: String(this.answers.times ?? "").trim() }): void {
    const prefs = [{ channel: ways.channel, prio: 1, ...(ways.hours ? { hours: ways.hours } : {}) }];
    void this.desk.command("contact.set", { prefs } as never).catch(() => {});
  }

  reset(): void {
    Object.assign(this, { consent: null, closed: null, refused: false, unproven: false, faults: {}, leaving: false });
    delete this.answers.body;
    delete this.answers.comment;
  }
}

/** The languages to ask for: the widget's first, then the browser's. */
function wishes(lang: string): string[] {
  const primary = (tag: string): string => tag.toLowerCase().split("-")[0]!;
  return [...new Set([lang, ...navigator.languages].filter(Boolean).map(primary))].slice(0, LANGUAGES_MAX);
}
