/**
 * One conversation: what was said, notes among colleagues, and the composer.
 *
 * Owns: the log, drafts by conversation, reply or note.
 * Does not know: ending and transferring (actions.js).
 */
import { h, keyed, say, show, timeOf } from "../client/dom.js";
import { nameOf } from "./list.js";

const TYPING_EVERY_MS = 3_000;

export class Transcript {
  constructor(desktop) {
    this.desktop = desktop;
    this.drafts = new Map();
    this.kind = "text";
    this.typedAt = 0;
    this._build();
  }

  focus() {
    if (!this.form.hidden) this.input.focus();
  }

  draw() {
    const { conversation, model, actions } = this.desktop;
    show(this.blank, !conversation);
    for (const part of [this.head, this.log, this.bottom]) show(part, !!conversation);
    if (!conversation) {
      this.shown = null;
      return;
    }
    if (this.shown !== conversation.conversation) this._switch(conversation);
    say(this.title, nameOf(conversation.customer));
    say(this.sub, [conversation.queue, conversation.channel, conversation.topic].filter(Boolean).join(" · "));
    show(this.more, conversation.more);
    const active = conversation.status === "active";
    show(this.end, active);
    show(this.transfer, active);
    show(this.form, active);
    actions.drawWrapUp(conversation);
    this._drawLog(conversation, model);
    show(this.typing, active && conversation.typingUntil > Date.now());
    say(this.typing, `${nameOf(conversation.customer)} is writing …`);
  }

  // Inside

  _build() {
    const { desktop } = this;
    this.title = h("h1", {});
    this.sub = h("p", {});
    this.transfer = h("button", { type: "button", onclick: () => desktop.actions.openTransfer() }, "Transfer");
    this.end = h("button", { type: "button", onclick: () => desktop.actions.end() }, "End");
    this.head = h("header", {}, h("div", {}, this.title, this.sub), this.transfer, this.end);
    this.more = h("button", { type: "button", class: "earlier", onclick: () => desktop.model.fetchHistory(desktop.chosen) }, "Earlier messages");
    this.entries = h("div", { class: "entries", role: "log", "aria-label": "Transcript" });
    this.typing = h("p", { class: "typing", hidden: true });
    this.log = h("div", { class: "log", tabindex: "0", "aria-label": "Conversation" }, this.more, this.entries, this.typing);
    this.bottom = h("div", { class: "bottom" });
    this.blank = h("p", { class: "blank" }, "No conversation chosen.");
    this._buildForm();
    this.element = h("section", { class: "transcript" }, this.head, this.log, this.bottom, this.blank);
  }

  _buildForm() {
    const tab = (kind, label) => h("button", { type: "button", "aria-pressed": String(kind === this.kind), "data-kind": kind,
      onclick: () => this._as(kind) }, label);
    this.tabs = h("div", { class: "tabs", role: "group", "aria-label": "Write as" }, tab("text", "Reply"), tab("note", "Note"));
    this.input = h("textarea", { rows: "3", "aria-label": "Reply", maxlength: "4000" });
    this.form = h("form", { class: "composer" }, this.tabs,
      h("div", { class: "row" }, this.input, h("button", { class: "main" }, "Send")));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this._send();
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this._send();
    });
    this.input.addEventListener("input", () => this._typed());
    this.bottom.append(this.form);
    this._as("text");
  }

  _as(kind) {
    this.kind = kind;
    for (const button of this.tabs.children) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    this.form.classList.toggle("note", kind === "note");
    this.input.setAttribute("aria-label", kind === "note" ? "Note" : "Reply");
    this.input.placeholder = kind === "note" ? "A note for colleagues, never shown to the customer" : "Reply: Enter sends, Shift+Enter breaks the line";
    if (this.form.isConnected) this.input.focus();
  }

  _send() {
    const body = this.input.value.trim();
    const { conversation, connection } = this.desktop;
    if (!body) this.desktop.offer.acceptByEnter();
    if (!body || conversation?.status !== "active") return;
    const fields = { conversation: conversation.conversation, body, ...(this.kind === "note" ? { kind: "note" } : {}) };
    connection.command("message.send", fields);
    this._typing(false);
    this.input.value = "";
    this.drafts.delete(conversation.conversation);
    this.desktop.draw();
    this._toEnd();
  }

  _typed() {
    this.drafts.set(this.desktop.chosen, this.input.value);
    if (this.kind === "note" || Date.now() - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this._typing(true);
  }

  _typing(on) {
    if (!on) this.typedAt = 0;
    this.desktop.connection.command("typing", { conversation: this.desktop.chosen, on });
  }

  _switch({ conversation }) {
    this.shown = conversation;
    this.entries.replaceChildren();
    this.entries.keyedElements = new Map();
    this.input.value = this.drafts.get(conversation) ?? "";
    this._as("text");
    this.justSwitched = true;
  }

  _drawLog(conversation, model) {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    const atEnd = this.justSwitched || scrollHeight - scrollTop - clientHeight < 60;
    const count = this.entries.childElementCount;
    const read = Math.max(0, ...Object.values(conversation.readBy));
    const sent = conversation.messages.map((one) => ({ ...one, key: `${one.kind}${one.seq}`, mine: one.from?.id === model.you?.id }));
    const failed = conversation.failed.map((one) => ({ ...one, key: `f${one.op}`, mine: true, tick: `Not sent: ${one.why}` }));
    const pending = model.pending(conversation.conversation).map((one) => ({ ...one, key: `p${one.op}`, mine: true, tick: "Sending" }));
    for (const one of sent.filter((message) => message.mine && message.kind !== "note")) one.tick = one.seq <= read ? "✓✓ Read" : "✓ Sent";
    keyed(this.entries, [...sent, ...failed, ...pending], (one) => one.key, (one) => this._entry(one),
      (element, one) => say(element.querySelector(".tick"), one.tick ?? ""));
    if (atEnd && (count !== this.entries.childElementCount || this.justSwitched)) this._toEnd();
    this.justSwitched = false;
  }

  _entry({ kind, mine, from, body, at }) {
    const side = kind === "note" ? "note" : mine ? "mine" : "theirs";
    const author = mine ? "You" : from?.name || nameOf(this.desktop.conversation?.customer);
    return h("div", { class: `entry ${side}` },
      h("p", { class: "meta" }, h("b", {}, kind === "note" ? `${author}, note` : author), " ", at ? h("time", {}, timeOf(at)) : ""),
      h("p", { class: "body", dir: "auto" }, body), h("p", { class: "tick" }));
  }

  _toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }
}
