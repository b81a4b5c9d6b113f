/**
 * What an agent does with a conversation as a whole: end, wrap up, transfer.
 *
 * Owns: the wrap-up drawer and the transfer dialog.
 * Does not know: the transcript.
 */
import { clock, h, say, show } from "../client/dom.js";

const CODES = ["Solved", "Answered", "Follow-up needed", "Wrong place", "No answer"];

export class Actions {
  constructor(desktop) {
    this.desktop = desktop;
    this._buildTransfer();
    this._buildWrapUp();
  }

  draw() {
    const { conversation } = this.desktop;
    if (this.element.open && conversation?.status !== "active") this.element.close();
  }

  end() {
    this.desktop.ask("conversation.end", { conversation: this.desktop.chosen });
  }

  openTransfer() {
    this.target = this.desktop.chosen;
    this.element.showModal();
  }

  drawWrapUp(conversation) {
    if (!this.wrapUp.isConnected) this.desktop.transcript.bottom.append(this.wrapUp);
    const working = conversation.status === "wrap_up";
    const appears = working && this.wrapping !== conversation.conversation;
    show(this.wrapUp, working);
    if (!working) return;
    this.wrapping = conversation.conversation;
    if (appears) this.wrapUp.reset();
    if (appears) this.code.focus();
    const left = conversation.wrapUpUntil - Date.now();
    say(this.timer, left > 0 ? clock(left) : "time is over");
  }

  // Inside

  _buildWrapUp() {
    this.timer = h("span", { class: "timer" });
    this.code = h("select", { "aria-label": "Code" }, h("option", { value: "" }, "No code"),
      CODES.map((code) => h("option", { value: code.toLowerCase().replaceAll(/[ -]/g, "_") }, code)));
    this.note = h("input", { "aria-label": "Note", placeholder: "Note (optional)", maxlength: "1000" });
    this.wrapUp = h("form", { class: "wrap-up", hidden: true },
      h("b", {}, "Wrap-up "), this.timer, this.code, this.note, h("button", { class: "main" }, "Complete"));
    this.wrapUp.addEventListener("submit", (event) => {
      event.preventDefault();
      this._complete();
    });
    this.wrapUp.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.ctrlKey) this.wrapUp.requestSubmit();
    });
  }

  async _complete() {
    const { desktop, wrapping } = this;
    const code = this.code.value ? { code: this.code.value } : {};
    const note = this.note.value.trim() ? { note: this.note.value.trim() } : {};
    if (!(await desktop.ask("wrapup.complete", { conversation: wrapping, ...code, ...note }))) return;
    desktop.model.forget(wrapping);
    desktop.draw();
  }

  _buildTransfer() {
    const kinds = h("div", { class: "kinds", role: "radiogroup", "aria-label": "Transfer to" },
      h("label", {}, h("input", { type: "radio", name: "kind", value: "queue", checked: true }), " Queue"),
      h("label", {}, h("input", { type: "radio", name: "kind", value: "agent" }), " Agent"));
    this.to = h("input", { id: "transfer-to", required: true, autocomplete: "off", spellcheck: "false", placeholder: "for example billing" });
    this.transferNote = h("textarea", { id: "transfer-note", rows: "3", placeholder: "What the next one should know" });
    this.form = h("form", { method: "dialog" }, h("h2", {}, "Transfer"), kinds,
      h("label", { for: "transfer-to" }, "Id of the queue or agent"), this.to,
      h("label", { for: "transfer-note" }, "Note for the colleague"), this.transferNote,
      h("p", { class: "hint" }, "The customer keeps their age in the line."),
      h("div", { class: "answers" }, h("button", { class: "main", value: "ok" }, "Transfer"),
        h("button", { type: "button", onclick: () => this.element.close() }, "Cancel")));
    this.form.addEventListener("submit", () => this._transfer());
    this.element = h("dialog", { class: "transfer", "aria-label": "Transfer" }, this.form);
  }

  async _transfer() {
    const kind = new FormData(this.form).get("kind");
    const note = this.transferNote.value.trim();
    const to = this.to.value.trim();
    const reply = await this.desktop.ask("conversation.transfer", {
      conversation: this.target, to: { [kind]: to }, ...(note ? { note } : {}),
    }, { 103: `There is no ${kind} "${to}". The conversation is still yours.` });
    if (!reply) return;
    this.form.reset();
    this.desktop.tell("Transferred. The customer is told.");
    this.desktop.draw();
  }
}
