/**
 * What the customer sees of a conversation.
 *
 * Owns: the panel's elements, focus, scrolling, keys.
 * Does not know: connections or commands; it calls the panel's methods.
 * Invariants: texts of people are text nodes; the log is only ever added to at its end while it
 * is read, so a screen reader says each message once.
 */
import { clock, h, icon, initials, keyed, languageName, say, show, tagsOf, timeOf } from "../client/dom.js";
import { SHEET } from "./style.js";
import { waitWords } from "./words.js";

/** The close code of a page whose customer went on in another one. */
const OTHER_WINDOW = 4504;
const ICONS = { down: "M6 9l6 6 6-6", send: "M4 12l16-8-6 16-3-7z", leave: "M6 6l12 12M18 6L6 18" };

export class View {
  constructor(place, words, panel) {
    this.place = place;
    this.words = words;
    this.panel = panel;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET);
    place.root.adoptedStyleSheets = [...place.root.adoptedStyleSheets, sheet];
    this.element = this._build();
    this.element.hidden = !place.inline;
    place.root.append(this.element);
  }

  open() {
    show(this.element, true);
    this.focus();
  }

  close() {
    show(this.element, false);
  }

  focus() {
    (this.input.disabled ? this.element : this.input).focus({ preventScroll: true });
    this._toEnd();
  }

  /** Puts a text back that was not accepted, unless something new was begun. */
  giveBack(body) {
    if (!this.input.value) this.input.value = body;
    this._grow();
  }

  draw(state) {
    const { conversation } = state;
    this._drawHead(state);
    this._drawStrip(state);
    this._drawQueue(state);
    this._drawLog(state);
    this._drawOver(state);
    show(this.notice, !!state.notice);
    say(this.notice, state.notice ?? "");
    show(this.consent, !!state.consent);
    show(this.form, conversation?.status !== "ended" && !state.stopped && !state.consent);
    this.input.disabled = this.form.hidden;
    this.submit.disabled = !state.composing;
  }

  // Building

  _build() {
    const { words, place } = this;
    this.log = h("div", { class: "log", role: "log", "aria-label": words.log, "aria-live": "polite" });
    this.typing = h("p", { class: "typing", hidden: true });
    this.notice = h("p", { class: "notice", role: "alert", hidden: true });
    this.scroller = h("div", { class: "scroller", tabindex: "-1" },
      h("div", { class: "greeting" }, words.greeting), this.log, this.typing, this.notice,
      this._buildConsent(), this._buildOver());
    const element = h("section", {
      class: place.inline ? "panel inline" : "panel", lang: words.language, tabindex: "-1",
      role: place.inline ? "region" : "dialog", "aria-label": words.dialog,
    }, this._buildHead(), this._buildStrip(), this._buildQueue(), this.scroller, this._buildForm());
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.panel.close();
    });
    return element;
  }

  _buildHead() {
    const { words, panel } = this;
    this.face = h("span", { class: "face", "aria-hidden": "true" });
    this.title = h("h2", {});
    this.subtitle = h("p", {});
    this.end = h("button", { type: "button", class: "quiet", onclick: () => this._ask(true) }, words.end);
    this.asking = h("div", { class: "ask", role: "group", "aria-label": words.endAsk, hidden: true },
      h("span", {}, words.endAsk),
      h("button", { type: "button", onclick: () => { this._ask(false); panel.leave(); } }, words.endYes),
      h("button", { type: "button", onclick: () => this._ask(false) }, words.endNo));
    const minimise = this.place.inline ? null : h("button", {
      type: "button", class: "round-quiet", "aria-label": words.minimise, onclick: () => panel.close(),
    }, icon(ICONS.down));
    return h("header", {}, h("div", { class: "bar" }, this.face,
      h("div", { class: "names" }, this.title, this.subtitle), this.end, minimise), this.asking);
  }

  _buildStrip() {
    this.stripText = h("span", {});
    this.stripButton = h("button", { type: "button", onclick: () => this.panel.useHere() }, this.words.useHere);
    this.strip = h("div", { class: "strip", role: "status", hidden: true }, this.stripText, this.stripButton);
    return this.strip;
  }

  _buildQueue() {
    const { words, panel } = this;
    this.place_ = h("strong", { class: "place" });
    this.placeLabel = h("span", {});
    this.wait = h("span", { class: "wait" });
    this.why = h("p", { class: "why" });
    this.kept = h("p", { class: "kept" });
    this.spoken = h("span", { class: "spoken", role: "status" });
    this.queue = h("div", { class: "queue", hidden: true },
      h("div", { class: "row" }, this.place_, h("div", { class: "words" }, this.placeLabel, this.wait),
        h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"))),
      this.why, this.kept,
      h("button", { type: "button", class: "plain", onclick: () => panel.leave() }, words.leave), this.spoken);
    return this.queue;
  }

  _buildConsent() {
    this.consent = h("div", { class: "consent", hidden: true }, h("p", {}, this.words.consent),
      h("button", { type: "button", class: "main", onclick: () => this.panel.agree() }, this.words.agree));
    return this.consent;
  }

  _buildOver() {
    const { words, panel } = this;
    this.reason = h("p", { class: "reason" });
    this.comment = h("textarea", { rows: "2", placeholder: words.comment, "aria-label": words.comment });
    const faces = words.rateWords.map((word, index) => h("label", { class: "mark", title: word },
      h("input", { type: "radio", name: "score", value: index + 1, "aria-label": `${index + 1}, ${word}` }),
      h("span", { "aria-hidden": "true" }, index + 1)));
    this.rateSend = h("button", { class: "main", disabled: true }, words.rateSend);
    this.rating = h("form", { class: "rating", onchange: () => { this.rateSend.disabled = !this._score(); } },
      h("fieldset", {}, h("legend", {}, words.rate), h("div", { class: "marks" }, faces),
        h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, words.rateWords[0]), h("span", {}, words.rateWords[4]))),
      this.comment, this.rateSend);
    this.rating.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this._score()) panel.rate(this._score(), this.comment.value);
    });
    this.thanks = h("p", { class: "thanks", role: "status" });
    this.over = h("div", { class: "over", hidden: true }, this.reason, this.rating, this.thanks,
      h("button", { type: "button", class: "plain", onclick: () => { this.rating.reset(); panel.restart(); } }, words.restart));
    return this.over;
  }

  _buildForm() {
    const { words, panel } = this;
    this.input = h("textarea", { rows: "1", placeholder: words.placeholder, "aria-label": words.composer,
      maxlength: "4000", enterkeyhint: "send" });
    this.submit = h("button", { class: "send", "aria-label": words.send }, icon(ICONS.send));
    this.form = h("form", { class: "composer" }, this.input, this.submit);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (panel.send(this.input.value)) this.input.value = "";
      this._grow();
      this._toEnd();
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.input.addEventListener("input", () => { this._grow(); panel.typed(); });
    return this.form;
  }

  // Drawing

  _drawHead({ conversation }) {
    const { words } = this;
    const agent = conversation?.status === "active" ? conversation.agent : null;
    say(this.face, agent ? initials(agent.name) : "");
    this.face.classList.toggle("team", !agent);
    say(this.title, agent?.name ?? words.title);
    const spoken = tagsOf(agent?.languages ?? []).map((tag) => languageName(tag, words.language));
    say(this.subtitle, agent ? spoken.join(", ") : words.subtitle);
    show(this.end, conversation?.status === "active");
    if (conversation?.status !== "active") show(this.asking, false);
  }

  _drawStrip({ strip, stopped, kept_ms, offline }) {
    const { words } = this;
    show(this.strip, strip || offline || !!stopped);
    show(this.stripButton, !!stopped);
    say(this.stripButton, stopped?.code === OTHER_WINDOW ? words.useHere : words.again);
    this.strip.classList.toggle("stopped", !!stopped);
    const waiting = !strip && offline ? words.offline : kept_ms ? words.reconnectingKept(clock(kept_ms)) : words.reconnecting;
    // The countdown is for eyes; a reader hears it once, not each second.
    this.strip.setAttribute("aria-live", this.strip.hidden ? "polite" : "off");
    say(this.stripText, stopped ? stopped.reason || words.stopped : waiting);
  }

  _drawQueue({ conversation, asking, grace_ms }) {
    const { words } = this;
    const waits = ["waiting", "held", "offered"].includes(conversation?.status);
    show(this.queue, waits || asking);
    if (!waits && !asking) return say(this.spoken, "");
    const { status, position, wait_ms, why } = conversation ?? {};
    const placed = waits && status !== "held" && position;
    show(this.place_, !!placed);
    say(this.place_, placed ? String(position) : "");
    const labels = { held: words.held, offered: words.offered };
    say(this.placeLabel, asking && !waits ? words.joining : labels[status] ?? words.place);
    say(this.wait, placed ? waitWords(words, wait_ms) : "");
    say(this.why, words.why[why] ?? "");
    show(this.why, !!words.why[why]);
    say(this.kept, grace_ms ? words.kept(`${Math.max(1, Math.round(grace_ms / 60_000))}\u00a0min`) : "");
    return say(this.spoken, placed ? `${words.place}: ${position}` : this.placeLabel.textContent);
  }

  _drawLog(state) {
    const entries = this._entries(state);
    const atEnd = this._isAtEnd();
    const before = this.log.childElementCount;
    keyed(this.log, entries, (entry) => entry.key, (entry) => this._bubble(entry), (element, entry) => this._tick(element, entry));
    say(this.typing, state.typing ? this.words.typing(state.conversation?.agent?.name) : "");
    show(this.typing, !!state.typing);
    if (atEnd && (this.log.childElementCount !== before || state.typing)) this._toEnd();
  }

  /** Messages, system lines and what is on its way, in reading order. */
  _entries({ conversation, you, pending }) {
    const entries = [];
    const lines = conversation?.lines ?? [];
    const put = (after) => lines.forEach((one, index) => {
      if (one.after === after) entries.push({ key: `l${index}`, line: one });
    });
    put(0);
    const read = Math.max(0, ...Object.values(conversation?.readBy ?? {}));
    for (const message of conversation?.messages ?? []) {
      if (message.kind === "note") continue;
      const mine = message.from?.id === you?.id;
      entries.push({ key: `m${message.seq}`, ...message, mine, tick: mine ? (message.seq <= read ? "read" : "sent") : "" });
      put(message.seq);
    }
    for (const failed of conversation?.failed ?? []) {
      entries.push({ key: `f${failed.op}`, body: failed.body, mine: true, tick: "failed", failed });
    }
    for (const waiting of pending) entries.push({ key: `p${waiting.op}`, ...waiting, mine: true, tick: "sending" });
    return entries;
  }

  _bubble(entry) {
    if (entry.line) return h("p", { class: "line" }, this._lineWords(entry.line));
    const who = entry.mine ? this.words.you : entry.from?.name ?? "";
    const time = entry.at ? h("time", {}, timeOf(entry.at, this.words.language)) : null;
    const again = entry.failed ? h("button", { type: "button", class: "plain", onclick: () => this.panel.sendAgain(entry.failed) }, this.words.again) : null;
    return h("div", { class: entry.mine ? "message mine" : "message" },
      h("span", { class: "spoken" }, `${who}: `), h("p", { class: "body", dir: "auto" }, entry.body),
      h("p", { class: "meta" }, time, h("span", { class: "tick" }), again));
  }

  _tick(element, { tick }) {
    const mark = element.querySelector(".tick");
    if (!mark) return;
    const signs = { sending: "…", sent: "✓", read: "✓✓", failed: "!" };
    say(mark, tick ? `${signs[tick]} ${this.words[tick]}` : "");
    element.classList.toggle("pending", tick === "sending");
    element.classList.toggle("failed", tick === "failed");
    mark.classList.toggle("seen", tick === "read");
  }

  _lineWords({ text }) {
    if (text.joined) return this.words.joined(text.joined.name);
    if (text.passed) return this.words.passed(text.passed.name);
    return this.words.returned(text.returned?.name);
  }

  _drawOver({ conversation, mayRate, rated }) {
    const over = conversation?.status === "ended";
    const appears = over && this.over.hidden;
    show(this.over, over);
    if (!over) return;
    say(this.reason, this.words.over[conversation.reason] ?? this.words.over.agent);
    show(this.rating, mayRate && !rated);
    say(this.thanks, rated ? this.words.thanks : "");
    show(this.thanks, rated);
    if (appears) this._toEnd();
  }

  _ask(visible) {
    show(this.asking, visible);
    (visible ? this.asking.querySelector("button") : this.input).focus();
  }

  _score() {
    return Number(new FormData(this.rating).get("score"));
  }

  _grow() {
    this.input.style.setProperty("height", "auto");
    this.input.style.setProperty("height", `${Math.min(this.input.scrollHeight + 2, 140)}px`);
  }

  _isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < 60;
  }

  _toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }
}
