/**
 * A conversation as the widget sees it: the shapes of client/model, and what is read from them.
 *
 * Owns: which messages are read, unread or on their way, and the order of what the log shows.
 * Does not know: screens, sentences.
 */
import type { Incoming } from "../client/generated/incoming.js";
import type { AgentCard, Reply, WaitBand, Welcome } from "../client/generated/outgoing.js";

export type { AgentCard, Reply, WaitBand };
export type CommandType = Exclude<Incoming["t"], "hello">;
export type FieldsOf<T extends CommandType> =
  Omit<Extract<Incoming, { t: T }>, "t" | "id" | "op"> & { op?: string };

/** What the panel uses of client/fairline. */
export interface Connection {
  status: { phase: "stopped" | "connecting" | "online" | "waiting"; since: number; failures: number; retryAt?: number; soonestAt?: number; code?: number; reason?: string };
  welcome: Welcome | null;
  start(): void;
  stop(how?: { leave?: boolean; forget?: boolean }): void;
  renewDevice(): void;
  tryNow(): void;
  command<T extends CommandType>(t: T, fields: FieldsOf<T>): Promise<Reply>;
}

export interface Person { id: string; role: string; name?: string }
export interface Message { seq: number; from?: Person; body: string; kind: string; at: number }
export interface Pending { op: string; body: string }
export interface Line { text: Record<string, Partial<Person>>; at: number; after: number }

export interface Conversation {
  conversation: string;
  status: "held" | "waiting" | "offered" | "active" | "wrap_up" | "ended";
  reason?: string | null;
  queue: string;
  position?: number | null;
  ahead?: number | null;
  wait_ms?: WaitBand | null;
  why?: string | null;
  agent?: AgentCard | null;
  messages: Message[];
  failed: Pending[];
  lines: Line[];
  read: number;
  readBy: Record<string, number>;
  typingUntil: number;
}

export interface Talks {
  you: Person | null;
  conversations: Map<string, Conversation>;
  readonly open: Conversation[];
  changed: (type: string, event: never) => void;
  find(id: string): Conversation | undefined;
  forget(id: string): void;
  clear(): void;
  seen(): Record<string, number>;
  now(): number;
  pending(id: string | null): Pending[];
}

/** A refusal as client/protocol throws it. */
export interface Refused extends Error {
  code: number;
  details: { terms?: string; version?: number; fallback?: string };
}

export type Tick = "" | "sending" | "sent" | "read" | "failed";
export interface Entry {
  key: string;
  line?: Line;
  body?: string;
  at?: number;
  from?: Person;
  mine?: boolean;
  tick?: Tick;
  failed?: Pending;
}

export const isOver = (talk: Conversation | null | undefined): boolean => !talk || talk.status === "ended";
export const isInLine = (talk: Conversation | null | undefined): boolean =>
  talk?.status === "waiting" || talk?.status === "held" || talk?.status === "offered";

export function newest(talk: Conversation): number {
  return Math.max(0, ...texts(talk).map((one) => one.seq));
}

export function unread(talk: Conversation, you: Person | null): number {
  return texts(talk).filter((one) => one.from?.id !== you?.id && one.seq > talk.read).length;
}

export const texts = (talk: Conversation): Message[] => talk.messages.filter((one) => one.kind !== "note");

/** What the customer wrote so far, for a request that begins anew. */
export function ownWords(talk: Conversation, you: Person | null): string {
  return texts(talk).filter((one) => one.from?.id === you?.id).map((one) => one.body).join("\n");
}

/** Messages, lines and what is on its way, in reading order. */
export function entriesOf(talk: Conversation | null, you: Person | null, pending: Pending[]): Entry[] {
  const entries: Entry[] = [];
  const lines = talk?.lines ?? [];
  const put = (after: number): void => lines.forEach((line, index) => {
    if (line.after === after) entries.push({ key: `l${index}`, line });
  });
  put(0);
  const read = Math.max(0, ...Object.values(talk?.readBy ?? {}));
  for (const message of talk ? texts(talk) : []) {
    const mine = message.from?.id === you?.id;
    const tick: Tick = mine ? (message.seq <= read ? "read" : "sent") : "";
    entries.push({ key: `m${message.seq}`, body: message.body, at: message.at, from: message.from, mine, tick });
    put(message.seq);
  }
  for (const failed of talk?.failed ?? []) {
    entries.push({ key: `f${failed.op}`, body: failed.body, mine: true, tick: "failed", failed });
  }
  for (const waiting of pending) {
    entries.push({ key: `p${waiting.op}`, body: waiting.body, mine: true, tick: "sending" });
  }
  return entries;
}
