/**
 * A part that asks the server again every few seconds for as long as it is shown.
 *
 * Owns: the pace. Does not know: what is asked.
 */
import { Part } from "./part.js";

const AGAIN_MS = 3_000;

export abstract class AskingPart extends Part {
  private timer: ReturnType<typeof setInterval> | undefined;

  protected abstract fetch(): Promise<void>;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.fetch();
    this.timer = setInterval(() => void this.fetch(), AGAIN_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }
}
