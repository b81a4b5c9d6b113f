/**
 * The panel's element: what the customer sees, where the focus is, how far the log is scrolled.
 *
 * Owns: focus, scrolling, keys, the composer's growth, the part of a phone that a keyboard leaves.
 * Does not know: connections or commands; it calls the panel's deeds.
 * Invariants: texts of people are text nodes; the log is only ever added to at its end while it
 * is read, so a screen reader says each message once.
 */
import { html, nothing, render } from "lit/html.js";
import type { Place } from "./api.js";
import { composer } from "./parts/composer.js";
import { consent, form } from "./parts/forms.js";
import { closed } from "./parts/closed.js";
import { head } from "./parts/head.js";
import { log } from "./parts/log.js";
import { over } from "./parts/over.js";
import { queue } from "./parts/queue.js";
import type { Deeds, Shown } from "./shown.js";
import { FORM_SHEET } from "./style-forms.js";
import { SHEET } from "./style.js";

const NEAR_END_PX = 60;
const GROWN_PX = 140;

export class View {
  private readonly element: HTMLElement;
  private readonly before: readonly CSSStyleSheet[];
  private last: Shown | null = null;
  private entries = 0;
  private hasNewBelow = false;
  /** The form that was brought into sight already. */
  private begun: Element | null = null;
  private readonly fit = (): void => this.fitKeyboard();

