/**
 * A dialog of the desktop: opens with its panel, closes with it, gives the focus back.
 *
 * Owns: the native dialog around a panel. Does not know: what is in it.
 */
import { html, nothing, type TemplateResult } from "lit";
import type { Panel } from "../desk.js";
import { icon } from "./icons.js";
import { Part } from "./part.js";

export abstract class Dialog extends Part {
  protected abstract readonly panels: readonly Panel[];
  protected abstract readonly heading: string;
  protected readonly kind: string = "";
  private cameFrom: HTMLElement | null = null;
  private wasOpen = false;

  protected abstract content(): TemplateResult | typeof nothing;

  /** Called each time it opens. */
  protected opened(): void {}
  protected closed(): void {}

  protected get isOpen(): boolean {
    return this.panels.includes(this.desk.panel);
  }

  protected close(): void {
    this.find<HTMLDialogElement>("dialog")?.close();
    this.over();
  }

  protected override willUpdate(): void {
    if (this.isOpen && !this.wasOpen) {
      this.cameFrom = document.activeElement as HTMLElement | null;
      this.opened();
    }
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.isOpen) return nothing;
    return html`<dialog class="panel ${this.kind}" aria-label=${this.heading} @cancel=${this.cancel} @close=${this.over} @click=${this.aside}>
      <div class="inside"><header><h2>${this.heading}</h2><button type="button" class="tool" aria-label="Close" title="Close (Esc)" @click=${this.close}>${icon("end")}</button></header>
      ${this.content()}</div></dialog>`;
  }

  override updated(): void {
    const dialog = this.find<HTMLDialogElement>("dialog");
    if (this.isOpen && dialog && !dialog.open) {
      dialog.showModal();
      dialog.querySelector<HTMLElement>("[autofocus], input, textarea, select")?.focus();
    }
    this.wasOpen = this.isOpen;
  }

  /** A click beside the dialog is one on its backdrop. */
  private aside(event: Event): void {
    if (event.target === this.find("dialog")) this.close();
  }

  /** Escape. Closed by us, at once: the browser tells of its own closing after the next key press if it is busy. */
  private cancel(event: Event): void {
    event.preventDefault();
    this.close();
  }

  private over(): void {
    if (!this.wasOpen || this.find<HTMLDialogElement>("dialog")?.open) return;
    this.wasOpen = false;
    if (this.isOpen) this.desk.open("");
    this.closed();
    if (this.cameFrom?.isConnected) this.cameFrom.focus();
  }
}
