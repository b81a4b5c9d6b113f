/**
 * The house's own card: one page of this origin in a sandbox, told which customer is at hand.
 *
 * Owns: the frame and what it is told. Does not know: what the page does.
 * Invariants: the page is one of this origin, named by `?card=`; in its sandbox it has an origin of
 * its own, so it reaches neither the desktop nor its storage.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { ownPage } from "../settings.js";
import { Part } from "./part.js";

@customElement("desk-host-card")
export class HostCard extends Part {
  private readonly page = ownPage("card");
  private told = "";
  private ready = false;
  private readonly heard = ({ source, data }: MessageEvent): void => {
    if (source !== this.frame?.contentWindow || data?.fairline !== "ready") return;
    this.ready = true;
    this.told = "";
    this.requestUpdate();
  };

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("message", this.heard);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("message", this.heard);
  }

  override render(): TemplateResult | typeof nothing {
    if (!this.page) return nothing;
    return html`<iframe class="host" title="Your service's card" src=${this.page} sandbox="allow-scripts allow-forms allow-popups" referrerpolicy="no-referrer"
      @load=${this.loaded}></iframe>`;
  }

  override updated(): void {
    const { conversation, model } = this.desk;
    if (!this.ready || !conversation) return;
    const { conversation: id, queue, topic, channel, status, customer } = conversation;
    const told = { fairline: "context", conversation: { id, queue, topic, channel, status }, customer, agent: { id: model.you?.id, name: model.you?.name } };
    const text = JSON.stringify(told);
    if (text === this.told) return;
    this.told = text;
    // The sandbox has no origin that could be named; the frame's policy keeps it on this server.
    this.frame?.contentWindow?.postMessage(JSON.parse(text), "*");
  }

  private loaded(): void {
    this.ready = true;
    this.told = "";
    this.requestUpdate();
  }

  private get frame(): HTMLIFrameElement | null {
    return this.find("iframe");
  }
}
