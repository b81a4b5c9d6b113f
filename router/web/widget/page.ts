/**
 * The widget as a page of its own: /widget?tenant=acme&queue=billing&lang=de.
 *
 * Owns: reading the address, the page's title.
 * Does not know: conversations.
 * Invariants: as on a shop's page, nothing is stored or connected before the first touch or key,
 * unless this browser has talked to the tenant before.
 */
import type { Options } from "./api.js";
import { mount } from "./panel.js";
import { speechFor } from "./words.js";

const asked = new URLSearchParams(location.search);
const lang = asked.get("lang") || navigator.language;
const tenant = asked.get("tenant") ?? "";
const host = document.getElementById("place")!;
const root = host.attachShadow({ mode: "open" });
const base = new CSSStyleSheet();
base.replaceSync(":host { display: block; --brand: var(--fairline-brand, #1f5fd0); --on-brand: var(--fairline-on-brand, #fff); }");
root.adoptedStyleSheets = [base];

const { words, language, dir } = await speechFor(lang);
document.documentElement.lang = language;
document.documentElement.dir = dir;
document.title = words.title;

const wanted = ["queue", "topic", "brand", "theme", "terms", "fields"];
const options = Object.fromEntries(wanted.flatMap((name) => {
  const value = asked.get(name);
  return value ? [[name, value]] : [];
})) as Options;

await mount({
  origin: location.origin, tenant, options: { ...options, lang }, root, host, inline: true, customer: null,
  liveKey: `fairline.live.${tenant}`, emit: () => {}, opened: () => {}, closed: () => {}, unread: () => {},
});
