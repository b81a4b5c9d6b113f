/**
 * What a page has and a worker has not, so that the connection runs in both the same way.
 *
 * Owns: a document that says whether anybody looks, a storage that the tabs keep.
 * Does not know: tabs, commands.
 */

/** Stands in for `document`: the hub says whether a tab is looked at. */
class Looked extends EventTarget {
  visibilityState: "visible" | "hidden" = "visible";

  look(visible: boolean): void {
    this.visibilityState = visible ? "visible" : "hidden";
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** Stands in for `sessionStorage`: what is written goes to the tabs as well. */
class Kept {
  private readonly texts = new Map<string, string>();

  constructor(private readonly written: (key: string, value: string | null) => void) {}

  restore(store: Record<string, string>): void {
    for (const [key, value] of Object.entries(store)) this.texts.set(key, value);
  }

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.texts.get(key) === value) return;
    this.texts.set(key, value);
    this.written(key, value);
  }

  removeItem(key: string): void {
    if (this.texts.delete(key)) this.written(key, null);
  }
}

/** Gives a worker what the connection looks for in a page. */
export function furnish(written: (key: string, value: string | null) => void): {
  looked: Looked;
  kept: Kept;
} {
  const looked = new Looked();
  const kept = new Kept(written);
  Object.assign(globalThis, { document: looked, sessionStorage: kept });
  return { looked, kept };
}
