/**
 * The conversations of a queue, or of all: who waits, and who is being served.
 *
 * Owns: which are asked for. Does not know: what a row can do.
 */
import { html, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Row } from "../control.js";
import { AskingPart } from "./asking.js";
import { purposeField } from "./purpose.js";
import { listed } from "./rows.js";

@customElement("wall-conversations")
export class ConversationsPanel extends AskingPart {
  @property({ attribute: false }) about!: { status: string; queue?: string };
  @state() private waiting: Row[] | null = null;
  @state() private active: Row[] | null = null;
  @state() private complaint = "";

  override render(): TemplateResult {
    if (this.complaint) return html`<p class="empty" role="alert">${this.complaint}</p>`;
    const { wall } = this;
    return html`${purposeField(wall.control, () => this.requestUpdate())}
      <h3>In line</h3>${listed(wall, this.waiting, "Nobody waits.")}
      <h3>Being served</h3>${listed(wall, this.active, "Nobody is being served.")}`;
  }

  protected override async fetch(): Promise<void> {
    const { queue } = this.about;
    const { control } = this.wall;
    try {
      const [waiting, offered, active] = await Promise.all(["waiting", "offered", "active"].map((status) => control.list({ status, queue: queue ?? "" })));
      this.waiting = [...offered, ...waiting].sort((a, b) => a.arrived_at - b.arrived_at);
      this.active = active;
      this.complaint = "";
    } catch {
      this.complaint = "The conversations cannot be read right now.";
    }
  }
}
