/**
 * What a connection is told when it is made, and what it tells.
 *
 * Owns: the shapes. Does not know: how anything of it works (fairline.ts).
 */
import type { Entry } from "./outbox.js";
import type { Reply, Sent, Told } from "./protocol.js";

/** An error of a token provider with `stop` ends the attempts; any other is tried again. */
export type TokenProvider = (wish: { fresh: boolean }) => string | Promise<string>;

export interface Settings {
  /** Of the server, `https://chat.example`. */
  origin: string;
  role: Sent.Hello["role"];
  /** Of this program; also where this tab keeps what must outlive a reload. */
  name: string;
  version?: string;
  token: TokenProvider;
  /** For the address; else the token's. */
  tenant?: string;
  /** The newest message held without a hole, by conversation (`Model.seen`). */
  seen?: () => Record<string, number>;
  /** Topics to subscribe to with every connection. */
  subs?: string[];
  /** The trace in which conversations that are asked for belong (W3C Trace Context); asked with every connection. */
  traceparent?: () => string | undefined;
}

export interface Status {
  phase: "stopped" | "connecting" | "online" | "waiting";
  /** When it became online, or stopped being it. */
  since: number;
  /** Attempts that failed since a connection last held. */
  failures: number;
  /** When the next attempt is made. */
  retryAt?: number;
  /** The earliest moment at which `tryNow` can make it. */
  soonestAt?: number;
  /** Why it stopped. */
  code?: number;
  reason?: string;
}

/** All that `on` tells: what the server says, and four things of the connection itself. */
export type Events = { [T in Told.Outgoing["t"]]: Extract<Told.Outgoing, { t: T }> } & {
  status: Status;
  outbox: object;
  answered: { command: Entry; reply: Reply };
};
