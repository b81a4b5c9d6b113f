/**
 * What this browser keeps for an agent beyond a reload.
 *
 * Owns: one JSON value under one name, told to the other tabs by the browser.
 * Does not know: what the values mean.
 * Invariants: everything works, and is only forgotten, where storage is forbidden or full.
 */

export class Kept<T> {
  private held: T;

  constructor(private readonly name: string, private readonly empty: T) {
    this.held = this.read();
    addEventListener("storage", ({ key }) => {
      if (key === this.key) this.held = this.read();
    });
  }

  get value(): T {
    return this.held;
  }

  /** As it is right now, whichever tab wrote it last. */
  get latest(): T {
    return (this.held = this.read());
  }

  set value(value: T) {
    this.held = value;
    try {
      localStorage.setItem(this.key, JSON.stringify(value));
    } catch {
      // forbidden or full: this tab still has it
    }
  }

  private get key(): string {
    return `fairline.desktop.${this.name}`;
  }

  private read(): T {
    try {
      const text = localStorage.getItem(this.key);
      return text === null ? this.empty : JSON.parse(text);
    } catch {
      return this.empty;
    }
  }
}
