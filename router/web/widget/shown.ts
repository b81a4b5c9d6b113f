/**
 * What the panel hands to its view: all that can be seen, and all that can be done.
 *
 * Owns: the shapes. Does not know: where anything comes from, how it is drawn.
 */
import type { Attributes, Field, Files } from "./api.js";
import type { Fault } from "./fields.js";
import type { Minutes } from "./line.js";
import type { Opening } from "./opening.js";
import type { Conversation, Entry, Pending } from "./talk.js";
import type { Speech } from "./words.js";

/** Why the customer waits, as the server tells it. */
export interface Outlook {
  languages: string[];
  /** What the queue is called. */
  subject?: string;
  here: number;
  free: number;
  /** By language, who is here and could help in it. */
  spoken: Record<string, number>;
}

export interface Card {
  state: "joining" | "held" | "waiting" | "offered" | "left";
  position: number | null;
  ahead: number;
  band: Minutes | null;
  why: string | null;
  grace_ms: number;
  outlook: Outlook | null;
  outlookOpen: boolean;
}

/** How the connection is, where it is not well. */
export interface Strip {
  /** With a time that changes, for eyes. */
  text: string;
  /** Once, for readers. */
  spoken: string;
  action: string | null;
  /** The action would change nothing at this moment. */
  idle: boolean;
  stopped: boolean;
}

export interface Shown {
  speech: Speech;
  /** What the page calls itself in the head. */
  name: string;
  inline: boolean;
  talk: Conversation | null;
  entries: Entry[];
  card: Card | null;
  typing: string | null;
  /** Since when the customer is the first in line, for the line that says so. */
  isNext: boolean;
  strip: Strip | null;
  notice: string;
  consent: { link: string | null; version: number } | null;
  closed: { full: boolean; opening: Opening | null; fallback: string } | null;
  opening: Opening | null;
  form: "fields" | "leave" | "reach" | null;
  fields: readonly Field[];
  answers: Attributes;
  faults: Record<string, Fault>;
  composer: boolean;
  maySend: boolean;
  files: Files | undefined;
  mayRate: boolean;
  rated: boolean;
  score: number;
  menu: boolean;
  asksEnd: boolean;
  muted: boolean;
  mayHear: boolean;
  now: number;
}

/** What a customer can do. */
export interface Deeds {
  send(text: string): boolean;
  typed(): void;
  attach(list: Iterable<File>): void;
  close(): void;
  leave(): void;
  askEnd(on: boolean): void;
  menu(on: boolean): void;
  mute(on: boolean): void;
  download(): void;
  restart(): void;
  useHere(): void;
  tryNow(): void;
  sendAgain(failed: Pending): void;
  agree(yes: boolean): void;
  form(which: "leave" | "reach" | null): void;
  answer(name: string, value: string | boolean): void;
  submit(): void;
  elsewhere(): void;
  outlook(open: boolean): void;
  switchTo(language: string): void;
  score(score: number): void;
  rate(): void;
}
