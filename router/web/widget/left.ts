/**
 * Which conversations of this browser are messages that were left, to be answered later.
 *
 * Owns: their ids in localStorage. Does not know: what was written.
 */
export class LeftMessages {
  constructor(private readonly tenant: string) {}

  has(conversation: string): boolean {
    return this.all().includes(conversation);
  }

  add(conversation: string): void {
    this.write([...this.all().filter((one) => one !== conversation), conversation].slice(-20));
  }

  drop(conversation: string): void {
    if (this.has(conversation)) this.write(this.all().filter((one) => one !== conversation));
  }

  clear(): void {
    this.write([]);
  }

  private get key(): string {
    return `fairline.left.${this.tenant}`;
  }

  private all(): string[] {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "[]");
    } catch {
      return []; // forbidden, or not ours
    }
  }

  private write(left: string[]): void {
    try {
      if (left.length > 0) localStorage.setItem(this.key, JSON.stringify(left));
      else localStorage.removeItem(this.key);
    } catch {
      // without storage a message that was left looks like one in line
    }
  }
}
