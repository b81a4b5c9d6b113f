/**
 * What one person knows: presence, offers, conversations, as the server last told it.
 *
 * Owns: holding it, and what screens ask of it.
 * Does not know: how events change it (apply.ts), sockets, screens.
 * Invariants: `welcome` replaces everything but the messages up to `seen`.
 */
import { apply } from "./apply.js";
import { add, lastSeq, type Conversation, type Message } from "./conversations.js";
import type { Events, Fairline } from "./fairline.js";
import type { Reply, Told } from "./protocol.js";

export { lastSeq, unreadOf, waitingSince } from "./conversations.js";
export type { Conversation, Message } from "./conversations.js";

/** An offer or an invitation, and until when by this machine's clock. */
export type Timed<T> = T & { until: number };

/** The own presence, as the server last told it. */
export type OwnPresence = Partial<Told.PresenceSelf>;

/** Redrawn without a change of the model. */
const REDRAWN: ReadonlySet<string> = new Set(["status", "outbox"]);

export class Model {
  /** Called after every change, with what caused it. */
  changed: (type: string, event: any) => void = () => {};
  you: Told.You | null = null;
  /** The server's clock less this machine's, in ms. */
  skew = 0;
  presence: OwnPresence | null = null;
  presenceSince = Date.now();
  capacity: Record<string, number> | null = null;
  load: Record<string, number> | null = null;
  offers: Timed<Told.OfferNew>[] = [];
  invitations: Timed<Told.ConversationInvited>[] = [];
  lastOffer: Timed<Told.OfferNew> | null = null;
  conversations = new Map<string, Conversation>();
  /** For supervisors: calls of agents that stand, the oldest first. */
  help: Omit<Told.HelpAsked, "t">[] = [];
  queues: Told.QueueFigures[] = [];
  agents: Told.AgentsByShow[] = [];
  /** Who has which skill and who waits for it, while somebody follows that. */
  skills: Told.SkillFigures[] = [];
  /** Who is in a presence topic, by its name and the agent's id. */
  topics = new Map<string, Map<string, Told.PresenceEntry>>();
  /** Topics with so many in them that the server tells how many do what, and not who. */
  counted = new Set<string>();
  /** Topics that the server has no time for now, and since when by its clock. */
  stale = new Map<string, number>();

  constructor(readonly connection: Fairline) {
    connection.on("*", (type, event) => {
      const known = apply(this, type, event);
      if (known || REDRAWN.has(type)) this.changed(type, event);
    });
  }

  clear(): void {
    this.you = null;
    this.skew = 0;
    this.presence = null;
    this.presenceSince = Date.now();
    this.capacity = null;
    this.load = null;
    this.offers = [];
    this.invitations = [];
    this.lastOffer = null;
    this.conversations = new Map();
    this.help = [];
    this.queues = [];
    this.skills = [];
    this.agents = [];
    this.topics = new Map();
    this.counted = new Set();
    this.stale = new Map();
  }

  /** For `hello`: the newest message held without a hole, by conversation. */
  seen(): Record<string, number> {
    return Object.fromEntries(this.open.map((one) => [one.conversation, lastSeq(one)]));
  }

  /** Now, by the server's clock. */
  now(): number {
    return Date.now() + this.skew;
  }

  get open(): Conversation[] {
    return [...this.conversations.values()].filter((one) => one.status !== "ended");
  }

  find(id: string): Conversation | undefined {
    return this.conversations.get(id);
  }

  forget(id: string): void {
    this.conversations.delete(id);
  }

  /** Takes an offer away; what it said of the conversation is kept for `conversation.assigned`. */
  dropOffer(id: string): void {
    this.lastOffer = this.offers.find((one) => one.offer === id) ?? this.lastOffer;
    this.offers = this.offers.filter((one) => one.offer !== id);
  }

  /** Messages sent from here that the server has not answered yet. */
  pending(id?: string): { op: string; body: string; kind: string }[] {
    const commands = this.connection.outbox.filter(({ t, fields }) =>
      id ? t === "message.send" && fields.conversation === id : t === "conversation.request");
    return commands.filter(({ fields }) => fields.body).map(({ fields }) => ({
      op: String(fields.op), body: String(fields.body), kind: String(fields.kind ?? "text"),
    }));
  }

  /** Lays the messages before the first one held, or all, beside those known. */
  async fetchHistory(id: string, limit = 50): Promise<void> {
    const conversation = this.find(id);
    if (!conversation) return;
    const first = conversation.messages.find((message: Message) => message.kind !== "note");
    const before = first ? { before_seq: first.seq } : {};
    const fields = { conversation: id, limit, ...before };
    const reply: Reply = await this.connection.command("history", fields);
    for (const message of reply.messages ?? []) add(conversation, message);
    conversation.more = reply.more ?? false;
    this.changed("history", reply);
  }

  /** Follows a presence topic or the board from now on; again after every reconnect. */
  async follow(topic: string, mode: "full" | "counts" = "full"): Promise<() => void> {
    const subscribe = async () => {
      const reply = await this.connection.command("sub", { topic, mode });
      if (reply.set) this.topics.set(topic, new Map(reply.set.map((one) => [one.id, one])));
      if (reply.mode === "counts") this.counted.add(topic);
      if (reply.queues && !reply.skills) this.queues = reply.queues;
      if (reply.agents) this.agents = reply.agents;
      if (reply.skills) this.skills = reply.skills;
      this.changed("presence", reply);
    };
    const again = (status: Events["status"]) => {
      if (status.phase === "online") subscribe().catch(() => {}); // the next connection asks again
    };
    const off = this.connection.on("status", again);
    if (this.connection.status.phase === "online") await subscribe();
    return () => {
      off();
      this.topics.delete(topic);
      this.connection.command("unsub", { topic });
    };
  }
}
