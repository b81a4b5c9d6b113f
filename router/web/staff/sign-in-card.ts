/**
 * The card on which staff sign in: a pasted token, or one click where the demo runs.
 *
 * Owns: what can be wrong with a token before anybody sees it. Does not know: where it is kept.
 * It tells of a sign-in with the event `signed-in`, whose `detail` is the `Kept`.
 */
import { LitElement, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { initials, languageName, tagsOf } from "../client/dom.js";
import { claimsOf } from "../client/protocol.js";
import { ownPage } from "./own-page.js";
import { demoToken, playable, tokenFrom, type Kept, type Playable } from "./sign-in.js";

const NO_TOKEN = "That is no whole token. Copy it again: three parts of letters with a dot between them, no blanks.";
/** Once for each time the page is loaded: who signs out is not signed in again at once. */
let tried = false;
/** Whoever sits at the server itself can make a token. */
const ON_THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
const NAMES: Record<string, string> = { agent: "an agent", supervisor: "a supervisor" };

@customElement("staff-sign-in")
export class SignInCard extends LitElement {
  @property({ attribute: false }) staff = "agent";
  @property({ attribute: false }) heading = "";
  /** Why somebody has to sign in again. */
  @property({ attribute: false }) notice = "";
  @state() private people: Playable[] = [];
  @state() private complaint = "";
  private readonly page = ownPage("tokens");

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void playable(this.staff).then((people) => (this.people = people));
  }

  /** Signs in by the house's own page, where the address names one; else it waits for somebody. */
  begin(): void {
    if (!this.page || tried || this.notice) return;
    tried = true;
    void this.fetch();
  }

  override firstUpdated(): void {
    if (!this.hidden) this.begin();
  }

  override render() {
    const notice = this.complaint || this.notice;
    const hint = this.people.length > 0
      ? "Choose somebody of the demo, or paste a token."
      : "Paste the token your service gave you.";
    const role = `fairline token --config fairline.toml --role ${this.staff} --sub NAME`;
    return html`<main class="sign-in"><div class="card">
      <h1>${this.heading}</h1><p>${hint}</p>
      ${ON_THIS_MACHINE && !this.people.length ? html`<p>To try it: <code>${role}</code> prints one.</p>` : nothing}
      <p class="notice" role="alert" ?hidden=${!notice}>${notice}</p>
      ${this.page ? html`<button type="button" class="main" @click=${this.fetch}>Sign in with your account</button>` : nothing}
      ${this.people.length > 0 ? html`<div class="people">${this.people.map((one) => this.person(one))}</div>` : nothing}
      <form @submit=${this.submit}>
        <label for="token">Token</label>
        <textarea id="token" required spellcheck="false" autocomplete="off" @keydown=${this.pressed}></textarea>
        <button class="main">Sign in</button>
      </form></div></main>`;
  }

  private person(one: Playable) {
    const spoken = tagsOf(one.languages ?? {}).map((tag: string) => languageName(tag, "en"));
    return html`<button type="button" class="person" @click=${() => this.play(one)}>
      <span class="face" aria-hidden="true">${initials(one.name)}</span>
      <span><b>Sign in as ${one.name}</b><small>${[...spoken, ...tagsOf(one.skills ?? {})].join(", ")}</small></span>
    </button>`;
  }

  private async fetch(): Promise<void> {
    const page = this.page ?? "";
    try {
      this.take({ token: await tokenFrom(page), page });
    } catch {
      this.complaint = "Your account gave no token. Sign in there first, or paste one.";
    }
  }

  /** A token has no second line, so Enter signs in, as in any other field of its kind. */
  private pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    this.querySelector("form")!.requestSubmit();
  }

  private submit(event: Event): void {
    event.preventDefault();
    const field = this.querySelector("textarea")!;
    if (this.take({ token: field.value.trim() })) field.value = "";
  }

  /** Signs in with a token that can be one for this page. */
  private take(kept: Kept): boolean {
    const { role } = claimsOf(kept.token);
    if (role === this.staff) this.done(kept);
    else {
      const wanted = NAMES[this.staff] ?? this.staff;
      this.complaint = role ? `This token is for a ${role}; this page needs one for ${wanted}.` : NO_TOKEN;
    }
    return role === this.staff;
  }

  private async play({ id, role }: Playable): Promise<void> {
    try {
      this.done({ token: await demoToken({ id, role }), demo: { id, role } });
    } catch {
      this.complaint = "The demo gave no token. Is it still running?";
    }
  }

  private done(kept: Kept): void {
    this.complaint = "";
    this.dispatchEvent(new CustomEvent<Kept>("signed-in", { detail: kept }));
  }
}
