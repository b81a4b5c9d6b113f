/**
 * What a connection asks of the place it runs in: a browser's page, a worker, or Node.
 *
 * Owns: being told of the network, of the page being looked at; the storage of one tab.
 * Does not know: sockets, commands.
 * Invariants: everything works without a page and without storage, only less is known and kept.
 */

export interface Listeners {
  /** The network is back, or a page came out of the browser's cache. */
  wake(): void;
  /** The page is looked at, or no longer. */
  looked(): void;
}

const hasPage = (): boolean => typeof document !== "undefined";

export const isHidden = (): boolean => hasPage() && document.visibilityState === "hidden";

/** Tells the listeners of changes from now on; returns what ends that. */
export function watch(listeners: Listeners): () => void {
  if (!hasPage()) return () => {};
  addEventListener("online", listeners.wake);
  addEventListener("pageshow", listeners.wake);
  document.addEventListener("visibilitychange", listeners.looked);
  return () => {
    removeEventListener("online", listeners.wake);
    removeEventListener("pageshow", listeners.wake);
    document.removeEventListener("visibilitychange", listeners.looked);
  };
}

/** Names and texts that outlive a reload of this tab; empty where storage is forbidden. */
export class Drawer {
  constructor(private readonly name: string) {}

  read(what: string): string | null {
    return this.use((storage) => storage.getItem(this.key(what)));
  }

  write(what: string, text: string | null): void {
    this.use((storage) => {
      if (text === null) storage.removeItem(this.key(what));
      else storage.setItem(this.key(what), text);
    });
  }

  private key(what: string): string {
    return `fairline.${what}.${this.name}`;
  }

  private use<T>(use: (storage: Storage) => T): T | null {
    try {
      return use(sessionStorage);
    } catch {
      return null;
    }
  }
}
