/**
 * The desktop as a whole: sign-in or work, and what is told in passing.
 *
 * Owns: which parts there are, and which column a narrow page shows. Does not know: any part's inside.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Kept } from "../../staff/sign-in.js";
import "../../staff/sign-in-card.js";
import { toastBar } from "../../staff/toast-bar.js";
import { Part } from "./part.js";
import "./chat-list.js";
import "./colleagues.js";
import "./customer-card.js";
import "./day-dialog.js";
import "./expiry.js";
import "./explain-dialog.js";
import "./help.js";
import "./offer-card.js";
import "./palette.js";
import "./replies-dialog.js";
import "./settings-dialog.js";
import "./snooze.js";
import "./top-bar.js";
import "./transcript.js";
import "./transfer.js";

@customElement("fairline-desktop")
export class App extends Part {
  override render(): TemplateResult | typeof nothing {
    const { desk } = this;
    if (desk.opening) return nothing;
    if (!desk.signedIn) {
      return html`<staff-sign-in .heading=${"Agent desktop"} .notice=${desk.notice}
        @signed-in=${({ detail }: CustomEvent<Kept>) => desk.signIn(detail)}></staff-sign-in>`;
    }
    return html`<div class="desktop ${desk.chosen && !desk.listing ? "with-chat" : "with-list"}"><desk-top-bar .desk=${desk}></desk-top-bar><desk-missed .desk=${desk}></desk-missed><desk-expiry .desk=${desk}></desk-expiry>
      <div class="columns"><nav class="left" aria-label="Conversations"><desk-offer .desk=${desk}></desk-offer><desk-list .desk=${desk}></desk-list>
          <desk-snoozed .desk=${desk}></desk-snoozed><desk-colleagues .desk=${desk}></desk-colleagues></nav>
        <main class="middle"><desk-transcript .desk=${desk}></desk-transcript></main><desk-customer .desk=${desk}></desk-customer></div>
      ${toastBar(desk.toasts)}<desk-transfer .desk=${desk}></desk-transfer><desk-snooze .desk=${desk}></desk-snooze><desk-palette .desk=${desk}></desk-palette><desk-keys .desk=${desk}></desk-keys>
      <desk-settings .desk=${desk}></desk-settings><desk-replies .desk=${desk}></desk-replies><desk-explain .desk=${desk}></desk-explain><desk-day .desk=${desk}></desk-day></div>`;
  }
}
