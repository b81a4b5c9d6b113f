/**
 * What an agent began to write, by conversation.
 *
 * Owns: text and kind of each draft, through reloads. Does not know: the composer.
 */
import { Kept } from "./kept.js";

export type Kind = "text" | "note";
export interface Draft {
  kind: Kind;
  text: string;
  note: string;
  at: number;
}

const KEPT_MS = 7 * 86_400_000;
const NONE: Draft = { kind: "text", text: "", note: "", at: 0 };

export class Drafts {
  private readonly kept = new Kept<Record<string, Draft>>("drafts", {});

  of(conversation: string): Draft {
    return this.kept.value[conversation] ?? NONE;
  }

  has(conversation: string): boolean {
    const { text, note } = this.of(conversation);
    return !!(text.trim() || note.trim());
  }

  change(conversation: string, changed: Partial<Draft>): void {
    const draft = { ...this.of(conversation), ...changed, at: Date.now() };
    const others = Object.entries(this.kept.value).filter(([id, one]) => id !== conversation && Date.now() - one.at < KEPT_MS);
    const empty = !draft.text && !draft.note;
    this.kept.value = Object.fromEntries(empty ? others : [...others, [conversation, draft]]);
  }

  /** Whoever signs out leaves nothing behind for the next one at this browser. */
  clear(): void {
    this.kept.value = {};
  }

  forget(conversation: string): void {
    const others = Object.entries(this.kept.value).filter(([id]) => id !== conversation);
    this.kept.value = Object.fromEntries(others);
  }
}
