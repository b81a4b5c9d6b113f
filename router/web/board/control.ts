/**
 * What a supervisor does to people and conversations, and how each deed is asked of the server.
 *
 * Owns: the purpose that a look needs, listening in and out again, the words for a refusal.
 * Does not know: elements, figures.
 * Invariants: nothing of a transcript is asked for before the purpose is named, where the tenant
 * demands one; whoever stops looking at a conversation has left it.
 */
import { add, fresh, type Conversation } from "../client/conversations.js";
import { Refused, type CommandType, type Fields, type Reply, type Told } from "../client/protocol.js";
import { refusalWords } from "../desktop/words.js";
import { ask, withQuery } from "../staff/http.js";
import type { Wall } from "./wall.js";

export type Mode = "monitor" | "whisper" | "barge";

/** A conversation as `GET /v1/conversations` has it. */
export interface Row {
  conversation: string;
  status: string;
  queue: string;
  channel: string;
  customer: string;
  arrived_at: number;
  topic?: string;
  priority?: string;
  agent?: string;
}

/** An agent's call for a supervisor. */
export type Call = Omit<Told.HelpAsked, "t">;

/** An agent as `GET /v1/agents` has them. */
interface AgentRow {
  agent: string;
  show: string;
  since_at: number;
  name?: string;
  reason?: string;
  state?: string;
  load?: number;
  capacity?: Record<string, number>;
  languages?: Record<string, number>;
}

/** What an agent was offered and did, as `GET /v1/shares` has it. */
export interface Share {
  agent: string;
  state: string;
  name?: string;
  offers?: Record<string, number>;
  services?: number;
  occupancy?: number | null;
  idle_ms?: number | null;
}

/** Agents who can do the same. */
export interface Group {
  agents: number;
  skills: string[];
  languages: string[];
  even: number | null;
  least: number;
  most: number;
}

/** The same as a presence topic would tell. */
function entryOf({ agent: id, capacity, languages, ...row }: AgentRow): Told.PresenceEntry {
  return { id, ...row, capacity: capacity?.total ?? 0, languages: Object.keys(languages ?? {}) };
}

export type Policy = NonNullable<Told.Reply["policy"]>;

const WORDS: Record<number, string> = {
  102: "This is not of your teams.",
  107: "Too many looks for this purpose within an hour.",
  110: "Name a purpose first: this service demands one for every look.",
  114: "That agent has no free place.",
};

export class Control {
  policy: Policy | null = null;
  /** The purpose named last, offered again for the next look. */
  purpose = "";
  mode: Mode = "monitor";
  /** Agents of whom the server was asked, where there are too many to be told of all. */
  readonly met = new Map<string, Told.PresenceEntry>();
  private knows = "";
  /** Which conversation is being looked at. */
  watched = "";

  constructor(private readonly wall: Wall) {}

  /** The purposes that a supervisor may name; none where the tenant demands none. */
  get purposes(): string[] {
    const told = (this.policy?.purposes ?? []) as (string | { id: string; roles?: string[] })[];
    const known = told.map((one) => (typeof one === "string" ? { id: one } : one)) as { id: string; roles?: string[] }[];
    return known.filter(({ roles }) => !roles?.length || roles.includes("supervisor")).map(({ id }) => id);
  }

  /** The skills that queues ask for or the directory knows. */
  get skills(): string[] {
    const { queues = [], agents = [] } = (this.policy ?? {}) as { queues?: { needs?: { skill: string }[] }[]; agents?: { skills?: Record<string, number> }[] };
    return [...queues.flatMap(({ needs = [] }) => needs.map(({ skill }) => skill)), ...agents.flatMap(({ skills = {} }) => Object.keys(skills))];
  }

  /** Whether agents are told that somebody listens. */
  get listenersShown(): boolean {
    return this.policy?.listeners_shown !== false;
  }

  get classes(): [string, number][] {
    return Object.entries((this.policy?.classes ?? {}) as Record<string, number>).sort((a, b) => a[1] - b[1]);
  }

  get conversation(): Conversation | undefined {
    return this.watched ? this.wall.model.find(this.watched) : undefined;
  }

  /** Sends a command; a refusal becomes a sentence. */
  async ask<T extends CommandType>(t: T, fields: Fields<T>): Promise<Reply | null> {
    try {
      return await this.wall.connection.command(t, fields);
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal;
      const lost = "There is no connection right now.";
      this.wall.toasts.tell(refusal.code === 0 ? lost : (WORDS[refusal.code] ?? refusalWords(refusal)));
      return null;
    }
  }

  async welcomed(): Promise<void> {
    const reply = await this.ask("policy.get", {});
    this.policy = reply?.policy ?? this.policy;
    // What was being listened to stands in `welcome`; a conversation that is over does not.
    if (this.watched && !this.conversation) this.watched = "";
    this.wall.draw();
  }

  /** Conversations of now, the oldest first. */
  async list(query: { status: string; queue?: string }): Promise<Row[]> {
    const path = withQuery("/v1/conversations", { limit: 100, ...query });
    return (await ask<{ conversations: Row[] }>(await this.token(), path)).conversations;
  }

