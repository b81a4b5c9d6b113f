/**
 * What is known of the customer, as the server's card says it.
 *
 * Owns: names and order of the facts. Does not know: where they come from.
 */
import { h, initials, languageName, say, show } from "../client/dom.js";
import { nameOf } from "./list.js";
import { wished } from "./offer.js";

const HIDDEN = new Set(["id", "name", "languages", "language", "verified", "attributes", "queued_at", "waited_ms"]);

export class Card {
  constructor(desktop) {
    this.desktop = desktop;
    this.face = h("span", { class: "face big", "aria-hidden": "true" });
    this.name = h("h2", {});
    this.proof = h("p", { class: "proof" });
    this.facts = h("dl", {});
    this.element = h("aside", { class: "right", "aria-label": "Customer" },
      h("div", { class: "customer" }, this.face, this.name, this.proof, this.facts));
  }

  draw() {
    const { conversation } = this.desktop;
    show(this.element, !!conversation);
    if (!conversation) return;
    const customer = conversation.customer ?? {};
    say(this.face, initials(nameOf(customer)));
    say(this.name, nameOf(customer));
    say(this.proof, customer.verified ? "✓ identity verified" : "identity not verified");
    this.proof.classList.toggle("verified", !!customer.verified);
    const facts = factsOf(customer, conversation);
    const told = JSON.stringify(facts);
    if (this.told === told) return;
    this.told = told;
    this.facts.replaceChildren(...facts.flatMap(([label, value]) => [h("dt", {}, label), h("dd", { dir: "auto" }, value)]));
  }
}

function factsOf(customer, conversation) {
  const languages = wished(customer).map((tag) => languageName(tag, "en")).join(", ");
  const plain = Object.entries({ ...customer, ...(customer.attributes ?? {}) })
    .filter(([key, value]) => !HIDDEN.has(key) && ["string", "number", "boolean"].includes(typeof value))
    .map(([key, value]) => [label(key), String(value)]);
  const past = Array.isArray(customer.history) ? [["Before", `${customer.history.length} conversations`]] : [];
  return [["Languages", languages], ["Queue", conversation.queue], ["Topic", conversation.topic], ...plain, ...past]
    .filter(([, value]) => value);
}

const label = (key) => (key[0].toUpperCase() + key.slice(1)).replaceAll("_", " ");
