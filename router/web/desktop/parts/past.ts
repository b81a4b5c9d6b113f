/**
 * What the customer talked about before, and how it ended.
 *
 * Owns: one look per conversation, on demand where the tenant wants a purpose for it.
 * Does not know: what the server keeps.
 */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Refused, type Reply } from "../../client/protocol.js";
import type { Message } from "../../client/conversations.js";
import { dayOf, plural, spaced } from "../words.js";
import { Part } from "./part.js";

const LIMIT = 200;
const SHOWN = 5;

/** How one ended, where the server tells. */
interface Ending {
  conversation: string;
  outcome?: string;
  code?: string;
  reason?: string;
  rating?: number;
}
interface Contact {
  conversation: string;
  messages: Message[];
  ending?: Ending;
}

@customElement("desk-past")
export class Past extends Part {
  @state() private contacts: Contact[] | null = null;
  @state() private complaint = "";
  private shown: string | null = null;

  override render(): TemplateResult | typeof nothing {
    if (this.complaint) return html`<section class="past"><h3>Before</h3><p class="hint">${this.complaint}</p></section>`;
    if (!this.contacts) return nothing;
    if (this.contacts.length === 0) return html`<section class="past"><h3>Before</h3><p class="hint">No earlier conversation is known.</p></section>`;
    return html`<section class="past"><h3>Before</h3>${this.contacts.slice(0, SHOWN).map((one) => this.contact(one))}</section>`;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { chosen, conversation, link } = this.desk;
    if (this.shown === chosen || link.status.phase !== "online") return;
    this.shown = chosen;
    this.contacts = null;
    this.complaint = "";
    const customer = conversation?.customer?.id;
    if (customer && chosen) void this.fetch(customer, chosen);
  }

  private contact({ messages, ending }: Contact): TemplateResult {
    const first = messages.find(({ from, kind }) => from?.role === "customer" && kind !== "note") ?? messages[0];
    const agents = new Set(messages.filter(({ from }) => from?.role === "agent").map(({ from }) => from.name || from.id));
    const outcome = ending?.code || ending?.outcome || ending?.reason;
    return html`<details><summary><span class="line"><b>${dayOf(first.at, this.desk.model.now())}</b>
          ${outcome ? html`<span class="chip">${spaced(outcome)}</span>` : nothing}${ending?.rating ? html`<span class="chip">${ending.rating} of 5</span>` : nothing}</span>
        <span class="last" dir="auto">${first.body}</span><small>${[...agents].join(", ") || "nobody"} · ${plural(messages.length, "message")}</small></summary>
      <div class="before">${messages.map(({ from, body, kind }) => html`<p class=${kind === "note" ? "note" : ""} dir="auto"><b>${from?.name || from?.role}:</b> ${body}</p>`)}</div></details>`;
  }

  private async fetch(customer: string, chosen: string): Promise<void> {
    try {
      const reply = await this.desk.link.command("history", { customer, limit: LIMIT });
      if (this.shown === chosen) this.contacts = grouped(reply, chosen);
    } catch (refusal) {
      if (refusal instanceof Refused && refusal.code === 110) this.complaint = "A purpose is needed to read earlier conversations.";
      // other refusals: this server or this tenant does not show them
    }
  }
}

/** The newest conversation first, without the one at hand. */
function grouped(reply: Reply, chosen: string): Contact[] {
  const told = reply as Reply & { endings?: Ending[]; conversations?: Ending[] };
  const endings = new Map((told.endings ?? told.conversations ?? []).map((one) => [one.conversation, one]));
  const contacts = new Map<string, Message[]>();
  for (const message of reply.messages ?? []) {
    const { conversation = "" } = message as Message & { conversation?: string };
    if (conversation && conversation !== chosen) contacts.set(conversation, [...(contacts.get(conversation) ?? []), message]);
  }
  return [...contacts].map(([conversation, messages]) => ({ conversation, messages, ending: endings.get(conversation) })).reverse();
}
