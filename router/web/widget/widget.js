/**
 * The one line a shop embeds: a round button, and nothing else until it is clicked.
 *
 * Owns: the button, the queue of `fairline(...)` calls, loading the panel.
 * Does not know: conversations.
 * Invariants: before the first click nothing is stored and no connection is opened; a later page
 * of the same tab goes on by itself only while a conversation is going on.
 */
(() => {
  const script = document.currentScript;
  if (!script || window.fairline?.ready) return;
  const origin = new URL(script.src).origin;
  const { tenant = "", queue = "", lang = "auto", side = "right" } = script.dataset;
  const live = `fairline.live.${tenant}`;
  const listeners = {};
  let panel = null;
  let loading = null;
  let identity = null;
  let told = 0;

  const CSS = `
    :host { all: initial; --brand: var(--fairline-brand, #1f5fd0); --on-brand: var(--fairline-on-brand, #fff);
      position: fixed; z-index: var(--fairline-layer, 2147483000); inset-block-end: 0; inset-inline-end: 0; }
    :host([data-side="left"]) { inset-inline: 0 auto; }
    .round { position: fixed; inset-block-end: calc(var(--fairline-bottom, 20px) + env(safe-area-inset-bottom));
      inset-inline-end: var(--fairline-edge, 20px); inline-size: 56px; block-size: 56px; border: 0; border-radius: 50%;
      background: var(--brand); color: var(--on-brand); cursor: pointer; padding: 0; font: 600 13px system-ui, sans-serif;
      box-shadow: 0 2px 6px #0003, 0 8px 24px #0003; display: grid; place-items: center; transition: transform .15s; }
    :host([data-side="left"]) .round { inset-inline: var(--fairline-edge, 20px) auto; }
    .round:hover { transform: scale(1.05); }
    .round:focus-visible { outline: 3px solid var(--brand); outline-offset: 3px; }
    .round svg { inline-size: 26px; block-size: 26px; }
    .round[hidden], .count[hidden] { display: none; }
    .count { position: absolute; inset-block-start: -3px; inset-inline-end: -3px; min-inline-size: 22px; block-size: 22px;
      border-radius: 11px; background: #c62828; color: #fff; display: grid; place-items: center; padding: 0 5px; box-sizing: border-box; }
    @media (prefers-reduced-motion: reduce) { .round { transition: none; } .round:hover { transform: none; } }
    @media (forced-colors: active) { .round { border: 2px solid ButtonText; } }`;

  const host = document.createElement("div");
  host.id = "fairline-widget";
  host.dataset.side = side;
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.className = "round";
  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const shape = { fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linejoin": "round",
    d: "M4 5h16v11H10l-5 4v-4H4z" };
  for (const [name, value] of Object.entries(shape)) path.setAttribute(name, value);
  drawing.append(path);
  const count = document.createElement("span");
  count.className = "count";
  count.hidden = true;
  button.append(drawing, count);
  root.append(button);

  const wanted = lang === "auto" ? document.documentElement.lang || navigator.language : lang;
  const german = wanted.startsWith("de");
  const label = (unread) => {
    const open = german ? "Mit uns sprechen" : "Talk to us";
    const news = german ? `${open}, ${unread} neue Nachrichten` : `${open}, ${unread} new messages`;
    button.setAttribute("aria-label", unread ? news : open);
  };
  label(0);

  const emit = (name, detail) => (listeners[name] ?? []).forEach((listener) => listener(detail));
  const place = {
    origin, tenant, queue, lang: wanted, root, host, emit, liveKey: live,
    opened: () => { button.hidden = true; emit("open"); },
    closed: () => { button.hidden = false; button.focus(); emit("close"); },
    unread: (number) => {
      if (number === told) return;
      told = number;
      count.hidden = number === 0;
      count.textContent = number > 9 ? "9+" : String(number);
      label(number);
      emit("unread", number);
    },
  };

  const load = () => (loading ??= import(`${origin}/assets/widget/panel.js`)
    .then((module) => {
      panel = module.mount(place);
      if (identity) panel.identify(identity);
      return panel;
    })
    .catch((error) => { loading = null; emit("error", error); }));

  const calls = {
    open: () => load().then((it) => it?.open()),
    close: () => panel?.close(),
    toggle: () => (panel?.isOpen ? panel.close() : calls.open()),
    show: () => { host.hidden = false; },
    hide: () => { host.hidden = true; },
    on: (name, listener) => { (listeners[name] ??= []).push(listener); },
    identify: (who) => {
      if (typeof who?.token !== "function") {
        return console.warn("fairline: identify needs {id, token}, where token is a function that gives a token or a promise of one");
      }
      identity = who;
      return panel?.identify(who);
    },
    logout: () => { identity = null; return panel ? panel.logout() : forget(); },
  };
  const forget = () => {
    try { localStorage.removeItem(`fairline.visitor.${tenant}`); sessionStorage.removeItem(live); } catch { /* forbidden */ }
  };

  const early = window.fairline?.q ?? [];
  window.fairline = (name, ...values) => {
    if (Object.hasOwn(calls, name)) return calls[name](...values);
    return console.warn(`fairline: there is no call "${name}"; there are ${Object.keys(calls).join(", ")}`);
  };
  window.fairline.ready = true;
  button.addEventListener("click", () => calls.open());
  const start = () => {
    document.body.append(host);
    for (const [name, ...values] of early) window.fairline(name, ...values);
    let left = null;
    try { left = sessionStorage.getItem(live); } catch { /* forbidden */ }
    if (left === "open") calls.open();
    else if (left) load().then((it) => it?.resume());
    emit("ready");
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
