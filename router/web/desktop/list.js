/**
 * The agent's conversations, the one that waits longest for an answer first.
 *
 * Owns: order and rows. Does not know: the transcript.
 */
import { clock, h, initials, keyed, say, show } from "../client/dom.js";
import { unreadOf, waitingSince } from "../client/model.js";

const LATE_MS = 60_000;

export class List {
  constructor(desktop) {
    this.desktop = desktop;
    this.head = h("h2", {});
    this.rows = h("ul", {});
    this.empty = h("p", { class: "empty" });
    this.element = h("section", { class: "list" }, this.head, this.rows, this.empty);
  }

  /** Who waits for my answer, longest first; then wrap-up; then the rest, newest last. */
  sorted() {
    const { model } = this.desktop;
    const rank = (one) => (one.status === "wrap_up" ? 2 : waitingSince(one, model.you) ? 1 : 3);
    const since = (one) => waitingSince(one, model.you) || one.messages.at(-1)?.at || one.assignedAt || 0;
    return model.open.filter((one) => ["active", "wrap_up"].includes(one.status))
      .sort((a, b) => rank(a) - rank(b) || since(a) - since(b));
  }

  draw() {
    const { model } = this.desktop;
    const conversations = this.sorted();
    say(this.head, conversations.length ? `Mine (${conversations.length})` : "Mine");
    keyed(this.rows, conversations, (one) => one.conversation, (one) => this._make(one), (row, one) => this._update(row, one));
    show(this.empty, conversations.length === 0 && model.offers.length === 0);
    const available = model.presence?.show === "available";
    say(this.empty, available ? "You are available. The next offer comes by itself." : "Set yourself available to get offers.");
  }

  _make({ conversation, customer }) {
    const row = h("button", { type: "button", onclick: () => this.desktop.choose(conversation) },
      h("span", { class: "face", "aria-hidden": "true" }, initials(nameOf(customer))),
      h("span", { class: "text" }, h("b", {}), h("span", { class: "last" })),
      h("span", { class: "marks" }, h("span", { class: "wait" }), h("span", { class: "unread" })));
    return h("li", {}, row);
  }

  _update(item, conversation) {
    const { model, chosen } = this.desktop;
    const row = item.firstElementChild;
    const part = (name) => row.querySelector(name);
    const since = waitingSince(conversation, model.you);
    const waited = since ? model.now() - since : 0;
    const unread = unreadOf(conversation, model.you);
    row.setAttribute("aria-current", String(conversation.conversation === chosen));
    say(part("b"), nameOf(conversation.customer));
    say(part(".last"), lastLine(conversation));
    say(part(".wait"), conversation.status === "wrap_up" ? "wrap-up" : since ? clock(waited) : "");
    part(".wait").classList.toggle("late", waited > LATE_MS);
    say(part(".unread"), unread ? String(unread) : "");
    part(".unread").setAttribute("aria-label", unread ? `${unread} unread` : "");
    show(part(".unread"), unread > 0);
  }
}

export const nameOf = (customer) => customer?.name || "Customer";

function lastLine(conversation) {
  if (conversation.typingUntil > Date.now()) return "is writing …";
  const last = conversation.messages.filter((one) => one.kind !== "note").at(-1);
  return last?.body ?? conversation.queue;
}
