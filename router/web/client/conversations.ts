/**
 * One conversation as a person's page knows it.
 *
 * Owns: its transcript, who read how far, what the screens work out of both.
 * Does not know: the connection, other conversations.
 * Invariants: a message is in a transcript once, whichever way it came; messages lie by their
 * number and notes, which count in a series of their own, between them by time.
 */
import type { Told } from "./protocol.js";

export type Message = Told.Message;

/** A line between messages: somebody came, went or was passed on. */
export interface Line {
  text: { joined?: Person; passed?: Person; returned?: Person; left?: Person };
  at: number;
  /** The number of the message that it stands behind. */
  after: number;
}

type Person = { id?: string; name?: string; languages?: string[] };

/** A message that the server refused, with its reason. */
export interface Failed {
  op?: string;
  body: string;
  kind?: string;
  why: string;
}

export interface Conversation {
  conversation: string;
  status: string;
  queue: string;
  queue_name?: string | null;
  channel: string;
  topic?: string | null;
  reason?: string | null;
  position?: number | null;
  ahead?: number | null;
  wait_ms?: Told.WaitBand | null;
  /** Why the place in line grew. */
  why?: string | null;
  agent?: Told.AgentCard | null;
  customer?: Told.CustomerCard | null;
  priority?: string | null;
  quiet?: boolean | null;
  unanswered?: boolean | null;
  /** How soon the customer must be answered, for the agent who has it. */
  reply?: Told.ReplyRule | null;
  since_at?: number | null;
  /** Since when its agent calls for a supervisor. */
  help_since_at?: number | null;
  /** Its agent put it aside: when it comes back at the latest. */
  snoozed_until_at?: number | null;
  messages: Message[];
  failed: Failed[];
  lines: Line[];
  /** There are older messages on the server. */
  more: boolean;
  /** How far this person has read. */
  read: number;
  /** How far others have, by their id. */
  readBy: Record<string, number>;
  /** By this machine's clock; 0 where nobody types. */
  typingUntil: number;
  wrapUpUntil?: number;
  /** Codes, and how much time can be added. */
  wrap_up?: Told.WrapUp | null;
  /** The agent's end has a wrap-up only where they ask for it. */
  wrap_up_optional?: boolean;
  /** By the server's clock. */
  assignedAt?: number;
  answeredAt: number;
}

export function fresh(fields: Partial<Conversation>): Conversation {
  return {
    conversation: "", status: "active", queue: "", channel: "chat", messages: [], failed: [],
    lines: [], more: false, readBy: {}, typingUntil: 0, read: 0, answeredAt: 0, ...fields,
  };
}

const isNote = (message: Message): boolean => message.kind === "note";
const keyOf = (message: Message): string => `${isNote(message) ? "n" : "m"}${message.seq}`;

/** Lays a message into the transcript; false where it was there. */
export function add(conversation: Conversation, message: Message): boolean {
  const { messages } = conversation;
  if (messages.some((one) => keyOf(one) === keyOf(message))) return false;
  messages.push(message);
  messages.sort((a, b) => (isNote(a) || isNote(b) ? a.at - b.at : a.seq - b.seq));
  return true;
}

/** The number of the newest message held, notes apart. */
export function lastSeq(conversation: Conversation): number {
  let last = 0;
  for (const one of conversation.messages) if (!isNote(one) && one.seq > last) last = one.seq;
  return last;
}

/** How many messages of others came after what this person has read. */
export function unreadOf(conversation: Conversation, you: Told.You | null): number {
  return conversation.messages.filter(
    (one) => !isNote(one) && one.from?.id !== you?.id && one.seq > conversation.read,
  ).length;
}

/** Since when the other side waits for an answer, or 0. */
export function waitingSince(conversation: Conversation, you: Told.You | null): number {
  let since = 0;
  for (const message of conversation.messages) {
    if (isNote(message)) continue;
    // A colleague's or a supervisor's answer is one as well.
    if ((message.from?.role === "customer") === (you?.role === "customer")) since = 0;
    else since ||= message.at;
  }
  return since;
}

export function line(conversation: Conversation, text: Line["text"], at: number): void {
  conversation.lines.push({ text, at, after: lastSeq(conversation) });
}

/** What the server says of a conversation, laid over what is known of it. */
export function resume(
  known: Conversation | undefined, told: Told.ConversationState, you: Told.You,
): Conversation {
  const { read, messages, more, wrap_up_ms, ...rest } = told;
  const kept = more || !known ? [] : known.messages;
  const conversation = { ...(known ?? fresh({})), ...rest, more, messages: [...kept] } as Conversation;
  for (const message of messages ?? []) add(conversation, message);
  if (wrap_up_ms) conversation.wrapUpUntil = Date.now() + wrap_up_ms;
  // By person here, `agent:alice`; events name the id.
  for (const [person, seq] of Object.entries(read ?? {})) {
    readUpTo(conversation, person.slice(person.indexOf(":") + 1), seq, you);
  }
  return conversation;
}

/** Somebody read everything up to `seq`; reading is never taken back. */
export function readUpTo(
  conversation: Conversation, id: string, seq: number, you: Told.You | null,
): void {
  if (id === you?.id) conversation.read = Math.max(conversation.read, seq);
  else {
    const before = conversation.readBy[id] ?? 0;
    conversation.readBy = { ...conversation.readBy, [id]: Math.max(before, seq) };
  }
}
