/**
 * How a customer who looks elsewhere learns of news: the tab's title and one short tone.
 *
 * Owns: the number in the title, whether this browser is muted.
 * Does not know: conversations. The tone itself is one a browser (sound.ts).
 */
import { ring, unlock } from "./sound.js";

const MUTED = "fairline.muted";
const COUNTED = /^\(\d+\+?\) /;

export class Alerts {
  muted = false;
  private counting = false;

  constructor() {
    try {
      this.muted = localStorage.getItem(MUTED) === "1";
    } catch {
      // storage is forbidden: the choice lasts as long as the page
    }
  }

  /** Inside a click or a key: from here on browsers allow a tone. */
  touched(): void {
    // A page that goes on after a reload was not touched yet: browsers would complain.
    if (navigator.userActivation?.hasBeenActive !== false) unlock();
  }

  sound(key: string, allowed: boolean): void {
    if (allowed && !this.muted) ring(key);
  }

  mute(muted: boolean): void {
    this.muted = muted;
    try {
      if (muted) localStorage.setItem(MUTED, "1");
      else localStorage.removeItem(MUTED);
    } catch {
      // see above
    }
  }

  /** Puts the number before whatever the page's title is now, and takes it away again. */
  title(count: number): void {
    if (!count && !this.counting) return;
    this.counting = count > 0;
    const own = document.title.replace(COUNTED, "");
    const wanted = count ? `(${count > 9 ? "9+" : count}) ${own}` : own;
    if (document.title !== wanted) document.title = wanted;
  }
}
