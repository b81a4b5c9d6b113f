/**
 * What an agent has at every desk, for the server keeps it: their keys and their ready replies.
 *
 * Owns: what of it this browser goes on knowing, and when. Does not know: what keys and replies mean.
 * Invariants (own.test.ts): the desktop works without it, as this browser last knew it; what was
 * changed here and could not be kept is said; who signs in next inherits nothing of it; keys that
 * are changed at one desk and replies at another, at once, are both kept.
 */
import { OwnDocument } from "../staff/own-document.js";
import type { Desk } from "./desk.js";
import type { Canned } from "./replies.js";

interface Document {
  keys?: Record<string, string>;
  replies?: Canned[];
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export class Own {
  private readonly document: OwnDocument<Document>;

  constructor(private readonly desk: Pick<Desk, "settings" | "replies" | "signedIn" | "tell" | "draw">) {
    this.document = new OwnDocument("desktop", () => this.token(), (value, isOthers) => {
      if (isOthers) this.clear();
      if (value?.keys) desk.settings.set({ keys: value.keys });
      if (value?.replies) desk.replies.adopt(value.replies);
      desk.draw();
    });
  }

  load(): void {
    this.document.load({ again: false }).catch(() => {}); // the next welcome asks again
  }

  /** To be given to `change` by who shows now what is changed later. */
  get news(): number {
    return this.document.news;
  }

  /** Changes keys or replies, here and on the server; says so where that cannot be. */
  async change({ keys, replies }: Document, since = this.news): Promise<boolean> {
    const { desk } = this;
    const now = (): Required<Document> => ({ keys: desk.settings.liked.keys, replies: desk.replies.own });
    // What this screen shows is what the change was made to, unless the server's came in between.
    const shown = since === this.news ? now() : null;
    let isLate = false;
    const kept = await this.document.change((isNews) => {
      // Made to something else than what the server has, it would take that away.
      const fits = (part: keyof Document): boolean => !isNews || same(shown?.[part], now()[part]);
      isLate = (!!keys && !fits("keys")) || (!!replies && !fits("replies"));
      if (keys && !isLate) desk.settings.set({ keys });
      if (replies && !isLate) desk.replies.own = replies;
      desk.draw();
      return now();
    }, since);
    if (isLate) desk.tell("Newer keys and replies of yours came from the server. Please change them once more.");
    else if (!kept) desk.tell("The server could not keep that; it is kept in this browser.");
    return kept && !isLate;
  }

  /** The agent signed out; the server has it all for who signs in again. */
  forget(): void {
    this.document.forget();
    this.clear();
  }

  private clear(): void {
    this.desk.settings.set({ keys: {} });
    this.desk.replies.forget();
  }

  private async token(): Promise<string> {
    const { signedIn } = this.desk;
    if (!signedIn) throw new Error("nobody is signed in");
    return signedIn.token;
  }
}
