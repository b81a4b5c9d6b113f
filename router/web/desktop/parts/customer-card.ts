/**
 * What is known of the customer, as the server's card says it.
 *
 * Owns: names and order of the facts. Does not know: where they come from.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { initials } from "../../client/dom.js";
import type { Conversation } from "../../client/conversations.js";
import { language, nameOf, queueOf, title, wished } from "../words.js";
import { icon } from "./icons.js";
import { Part } from "./part.js";
import "./host-card.js";
import "./past.js";

const HIDDEN = new Set([
  "id", "name", "languages", "language", "verified", "attributes", "queued_at", "waited_ms", "here", "contact",
  "timezone", "time_zone", "class", "history",
]);
type Facts = [string, string | undefined | null][];

@customElement("desk-customer")
export class CustomerCard extends Part {
  override render(): TemplateResult | typeof nothing {
    const { conversation } = this.desk;
    if (!conversation) return nothing;
    const customer = (conversation.customer ?? {}) as Record<string, any>;
    const here = customer.here !== false;
    return html`<aside class="right" aria-label="Customer"><div class="customer">
        <span class="face big" aria-hidden="true">${initials(nameOf(customer))}<span class="dot" data-show=${here ? "available" : "offline"}></span></span>
        <h2 dir="auto">${nameOf(customer)}</h2>
        <p class="proof ${customer.verified ? "verified" : ""}">${customer.verified ? html`${icon("shield")} identity verified` : "identity not verified"}</p>
        <p class="chips">${customer.class && customer.class !== "regular" ? html`<span class="chip gold">${title(customer.class)}</span>` : nothing}
          ${wished(customer).map((tag) => html`<span class="chip">${language(tag)}</span>`)}
          <span class="chip ${here ? "" : "off"}">${here ? "here now" : "not here"}</span></p>
        <dl>${factsOf(customer, conversation).map(([label, value]) => html`<dt>${label}</dt><dd dir="auto">${value}</dd>`)}</dl>
        <button type="button" class="quiet" @click=${() => this.desk.open("explain", { conversation: conversation.conversation })}>${icon("why")} Why did I get this?</button></div>
      <desk-past .desk=${this.desk}></desk-past>
      <desk-host-card .desk=${this.desk}></desk-host-card></aside>`;
  }
}

function factsOf(customer: Record<string, any>, conversation: Conversation): Facts {
  const attributes: Record<string, unknown> = { ...customer, ...customer.attributes };
  const plain: Facts = Object.entries(attributes)
    .filter(([key, value]) => !HIDDEN.has(key) && ["string", "number", "boolean"].includes(typeof value))
    .map(([key, value]) => [title(key), String(value)]);
  const contact = ((customer.contact ?? []) as { channel: string; hours?: string }[])
    .map(({ channel, hours }) => `${channel}${hours ? `, ${hours}` : ""}`).join("; ");
  const facts: Facts = [
    ["Their time", localTime(attributes.timezone ?? attributes.time_zone)], ["Queue", queueOf(conversation)],
    ["Topic", conversation.topic], ["Reach them by", contact], ...plain,
  ];
  return facts.filter(([, value]) => value);
}

/** What the clock says where the customer is, if their zone is known. */
function localTime(zone: unknown): string {
  if (typeof zone !== "string" || !zone) return "";
  try {
    const time = new Date().toLocaleTimeString(undefined, { timeZone: zone, hour: "2-digit", minute: "2-digit" });
    return `${time} (${zone})`;
  } catch {
    return "";
  }
}
