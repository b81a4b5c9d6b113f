/**
 * `<fairline-queue-status queue="billing">`: for a page's own text, whether a queue is open and how
 * long it takes.
 *
 * Owns: asking the server every half minute while it can be seen, its words.
 * Does not know: conversations; it opens no connection and stores nothing.
 */
import { html, render } from "lit/html.js";
import { askOpening, type Opening } from "./opening.js";
import { fill, speechFor, type Speech } from "./words.js";

const EVERY_MS = 30_000;
const SHEET = `:host { display: inline-block; font: inherit; color: inherit; }
.mark { display: inline-block; inline-size: .6em; block-size: .6em; border-radius: 50%; margin-inline-end: .5em; background: #1a7f45; }
.mark.closed { background: none; box-shadow: inset 0 0 0 2px currentColor; }
@media (forced-colors: active) { .mark { background: CanvasText; } }`;

/** Elements that are kept true already, whatever script began it. */
const kept = new WeakMap<HTMLElement, ReturnType<typeof setInterval>>();

interface Where { origin: string; tenant: string; lang: string }

/** Fills the element, and keeps it true for as long as it is in the page. */
export async function attach(element: HTMLElement, where: Where): Promise<void> {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SHEET);
  root.adoptedStyleSheets = [sheet];
  const speech = await speechFor(element.getAttribute("lang") ?? where.lang);
  const look = async (): Promise<void> => {
    if (!element.isConnected) return clearInterval(timer);
    if (document.visibilityState === "hidden") return;
    const tenant = element.getAttribute("tenant") ?? where.tenant;
    const opening = await askOpening(where.origin, tenant, element.getAttribute("queue") ?? "");
    element.toggleAttribute("open", opening?.open === true);
    render(opening ? shown(opening, speech) : html``, root);
  };
  clearInterval(kept.get(element));
  const timer = setInterval(() => void look(), EVERY_MS);
  kept.set(element, timer);
  await look();
}

function shown(opening: Opening, speech: Speech): unknown {
  return html`<span role="status" lang=${speech.language} dir=${speech.dir}><span class=${opening.open ? "mark" : "mark closed"} aria-hidden="true"></span><span part="text">${sentence(opening, speech)}</span></span>`;
}

function sentence(opening: Opening, speech: Speech): string {
  const { words } = speech;
  if (!opening.open) {
    const at = opening.opens_at;
    if (opening.full) return words.full;
    return at ? `${words.status.closed}. ${fill(words.opens, { when: speech.moment(at, Date.now()) })}` : words.status.closed;
  }
  const parts = [words.status.open];
  parts.push(opening.waiting ? speech.count(words.status.waiting, opening.waiting) : words.status.free);
  if (opening.waiting && opening.wait_ms) {
    const minutes = (ms: number): number => Math.max(1, Math.ceil(ms / 60_000));
    const { p50, p90 } = opening.wait_ms;
    const band = p90 < 60_000 ? { low: 0, high: 0 } : { low: minutes(p50), high: minutes(p90) };
    parts.push(speech.band(band));
  }
  return parts.join(" · ");
}
