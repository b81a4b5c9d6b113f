/**
 * The one line a shop embeds: a round button, and nothing else until it is clicked.
 *
 * Owns: the button, the calls and listeners of the page, loading the panel, the custom elements.
 * Does not know: conversations.
 * Invariants: before the first click nothing is stored and no connection is opened; a later page
 * of the same tab goes on by itself only while a conversation is going on.
 */
import type { Calls, Customer, Greeting, Options, PanelPort, Place } from "./api.js";

import { GREETING_CSS, greeting } from "./greeting.js";

type Anything = (...values: never[]) => unknown;

const LABELS: Record<string, string> = {
  en: "Talk to us", ar: "تحدث إلينا", de: "Mit uns sprechen", es: "Hable con nosotros", fr: "Discuter avec nous",
  he: "דברו איתנו", it: "Parla con noi", nl: "Praat met ons", pl: "Napisz do nas", pt: "Fale connosco",
  tr: "Bize yazın", uk: "Написати нам",
};

const CSS = `:host{all:initial;--brand:var(--fairline-brand,#1f5fd0);--on-brand:var(--fairline-on-brand,#fff);position:fixed;
z-index:var(--fairline-layer,2147483000);inset-block-end:0;right:0;color-scheme:light dark}
@supports (color:color(from red xyz-d65 x y z)){:host{--ink-of-brand:color(from var(--brand) xyz-d65 clamp(0,(.18 - y)*9999,.9505) clamp(0,(.18 - y)*9999,1) clamp(0,(.18 - y)*9999,1.0891));--on-brand:var(--fairline-on-brand,var(--ink-of-brand))}}
:host(fairline-widget){position:relative;display:block}
:host([hidden]){display:none!important}
:host([data-side=left]){right:auto;left:0}
.round{position:fixed;inset-block-end:calc(var(--fairline-bottom,20px) + env(safe-area-inset-bottom));
right:calc(var(--fairline-edge,20px) + env(safe-area-inset-right));width:56px;height:56px;border:0;border-radius:50%;background:var(--brand);color:var(--on-brand);
cursor:pointer;padding:0;font:600 13px system-ui,sans-serif;box-shadow:0 1px 3px #0003,0 8px 24px #0004;display:grid;place-items:center;transition:transform .16s}
:host([data-side=left]) .round{right:auto;left:calc(var(--fairline-edge,20px) + env(safe-area-inset-left))}
.round:hover{transform:scale(1.06)}.round:active{transform:scale(.96)}
.round:focus-visible{outline:3px solid var(--brand);outline-offset:3px}
svg{width:27px;height:27px}[hidden]{display:none!important}
.count{position:absolute;top:-3px;right:-3px;min-width:22px;height:22px;border-radius:11px;background:#c62828;color:#fff;display:grid;place-items:center;padding:0 5px;box-sizing:border-box;box-shadow:0 0 0 2px #fff}
@media (prefers-reduced-motion:reduce){.round{transition:none}.round:hover{transform:none}}
@media (forced-colors:active){.round{border:2px solid ButtonText}}`;

