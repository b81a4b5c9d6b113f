/**
 * The bar before a sign-in ends that nothing renews: a new token goes on without a break.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { endingIn } from "../../staff/sign-in.js";
import { duration } from "../words.js";
import { Part } from "./part.js";

@customElement("desk-expiry")
export class ExpiryBar extends Part {
  override render(): TemplateResult | typeof nothing {
    const { signedIn, model } = this.desk;
    const left = endingIn(signedIn, model.now());
    if (left === null) return nothing;
    return html`<form class="missed expiry" @submit=${this.submit}><span role="alert">Your sign-in ends soon. Paste a new token to go on without a break.</span>
      <b aria-hidden="true">${duration(left)}</b><input aria-label="New token" placeholder="New token" autocomplete="off" spellcheck="false" required><button>Go on</button></form>`;
  }

  private async submit(event: Event): Promise<void> {
    event.preventDefault();
    const field = this.find<HTMLInputElement>("input")!;
    const { desk } = this;
    if (desk.link.status.phase !== "online") return desk.signIn({ token: field.value.trim() });
    const words = { 101: "That token was not accepted. Is it whole, and is it yours?", 102: "That token is somebody else's.", 109: "That token has run out as well." };
    if (await desk.ask("token.refresh", { token: field.value.trim() }, words)) desk.tell("You stay signed in.");
  }
}