  /** Agents by id, for a wall that is not told of each: those who do this, or are called so. */
  async agents(query: { state?: string; name?: string; limit: number }): Promise<{ people: Told.PresenceEntry[]; more: boolean }> {
    const found = await ask<{ agents: AgentRow[]; next: string | null }>(await this.token(), withQuery("/v1/agents", query));
    const people = found.agents.filter(({ state }) => state).map(entryOf);
    for (const one of people) this.met.set(one.id, one);
    return { people, more: found.next !== null };
  }

  /** How offers and work were shared, of the first agents by id. */
  async shares(): Promise<{ agents: Share[]; groups: Group[]; next: string | null }> {
    return ask(await this.token(), withQuery("/v1/shares", { limit: 200 }));
  }

  /** For taking over, the own desk must be known, also where agents are only counted. */
  async knowOwn(): Promise<void> {
    const name = this.wall.model.you?.id ?? "";
    if (this.knows === name) return;
    this.knows = name;
    await this.agents({ name, limit: 50 }).catch(() => (this.knows = ""));
  }

  private token(): Promise<string> {
    return this.wall.session.token({ fresh: false });
  }

  /** Reads what was said and listens from then on; false where the server said no. */
  async look(row: Row): Promise<boolean> {
    const { conversation } = row;
    const { model } = this.wall;
    const purpose = this.purposes.length ? { purpose: this.purpose } : {};
    const found = await this.ask("history", { conversation, limit: 200, ...purpose });
    if (!found) return false;
    if (!(await this.ask("conversation.join", { conversation, mode: "monitor", ...purpose }))) return false;
    await this.leave();
    const agent = row.agent ? { id: row.agent, name: this.wall.person(row.agent)?.name || row.agent } : undefined;
    const said = (found.messages ?? []).find(({ from }) => from.role === "customer");
    const customer = { id: row.customer, name: said?.from.name };
    const { status, queue, channel, topic } = row;
    const seen = fresh({ conversation, status, queue, channel, topic, agent, customer, since_at: row.arrived_at });
    for (const message of found.messages ?? []) add(seen, message);
    seen.more = found.more ?? false;
    model.conversations.set(conversation, seen);
    this.watched = conversation;
    this.mode = "monitor";
    return true;
  }

  /** To an agent who called: into the conversation, in one step. */
  async answer({ conversation, queue, channel, customer, arrived_at, agent }: Call, mode: "monitor" | "whisper"): Promise<void> {
    const row = { conversation, status: "active", queue, channel, customer: customer.id, arrived_at, agent: agent.id };
    if (this.watched !== conversation && !(await this.look(row))) return;
    if (mode !== "monitor") await this.turn(mode);
    this.wall.open({ sort: "conversation", conversation });
  }

  async turn(mode: Mode): Promise<void> {
    const { watched } = this;
    const purpose = this.purposes.length ? { purpose: this.purpose } : {};
    if (watched && (await this.ask("conversation.join", { conversation: watched, mode, ...purpose }))) this.mode = mode;
    this.wall.draw();
  }

  /** Out of the conversation that is being looked at. */
  async leave(): Promise<void> {
    const { watched } = this;
    if (!watched) return;
    this.watched = "";
    const isOver = this.wall.model.find(watched)?.status === "ended";
    this.wall.model.forget(watched);
    if (!isOver) await this.ask("conversation.leave", { conversation: watched });
  }

  say(body: string): void {
    if (!body.trim() || !this.watched) return;
    const kind = this.mode === "barge" ? "text" : "note";
    void this.ask("message.send", { conversation: this.watched, body, kind });
  }

  /** The agent as whom this person is signed in at a desktop, if they are. */
  get ownDesk(): Told.PresenceEntry | undefined {
    return this.wall.person(this.wall.model.you?.id ?? "");
  }

  /** Passes it on as its agent could: back in line for a queue, or offered to one agent first. */
  async pass(conversation: string, to: { queue: string } | { agent: string }, name: string, note: string): Promise<void> {
    if (await this.ask("conversation.transfer", { conversation, to, note })) this.wall.toasts.tell(`Transferred to ${name}.`);
    this.wall.draw();
  }

  async give(conversation: string, agent: string): Promise<boolean> {
    const given = await this.ask("conversation.assign", { conversation, agent });
    if (!given) return false;
    const name = this.wall.person(agent)?.name || agent;
    const shown = this.wall.model.find(conversation);
    if (shown) Object.assign(shown, { agent: { id: agent, name }, status: "active" });
    this.wall.toasts.tell(`${name} has the conversation now.`);
    return true;
  }

  /** To the own desk where there is one; else answered from here, and the agent is told. */
  async takeOver(): Promise<void> {
    const { watched, ownDesk } = this;
    if (ownDesk) {
      await this.give(watched, ownDesk.id);
      return;
    }
    await this.turn("barge");
    const name = this.wall.model.you?.name || this.wall.model.you?.id;
    const body = `${name} answers from here on. Please do not write; the conversation stays in your list until it ends.`;
    if (this.mode === "barge") await this.ask("message.send", { conversation: watched, body, kind: "note" });
  }

  /** In a moment, unless somebody says no: a customer who was sent away is not easily brought back. */
  end(): void {
    const conversation = this.watched;
    this.wall.toasts.later("The conversation ends in 5 s.", () => void this.ask("conversation.end", { conversation }), () => this.wall.toasts.tell("It goes on."));
  }
}