(() => {
  const script = document.currentScript as HTMLScriptElement | null;
  if (!script || window.fairline?.ready) return;
  const { origin } = new URL(script.src);
  const { tenant = "", button: shown = "", ...data } = script.dataset;
  const options = data as Options;
  const liveKey = `fairline.live.${tenant}`;
  const listeners = new Map<string, Set<Anything>>();
  let panel: PanelPort | null = null;
  let loading: Promise<PanelPort | null> | null = null;
  let run = 0;
  let told = 0;
  let ungreet: (() => void) | null = null;
  let dwell: ReturnType<typeof setInterval> | undefined;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS + GREETING_CSS);
  const dress = (element: HTMLElement): ShadowRoot => {
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    return root;
  };
  const host = document.createElement("div");
  host.id = "fairline-widget";
  const root = dress(host);

  const svg = (tag: string, attributes: Record<string, string>): SVGElement => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const button = document.createElement("button");
  button.className = "round";
  button.type = "button";
  button.part.add("button");
  button.setAttribute("aria-haspopup", "dialog");
  const drawing = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linejoin": "round", "stroke-linecap": "round" });
  drawing.append(svg("path", { d: "M4.5 4.5h15a1.5 1.5 0 0 1 1.5 1.5v9.5a1.5 1.5 0 0 1-1.5 1.5H12l-5 4v-4H4.5A1.5 1.5 0 0 1 3 15.500V6a1.500 1.500 0 0 1 1.500-1.500zM7.500 9h9M7.500 12.500h5.500" }));
  const count = document.createElement("span");
  count.className = "count";
  count.part.add("count");
  count.hidden = true;
  button.append(drawing, count);
  root.append(button);

  const language = (): string => {
    const { lang } = options;
    return !lang || lang === "auto" ? document.documentElement.lang || navigator.language : lang;
  };
  const tag = (): string => language().split("-")[0]!.toLowerCase();
  const emit: Place["emit"] = (name, detail) => {
    for (const listener of [...(listeners.get(name) ?? [])]) (listener as (value: unknown) => void)(detail);
  };
  const face = (): void => {
    const rtl = getComputedStyle(document.documentElement).direction === "rtl";
    host.dataset.side = options.side ?? (rtl ? "left" : "right");
    if (!told) button.setAttribute("aria-label", LABELS[tag()] ?? LABELS.en!);
  };

  /** Says a word first, once for each page, while nobody has opened or hidden anything. */
  const greet = (text: string): void => {
    clearInterval(dwell);
    if (ungreet || panel || loading || button.hidden || !text) return;
    ungreet = greeting(root, text, { lang: tag(), theme: options.theme, taken: () => calls.open() });
  };

  /** The page's own rules: where (how its path begins), after how many seconds there, which words. */
  const watchDwell = (): void => {
    const { greet: said = "", greetAfter = 15 } = options;
    let rules: Greeting[] = said ? [{ text: said }] : [];
    try {
      if (/^\[/.test(said)) rules = JSON.parse(said).filter((rule: Greeting | null) => rule?.text != null);
    } catch {
      rules = [];
      console.warn('fairline: data-greet is no JSON; write [{"text": "Questions?"}]');
    }
    let path = "";
    let since = 0;
    if (rules.length) dwell = setInterval(() => {
      if (path !== location.pathname) [path, since] = [location.pathname, Date.now()];
      const rule = rules.find(({ page = "", after = greetAfter }) => path.startsWith(page) && Date.now() - since >= +after * 1_000);
      if (rule) greet(rule.text);
    }, 500);
  };

  const place: Place = {
    origin, tenant, options, root, host, inline: false, customer: null, liveKey, emit,
    opened: () => { ungreet?.(); button.hidden = true; emit("open", undefined); },
    closed: () => {
      button.hidden = shown === "none";
      button.focus();
      emit("close", undefined);
    },
    unread: (number, label) => {
      if (number === told) return;
      told = number;
      count.hidden = !number;
      count.textContent = number > 9 ? "9+" : String(number);
      button.setAttribute("aria-label", label);
      emit("unread", number);
    },
  };

  const load = (): Promise<PanelPort | null> => {
    const mine = run;
    return (loading ??= import(/* @vite-ignore */ `${origin}${__PANEL__}`)
      .then((module) => module.mount(place))
      .then((it: PanelPort) => {
        if (mine === run) return (panel = it);
        it.destroy();
        return null;
      })
      .catch((error: unknown) => { loading = null; emit("error", error); return null; }));
  };
  const unload = (): void => {
    run += 1;
    panel?.destroy();
    panel = loading = null;
  };
  const forget = (): void => {
    try { localStorage.removeItem(`fairline.visitor.${tenant}`); sessionStorage.removeItem(liveKey); } catch { /* forbidden */ }
  };
  /** Goes on from the page before; as somebody whom this page names, once it does. */
  const goOn = (): void => {
    let left = "";
    try { left = sessionStorage.getItem(liveKey) ?? ""; } catch { /* forbidden */ }
    if (!left || panel?.isOpen || (left.endsWith("!") && !place.customer)) return;
    if (left.startsWith("open")) calls.open();
    else void load().then((it) => it?.resume());
  };
  const set = (more?: Options): void => {
    Object.assign(options, more);
    if (own) Object.assign(own, more);
    face();
    if (more) void panel?.changed();
  };

  /** A page that changes its body (or its language) without a new page keeps the widget. */
  const watcher = new MutationObserver(() => {
    if (!host.isConnected) document.body?.append(host);
    set({});
  });

  const calls: Calls = {
    open: (more) => { set(more); void load().then((it) => it?.open()); },
    ask: (more) => { set(more); void load().then((it) => it?.ask()); },
    close: () => panel?.close(),
    toggle: () => { if (panel?.isOpen) panel.close(); else calls.open(); },
    show: () => { host.hidden = false; },
    hide: () => { panel?.close(); host.hidden = true; },
    destroy: () => {
      watcher.disconnect();
      clearInterval(dwell);
      unload();
      host.remove();
      listeners.clear();
      delete window.fairline;
    },
    greet,
    update: set,
    on: (name, listener) => {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name)!.add(listener as Anything);
      return () => calls.off(name, listener);
    },
    off: (name, listener) => {
      if (listener) listeners.get(name)?.delete(listener as Anything);
      else listeners.delete(name);
    },
    identify: (who, more) => {
      const customer = { ...who, ...more } as Customer;
      if (typeof customer.token !== "function" && !(customer.id && /^[\da-f]{64}$/i.test(customer.proof ?? ""))) {
        console.warn("fairline: identify needs {id, proof}, an HMAC-SHA256 of the id as 64 hex digits, or {id, token}, a function that gives a token");
        return;
      }
      place.customer = customer;
      panel?.identify(customer);
      goOn();
    },
    logout: () => {
      place.customer = null;
      if (panel) panel.logout();
      else forget();
    },
  };

  /** What an element in the page was before; an element of the page's own may set others. */
  let own: Options | null = null;
  const away = (): void => {
    unload();
    if (own) for (const name of Object.keys(options)) delete options[name as keyof Options];
    Object.assign(options, own);
    own = null;
    Object.assign(place, { host, root, inline: false });
    host.hidden = false;
    button.hidden = shown === "none";
  };

  /** By name of element: what follows when one joins the page, and when it leaves. */
  const parts: Record<string, ((element: HTMLElement) => void)[]> = {
    // The panel is in the flow of the page, as long as the element is; of several, in the newest.
    "fairline-widget": [(element) => {
      if (own) away();
      unload();
      own = { ...options };
      Object.assign(options, element.dataset, element.hasAttribute("queue") && { queue: element.getAttribute("queue") });
      Object.assign(place, { host: element, root: dress(element), inline: true });
      host.hidden = true;
      void load();
      goOn();
    }, (element) => {
      if (place.host !== element) return;
      away();
      const other = document.querySelector<HTMLElement>("fairline-widget");
      if (other) parts["fairline-widget"]![0]!(other);
      else goOn();
    }],
    "fairline-queue-status": [(element) => {
      void import(/* @vite-ignore */ `${origin}${__STATUS__}`)
        .then((module) => module.attach(element, { origin, tenant, lang: language() }))
        .catch((error: unknown) => emit("error", error));
    }, () => {}],
  };
  /** A page defines an element once; after `destroy` and another run it asks the newest. */
  const elements = (): void => {
    for (const name of Object.keys(parts)) {
      if (customElements.get(name)) document.querySelectorAll<HTMLElement>(name).forEach(parts[name]![0]!);
      else customElements.define(name, class extends HTMLElement {
        connectedCallback(): void { window.fairline?.parts?.[name]![0]!(this); }
        disconnectedCallback(): void { window.fairline?.parts?.[name]![1]!(this); }
      });
    }
  };

  const early = Array.from(window.fairline?.q ?? []);
  const fairline = ((name: keyof Calls, ...values: never[]) => {
    if (Object.hasOwn(calls, name)) return (calls[name] as Anything)(...values);
    return console.warn(`fairline: there is no call "${name}"; there are ${Object.keys(calls).join(", ")}`);
  }) as NonNullable<Window["fairline"]>;
  fairline.ready = true;
  fairline.parts = parts;
  window.fairline = fairline;
  button.addEventListener("click", () => calls.open());
  const start = (): void => {
    face();
    button.hidden = shown === "none";
    document.body.append(host);
    elements();
    watcher.observe(document.documentElement, { childList: true, attributeFilter: ["lang", "dir"] });
    for (const call of early) (fairline as Anything)(...(Array.from(call) as never[]));
    if (window.fairline !== fairline) return; // one of the calls was to go
    goOn();
    emit("ready", undefined);
    watchDwell();
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
