/**
 * What the parts of the staff's pages are made of.
 *
 * Owns: drawing when the page's state says so, in the page's own tree (one style sheet, one focus
 * order). Does not know: any part, or what the state holds.
 */
import { LitElement } from "lit";

export abstract class Drawn extends LitElement {
  /** Tells with the event `draw` that something changed. */
  protected abstract get source(): EventTarget;
  private readonly redraw = (): void => this.requestUpdate();

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.source.addEventListener("draw", this.redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.source.removeEventListener("draw", this.redraw);
  }

  protected find<T extends Element>(selector: string): T | null {
    return this.querySelector<T>(selector);
  }
}
