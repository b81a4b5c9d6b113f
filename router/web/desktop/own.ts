/**
 * What an agent has at every desk, for the server keeps it: their keys and their ready replies.
 *
 * Owns: fetching it once after a sign-in, keeping it after a change.
 * Does not know: what keys and replies mean.
 * Invariants: the desktop works without it, as this browser last knew it; what was changed here and
 * could not be kept is said.
 */
import { ask } from "../staff/http.js";
import type { Desk } from "./desk.js";
import type { Canned } from "./replies.js";

const PATH = "/v1/me/preferences/desktop";

interface Document {
  keys?: Record<string, string>;
  replies?: Canned[];
}

export class Own {
  private loadedFor = "";

  constructor(private readonly desk: Desk) {}

  async load(): Promise<void> {
    const { desk } = this;
    const you = desk.model.you?.id ?? "";
    const token = desk.signedIn?.token;
    if (!token || this.loadedFor === you) return;
    this.loadedFor = you;
    try {
      const { value } = await ask<{ value: Document | null }>(token, PATH);
      if (value?.keys) desk.settings.set({ keys: value.keys });
      if (value?.replies) desk.replies.adopt(value.replies);
      desk.draw();
    } catch {
      this.loadedFor = ""; // the next welcome asks again
    }
  }

  async keep(): Promise<void> {
    const { desk } = this;
    const body: Document = { keys: desk.settings.liked.keys, replies: desk.replies.own };
    desk.draw();
    try {
      await ask(desk.signedIn?.token ?? "", PATH, { method: "PUT", body });
    } catch {
      desk.tell("The server could not keep that; it is kept in this browser.");
    }
  }
}
