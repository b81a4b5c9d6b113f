/**
 * Calls an agent who does not look: sound, notification, the page's title and its icon.
 *
 * Owns: when each of them happens, that an offer goes on calling until somebody has seen it.
 * Does not know: what an offer or a message looks like on the page.
 * Invariants: one tone for one thing, however many tabs there are; no notification while any tab
 * is looked at.
 */
import notifier from "./notify-worker.ts?worker&url";
import { Kept } from "./kept.js";
import type { Liked, Occasion } from "./settings.js";
import { Sounds } from "./sounds.js";

const AGAIN_MS = 4_000;
const ICON = (dot: string): string =>
  `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1f5fd0"/><path d="M8 11h16M8 16h11M8 21h14" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>${dot}</svg>`)}`;
const ICONS: Record<string, string> = {
  quiet: ICON(""),
  unread: ICON('<circle cx="25" cy="7" r="6.5" fill="#d98a00" stroke="#fff" stroke-width="1.5"/>'),
  offer: ICON('<circle cx="25" cy="7" r="6.5" fill="#cf2e2e" stroke="#fff" stroke-width="1.5"/>'),
};

export interface Call {
  key: string;
  title: string;
  text: string;
  offer?: string;
}

export class Alerts {
  readonly sounds = new Sounds();
  /** Somebody accepted an offer on its notification. */
  accepted: (offer: string) => void = () => {};
  private readonly seen = new Kept<string>("seen", "");
  private worker: ServiceWorkerRegistration | null = null;

  constructor(private readonly liked: () => Liked) {
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      if (data?.accept) this.accepted(String(data.accept));
    });
    if (this.mayNotify) void this.register();
  }

  get mayNotify(): boolean {
    return "Notification" in globalThis && Notification.permission === "granted" && this.liked().notify;
  }

  /** Asks for the permission; must run inside a click. */
  async allow(): Promise<boolean> {
    if (!("Notification" in globalThis) || (await Notification.requestPermission()) !== "granted") return false;
    await this.register();
    return true;
  }

  /** Something happened that the agent should hear, and see where nobody looks. */
  call(occasion: Occasion, call: Call, looked: boolean): void {
    const { tones, volume } = this.liked();
    this.sounds.ring(call.key, tones[occasion], volume);
    if (!looked && this.mayNotify) void this.notify(call);
  }

  /** Every other second: an offer that nobody has seen calls again. */
  nudge(offer: string | undefined): void {
    if (!offer) return;
    if (!document.hidden && document.hasFocus()) this.seen.value = offer;
    if (this.seen.latest === offer) return;
    const { tones, volume } = this.liked();
    this.sounds.ring(offer, tones.offer, volume, AGAIN_MS - 200);
  }

  /** The offer is over: its notification goes. */
  async hush(offer: string): Promise<void> {
    for (const one of (await this.worker?.getNotifications({ tag: offer })) ?? []) one.close();
  }

  /** What the tab says while it is one of many. */
  show(offers: number, unread: number): void {
    const count = offers + unread;
    const title = `${count ? `(${count}) ` : ""}${offers ? "Offer - " : ""}Fairline desktop`;
    if (document.title !== title) document.title = title;
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    const wanted = ICONS[offers ? "offer" : unread ? "unread" : "quiet"];
    if (icon && icon.href !== wanted) icon.href = wanted;
  }

  private async register(): Promise<void> {
    this.worker = (await navigator.serviceWorker?.register(notifier, { type: "module" }).catch(() => null)) ?? null;
  }

  private async notify({ key, title, text, offer }: Call): Promise<void> {
    const actions = offer ? [{ action: "accept", title: "Accept" }] : [];
    const told = { body: text, tag: key, icon: ICONS.quiet, data: { offer, page: location.href }, actions };
    await this.worker?.showNotification(title, { ...told, requireInteraction: !!offer } as NotificationOptions);
  }
}
