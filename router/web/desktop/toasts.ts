/**
 * What is told in passing, and what can still be undone.
 *
 * Owns: how long a sentence stands; deeds that wait a moment before they are done.
 * Does not know: what the deeds are.
 * Invariants: a deed is done once or undone, also where the page goes away in between.
 */
export interface Toast {
  text: string;
  /** What can be done about it, while it stands. */
  action?: { label: string; act: () => void; counts?: boolean };
  until: number;
}

const TOLD_MS = 6_000;
const DECIDED_MS = 20_000;
export const UNDO_MS = 5_000;

export class Toasts {
  current: Toast | null = null;
  private pending: (() => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly changed: () => void) {
    addEventListener("pagehide", () => this.pending?.());
  }

  tell(text: string): void {
    this.pending?.();
    this.show({ text, until: Date.now() + TOLD_MS }, TOLD_MS, () => {});
  }

  /** Stands longer, for there is something to decide. */
  offer(text: string, label: string, act: () => void): void {
    this.pending?.();
    const action = { label, act: () => (this.clear(), act()) };
    this.show({ text, action, until: Date.now() + DECIDED_MS }, DECIDED_MS, () => {});
  }

  /** Does it in a moment, unless somebody says no. */
  later(text: string, deed: () => void, undone: () => void): void {
    this.pending?.();
    const act = (): void => {
      if (this.pending !== act) return;
      this.pending = null;
      this.clear();
      deed();
    };
    this.pending = act;
    const undo = (): void => {
      this.pending = null;
      this.clear();
      undone();
    };
    const action = { label: "Undo", act: undo, counts: true };
    this.show({ text, action, until: Date.now() + UNDO_MS }, UNDO_MS, act);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.current = null;
    this.changed();
  }

  private show(toast: Toast, ms: number, then: () => void): void {
    clearTimeout(this.timer);
    this.current = toast;
    this.timer = setTimeout(() => {
      this.clear();
      then();
    }, ms);
    this.changed();
  }
}
