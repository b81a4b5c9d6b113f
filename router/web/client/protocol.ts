/**
 * The parts of the wire contract that screens and the connection share.
 *
 * Owns: which commands are kept, the words for final closes, the shape of a refusal, the names of
 * the generated types.
 * Does not know: sockets or screens.
 */
import type * as Sent from "./generated/incoming.js";
import type * as Told from "./generated/outgoing.js";

export type { Sent, Told };

/** What a command is called. */
export type CommandType = Exclude<Sent.Incoming["t"], "hello">;

/** The fields of a command, without what the connection adds by itself. */
export type Fields<T extends CommandType> = Omit<Extract<Sent.Incoming, { t: T }>, "t" | "id" | "op"> & { op?: string };

/** What a server says of its own accord, by its name. */
export type ServerEvent<T extends Told.Outgoing["t"]> = Extract<Told.Outgoing, { t: T }>;

export type Reply = Told.Reply;

/** Commands that create something: they carry `op` and outlive a reload of the page. */
export const CREATING: ReadonlySet<string> = new Set([
  "message.send", "conversation.request", "conversation.transfer", "conversation.invite",
]);

/** Commands that mean nothing later: lost with the connection, never sent again. */
export const FLEETING: ReadonlySet<string> = new Set([
  "activity", "bye", "typing", "offer.seen", "message.read", "history", "sub", "unsub",
  "token.refresh", "explain", "preview",
]);

/** What the person reads when the server ends the connection for good. */
export const STOP_WORDS: Readonly<Record<number, string>> = {
  4500: "The sign-in was not accepted. Please sign in again.",
  4501: "This page may not connect to this service.",
  4502: "The server did not understand this page. Please reload it.",
  4503: "This page is too old for the server. Please reload it.",
  4504: "Opened in another window. This one has stopped.",
  4505: "You were signed out.",
  4506: "Too many windows are open. Close one and try again.",
  4507: "The server did not understand this page. Please reload it.",
  4508: "Something went wrong too often. Please reload the page.",
};

/** A command the server said no to, or `lost` when its connection went first. */
export class Refused extends Error {
  readonly code: number;
  /** The error's name, as protocol section 5 lists them. */
  readonly reason: string;
  readonly reply: Partial<Reply>;
  readonly details: Partial<Reply> & Partial<Told.Error>;

  constructor(err: Partial<Told.Error>, reply: Partial<Reply> = {}) {
    super(err.msg || err.name);
    this.name = "Refused";
    this.code = err.code ?? 0;
    this.reason = err.name ?? "";
    this.reply = reply;
    this.details = { ...reply, ...err };
  }
}

/** The claims of a JWT, unchecked: only to name the tenant in the address. */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/** The refusal of a fleeting command whose connection went first. */
export const lost = (t: string): Refused =>
  new Refused({ code: 0, name: "lost", msg: `${t}: no connection` });
