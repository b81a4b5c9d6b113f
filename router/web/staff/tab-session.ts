/**
 * The sign-in of a page whose connection is its own: kept by the tab, with the card to get one.
 *
 * Owns: the kept sign-in in sessionStorage (never in the address), showing and hiding the card.
 * Does not know: what the page behind the card does.
 */
import { renewed, type Kept } from "./sign-in.js";
import { SignInCard } from "./sign-in-card.js";

export class TabSession {
  readonly element = new SignInCard();
  /** Called once somebody has signed in. */
  signedIn: () => void = () => {};
  private readonly key: string;

  constructor(role: string, heading: string) {
    this.key = `fairline.${role}.sign-in`;
    Object.assign(this.element, { staff: role, heading, hidden: true });
    this.element.addEventListener("signed-in", (event) => {
      this.keep((event as CustomEvent<Kept>).detail);
      this.element.hidden = true;
      this.signedIn();
    });
  }

  kept(): Kept | null {
    return JSON.parse(sessionStorage.getItem(this.key) ?? "null");
  }

  open(notice = ""): void {
    this.element.notice = notice;
    this.element.hidden = false;
    this.element.begin();
  }

  forget(): void {
    sessionStorage.removeItem(this.key);
  }

  /** The token provider of the connection. */
  async token({ fresh }: { fresh: boolean }): Promise<string> {
    const kept = this.kept();
    if (!kept) throw Object.assign(new Error("Please sign in."), { stop: true });
    const next = await renewed(kept, fresh);
    this.keep(next);
    return next.token;
  }

  private keep(kept: Kept): void {
    sessionStorage.setItem(this.key, JSON.stringify(kept));
  }
}
