/**
 * The widget for projects that are built: `load` does what the script tag does, as often as a page
 * of many pages mounts and unmounts it.
 *
 * Owns: the script element, calls before the script ran, taking both back.
 * Does not know: what the widget does. The script itself comes from the server, so that both are
 * always of one version.
 * Invariants: any number of `load` and `destroy` in any order leave one widget or none, as the last
 * of them said; without a page (Node, server-side rendering) nothing happens.
 */
import type { Calls, FairlineCall, Greeting, Options, WidgetEvents } from "./api.js";

export type * from "./api.js";

/** Where the server is and whose customers they are, with all that the script tag may set. */
export interface Embed extends Omit<Options, "greet"> {
  /** Said beside the round button, unless somebody opened the panel before: words, or rules for pages. */
  greet?: string | readonly Greeting[];
  /** Of the server, `https://chat.example`. */
  origin: string;
  /** The name after `[tenants.` in its settings. */
  tenant: string;
  /** `none`: the panel is opened by a button of your own. */
  button?: "none";
  /** Of the page's content security policy. */
  nonce?: string;
}

/** A loaded widget: the calls of `fairline(name, ...)` as methods. */
export type Widget = Omit<Calls, "off"> & {
  off<E extends keyof WidgetEvents>(event: E, listener?: (told: WidgetEvents[E]) => void): void;
};

type Call = [keyof Calls, ...unknown[]];

const NAMES = ["open", "close", "toggle", "show", "hide", "ask", "greet", "update", "identify", "logout", "off"] as const;

let script: HTMLScriptElement | null = null;
/** Of which server and tenant it is. */
let whose = "";
/** It was asked for and has neither run nor failed. */
let isComing = false;
let policy: { createScriptURL(text: string): string } | undefined;

/**
 * Brings the widget onto the page, or gives the one that is there these options; one of another
 * server or tenant goes first. Calls are done at once, or in their order once the script has run.
 */
export function load({ origin, tenant, button, nonce, greet, ...options }: Embed): Widget {
  if (!origin || !tenant) throw new TypeError("fairline: load needs {origin, tenant}");
  if (typeof document === "undefined") return methods();
  if (whose && whose !== `${origin} ${tenant}`) destroy();
  whose = `${origin} ${tenant}`;
  if (window.fairline?.ready) call("update", options);
  else {
    wait(options);
    const greeting = typeof greet === "string" ? greet : greet && JSON.stringify(greet);
    const settings = { tenant, ...(button ? { button } : {}), ...(greeting ? { greet: greeting } : {}), ...texts(options) };
    if (!isComing) inject(new URL("/widget.js", origin).href, settings, nonce);
  }
  return methods();
}

function methods(): Widget {
  const made = Object.fromEntries(NAMES.map((name) => [name, (...values: unknown[]) => void call(name, ...values)]));
  const on: Widget["on"] = (event, listener) => {
    call("on", event, listener);
    return () => void call("off", event, listener);
  };
  return { ...made, on, destroy } as unknown as Widget;
}

/** Takes it off the page; a conversation that goes on is there again after the next `load`. */
function destroy(): void {
  if (typeof document === "undefined") return;
  if (window.fairline?.ready) window.fairline("destroy");
  // What has not run yet cannot be held up: it is told to go as soon as it comes.
  else window.fairline = isComing ? queue([["destroy"]]) : undefined;
  if (!isComing) script?.remove();
}

/** Calls from before the script ran; a `destroy` among them is taken back by who loads again. */
function wait(options: Options): void {
  const kept = Array.from(window.fairline?.q ?? [], (one) => Array.from(one) as Call);
  window.fairline = queue([...kept.filter(([name]) => name !== "destroy"), ["update", options]]);
}

function queue(calls: Call[]): FairlineCall {
  const q: Call[] = calls;
  const push = (...one: Call): void => void q.push(one);
  return Object.assign(push, { q }) as unknown as FairlineCall;
}

function inject(address: string, settings: Record<string, string>, nonce?: string): void {
  const element = document.createElement("script");
  element.async = true;
  if (nonce) element.nonce = nonce;
  Object.assign(element.dataset, settings);
  element.src = trusted(address);
  element.onload = () => { isComing = false; };
  element.onerror = () => {
    isComing = false;
    element.remove();
    console.warn(`fairline: ${address} could not be loaded. Does the server answer there, and does the page's policy name it in script-src?`);
  };
  isComing = true;
  script = element;
  document.head.append(element);
}

/** Pages with `require-trusted-types-for` allow the policy `fairline`. */
function trusted(address: string): string {
  const { trustedTypes: types } = window as { trustedTypes?: { createPolicy(name: string, rules: object): typeof policy } };
  policy ??= types?.createPolicy("fairline", { createScriptURL: (text: string) => text });
  return policy?.createScriptURL(address) ?? address;
}

/** What an attribute can say; the rest goes by `update`. */
function texts(options: Options): Record<string, string> {
  const plain = ([, value]: [string, unknown]): boolean => typeof value === "string" || typeof value === "number";
  return Object.fromEntries(Object.entries(options).filter(plain).map(([name, value]) => [name, String(value)]));
}

function call(name: keyof Calls, ...values: unknown[]): unknown {
  if (typeof document === "undefined") return undefined;
  return (window.fairline as ((...all: unknown[]) => unknown) | undefined)?.(name, ...values);
}