  constructor(private readonly place: Place, private readonly deeds: Deeds) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET + FORM_SHEET);
    this.before = place.root.adoptedStyleSheets;
    place.root.adoptedStyleSheets = [...this.before, sheet];
    this.element = document.createElement("section");
    this.element.className = place.inline ? "panel inline" : "panel";
    this.element.part.add("panel");
    this.element.tabIndex = -1;
    this.element.setAttribute("role", place.inline ? "region" : "dialog");
    this.element.hidden = !place.inline;
    this.element.addEventListener("keydown", (event) => this.pressed(event));
    for (const type of ["dragover", "drop"] as const) this.element.addEventListener(type, (event) => this.dropped(event));
    visualViewport?.addEventListener("resize", this.fit);
    place.root.append(this.element);
  }

  destroy(): void {
    visualViewport?.removeEventListener("resize", this.fit);
    this.element.remove();
    this.place.root.adoptedStyleSheets = [...this.before];
  }

  open(): void {
    this.element.hidden = false;
    this.fitKeyboard();
    if (this.place.inline && this.place.root.activeElement) return;
    this.focus();
  }

  close(): void {
    this.element.hidden = true;
  }

  /** To where the customer writes next. */
  focus(): void {
    if (this.element.hidden) return;
    const next = this.element.querySelector<HTMLElement>(".composer textarea, .form input, .form select, .form textarea, .consent .main, .closed button");
    (next ?? this.element).focus({ preventScroll: true });
    if (!this.last?.form) this.toEnd();
  }

  focusOn(selector: string | null): void {
    const wanted = selector && this.element.querySelector<HTMLElement>(selector);
    if (wanted) wanted.focus();
    else if (!this.place.root.activeElement) this.focus();
  }

  /** Puts a text back that was not accepted, unless something new was begun. */
  giveBack(body: string): void {
    const field = this.field();
    if (field && !field.value) field.value = body;
    this.kept = field ? "" : body;
    this.grow();
  }

  /** For a composer that is not there at present. */
  private kept = "";

  draw(shown: Shown): void {
    const { speech } = shown;
    const atEnd = this.isAtEnd();
    this.last = shown;
    this.element.lang = speech.language;
    this.element.dir = speech.dir;
    this.element.setAttribute("aria-label", speech.words.dialog);
    this.place.host.dataset.theme = this.place.options.theme ?? "auto";
    const onStrip = this.place.root.activeElement?.closest(".strip");
    render(this.template(shown), this.element);
    // Whoever pressed what is gone now is still in the panel, with all its keys.
    if (onStrip && !this.element.querySelector(".strip:not([hidden]) button")) this.element.focus({ preventScroll: true });
    this.putBack();
    this.follow(shown, atEnd);
  }

  private template(shown: Shown): unknown {
    const { deeds } = this;
    const { words } = shown.speech;
    return html`
      ${head(shown, deeds)}
      ${queue(shown, deeds)}
      <div class="scroller" part="body" role="group" aria-label=${words.log} tabindex="0" @scroll=${() => this.scrolled()}>
        ${shown.closed || (shown.form && !shown.talk) ? nothing : html`<div class="greeting">${words.greeting}</div>`}
        ${log(shown, deeds)}
        <p class="notice" role="alert" ?hidden=${!shown.notice}>${shown.notice}</p>
        ${shown.consent ? consent(shown, deeds) : nothing}
        ${shown.closed && !shown.form ? closed(shown, deeds) : nothing}
        ${shown.form ? form(shown, deeds) : nothing}
        ${shown.talk?.status === "ended" ? over(shown, deeds) : nothing}
      </div>
      <button type="button" class="below" ?hidden=${!this.hasNewBelow} @click=${() => this.toEnd()}>${words.newBelow}</button>
      ${shown.composer ? composer(shown, deeds, { grow: () => this.grow(), sent: () => this.toEnd() }) : nothing}`;
  }

  private field(): HTMLTextAreaElement | null {
    return this.element.querySelector(".composer textarea");
  }

  private putBack(): void {
    const field = this.kept ? this.field() : null;
    if (!field) return;
    if (!field.value) field.value = this.kept;
    this.kept = "";
    this.grow();
  }

  /** Keeps the end of the log in sight of who was there; tells the others that there is more. */
  private follow(shown: Shown, wasAtEnd: boolean): void {
    const form = this.element.querySelector(".form, .closed");
    if (form && form !== this.begun) form.scrollIntoView({ block: "nearest" });
    if (form && form !== this.begun && form.clientHeight > this.scroller!.clientHeight) this.scroller!.scrollTop = 0;
    this.begun = form;
    const count = shown.entries.length;
    const grew = count > this.entries;
    const fromOthers = grew && !shown.entries[count - 1]!.mine;
    this.entries = count;
    if (wasAtEnd && (grew || shown.typing || shown.consent || shown.talk?.status === "ended")) this.toEnd();
    else if (fromOthers) this.hasNewBelow = true;
  }

  private scrolled(): void {
    if (!this.hasNewBelow || !this.isAtEnd()) return;
    this.hasNewBelow = false;
    if (this.last) this.draw(this.last);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key !== "Escape" || !this.last) return;
    event.stopPropagation();
    if (this.last.menu) this.deeds.menu(false);
    else if (this.last.asksEnd) this.deeds.askEnd(false);
    else if (this.last.form && this.last.form !== "fields") this.deeds.form(null);
    else this.deeds.close();
  }

  private dropped(event: DragEvent): void {
    if (!this.last?.files || !this.last.composer || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "drop" && this.last.maySend) this.deeds.attach([...event.dataTransfer.files]);
  }

  private grow(): void {
    const field = this.field();
    if (!field) return;
    field.style.setProperty("height", "auto");
    if (field.scrollHeight) field.style.setProperty("height", `${Math.min(field.scrollHeight + 2, GROWN_PX)}px`);
  }

  /** On phones whose keyboard lies over the page, the panel ends where the keyboard begins. */
  private fitKeyboard(): void {
    const seen = visualViewport;
    const hides = seen && seen.scale === 1 && window.innerHeight - seen.height > 80;
    if (hides) this.element.style.setProperty("--seen", `${seen.height}px`);
    else this.element.style.removeProperty("--seen");
  }

  private get scroller(): HTMLElement | null {
    return this.element.querySelector(".scroller");
  }

  private isAtEnd(): boolean {
    const it = this.scroller;
    return !it || it.scrollHeight - it.scrollTop - it.clientHeight < NEAR_END_PX;
  }

  private toEnd(): void {
    const it = this.scroller;
    if (it) it.scrollTop = it.scrollHeight;
  }
}
