/**
 * The widget as a page of its own: /widget?tenant=acme&queue=billing&lang=de.
 *
 * Owns: reading the address, the page's title.
 * Does not know: conversations.
 * Invariants: as on a shop's page, nothing is stored or connected before the first touch or key,
 * unless this browser has talked to the tenant before.
 */
import { isKnown } from "./identity.js";
import { mount } from "./panel.js";
import { wordsFor } from "./words.js";

const asked = new URLSearchParams(location.search);
const lang = asked.get("lang") || navigator.language;
const tenant = asked.get("tenant") ?? "";
const host = document.getElementById("place");
const root = host.attachShadow({ mode: "open" });
const base = new CSSStyleSheet();
base.replaceSync(":host { display: block; --brand: #1f5fd0; --on-brand: #fff; }");
root.adoptedStyleSheets = [base];

const { title, language } = wordsFor(lang);
document.documentElement.lang = language;
document.title = title;

const panel = mount({
  origin: location.origin, tenant, queue: asked.get("queue") ?? "", lang, root, host, inline: true,
  unread: (count) => { document.title = count ? `(${count}) ${title}` : title; },
});

const open = () => { if (!panel.isOpen) panel.open(); };
if (isKnown(tenant)) open();
else for (const type of ["pointerdown", "keydown"]) addEventListener(type, open, { once: true });
