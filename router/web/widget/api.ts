/**
 * What a page may ask of the widget and hear from it, as types; docs/widget.md in a few lines.
 *
 * Owns: the shapes that the loader and the panel share. Does not know: how anything is done.
 * A TypeScript project gets them with the npm package (embed.ts).
 */

/** A question before the first message; its answer goes to the agent as an attribute. */
export interface Field {
  /** The attribute's name; `queue` chooses the queue, `topic` the topic. */
  name: string;
  label?: string;
  type?: "text" | "email" | "tel" | "number" | "textarea" | "select" | "checkbox";
  required?: boolean;
  /** Of a select. */
  options?: readonly (string | { value: string; label: string })[];
  /** Asked only before conversations of these queues; absent: of all. */
  queues?: readonly string[];
}

/** A rule of `greet`: the first that fits says its words. */
export interface Greeting {
  text: string;
  /** How the path of the page begins, `/cart`; absent: any. */
  page?: string;
  /** Seconds there; else `greetAfter`. */
  after?: number;
}

export type Attributes = Record<string, string | number | boolean>;

/** How the page takes files: the address that comes back is sent as a message. */
export interface Files {
  /** Keeps a file at your service and gives its address; your service looks at what is in it. */
  send: (file: File) => string | Promise<string>;
  /** Kinds, as the attribute `accept` of a file's input says them: `image/*,.pdf`. */
  accept?: string;
  max_bytes?: number;
}

/** What the script tag, `update`, `open` and `ask` may set. */
export interface Options {
  queue?: string;
  topic?: string;
  brand?: string;
  /** A BCP 47 tag, or `auto`: the page's `lang`, else the browser's. */
  lang?: string;
  theme?: "auto" | "light" | "dark";
  side?: "left" | "right";
  /** The address of the terms that a customer accepts. */
  terms?: string;
  fields?: string | readonly Field[];
  attributes?: Attributes;
  /** Languages that will do, best first; absent: the widget's and the browser's. */
  languages?: readonly string[];
  /** `off`: no tone at all; a customer can mute it too. */
  sound?: "on" | "off";
  /** `keep`: the page's title never shows the number of unread messages. */
  title?: "count" | "keep";
  /** Said beside the round button, unless somebody opened the panel before; a text, or rules as JSON. Not by `update`. */
  greet?: string;
  /** Seconds on the page before that; 15 where it is not said. */
  greetAfter?: string | number;
  /** What stands in the head while no agent is there. */
  name?: string;
  /** The page's trace (W3C Trace Context), in which its conversations belong: `00-…-…-01`. */
  traceparent?: string;
  /** Not of the script tag: files can be sent, by button, by pasting and by dropping them. */
  files?: Files;
}

/** Somebody whom the page knows. */
export interface Customer {
  id?: string;
  name?: string;
  attributes?: Attributes;
  /** HMAC-SHA256 of the `id` as hex digits, made by your service with the tenant's `identity_secret`. */
  proof?: string;
  /** Gives a fresh token of your service, or a promise of one, each time it is called. */
  token?: () => string | Promise<string>;
}

export interface Band { p50: number; p90: number }

/** What listeners get, by event. */
export interface WidgetEvents {
  ready: undefined;
  open: undefined;
  close: undefined;
  message: { conversation: string; seq: number; body: string; at: number; from: { id: string; role: string; name?: string } };
  unread: number;
  queue: { conversation: string; position: number; ahead: number; wait_ms?: Band | null; why?: string | null };
  agent: { id: string; name?: string; languages?: readonly string[] };
  status: "connecting" | "online" | "waiting" | "stopped";
  ended: { conversation: string; reason: string };
  csat: { conversation: string; score: number; comment: string };
  error: unknown;
}

/** `fairline(name, ...)`, by name. */
export interface Calls {
  open(options?: Options): void;
  close(): void;
  toggle(): void;
  show(): void;
  hide(): void;
  /** Takes the widget off the page; the script can be run again afterwards. */
  destroy(): void;
  /** Opens the panel for a conversation with these settings. */
  ask(options?: Options): void;
  /** Says this beside the round button now, once for each page and only while the panel was not opened. */
  greet(text: string): void;
  update(options: Options): void;
  identify(customer: Customer, more?: Customer): void;
  logout(): void;
  on<E extends keyof WidgetEvents>(event: E, listener: (told: WidgetEvents[E]) => void): () => void;
  off<E extends keyof WidgetEvents>(event: E, listener?: (told: WidgetEvents[E]) => void): void;
}

export interface FairlineCall {
  <C extends keyof Calls>(name: C, ...values: Parameters<Calls[C]>): ReturnType<Calls[C]>;
  /** Calls from before the script ran. */
  q?: ArrayLike<unknown>[];
  ready?: true;
  /** For the page's elements: what follows when one joins the page, and when it leaves. */
  parts?: Record<string, ((element: HTMLElement) => void)[]>;
}

/** Where the panel stands, and how it tells the loader and the page. */
export interface Place {
  origin: string;
  tenant: string;
  options: Options;
  root: ShadowRoot;
  host: HTMLElement;
  /** In the page's flow, always open, instead of over the page. */
  inline: boolean;
  customer: Customer | null;
  /** Under which sessionStorage knows that a conversation goes on. */
  liveKey: string;
  emit<E extends keyof WidgetEvents>(event: E, told: WidgetEvents[E]): void;
  opened(): void;
  closed(): void;
  /** The number of unread messages, and what the round button is called with it. */
  unread(count: number, label: string): void;
}

/** What the loader asks of the panel. */
export interface PanelPort {
  readonly isOpen: boolean;
  open(): void;
  close(): void;
  resume(): void;
  /** For a conversation with the settings of now. */
  ask(): void;
  changed(): Promise<void>;
  identify(customer: Customer): void;
  logout(): void;
  destroy(): void;
}

declare global {
  interface Window {
    fairline?: FairlineCall;
  }
}
