/**
 * The open panel: one customer's conversation, from the first message to the rating.
 *
 * Owns: what happens on each event; which conversation is shown, and what the page hears of it.
 * Does not know: how the view draws (view.ts), what buttons do (hands.ts), how the connection is
 * kept (client/fairline), what stands before a place in line (asking.ts).
 * Invariants: nothing is sent before the panel was opened by hand or goes on from a page of the
 * same tab.
 */
import { Fairline } from "../client/fairline.js";
import { Model } from "../client/model.js";
import { Alerts } from "./alerts.js";
import type { Customer, PanelPort, Place, WidgetEvents } from "./api.js";
import { Asking } from "./asking.js";
import { Uploads } from "./files.js";
import { Hands } from "./hands.js";
import { forget, isKnown, tokenProvider } from "./identity.js";
import { LeftMessages } from "./left.js";
import { Waiting } from "./line.js";
import { picture } from "./picture.js";
import type { Outlook } from "./shown.js";
import {
  isOver, newest, unread, type Connection, type Conversation, type Talks,
} from "./talk.js";
import { View } from "./view.js";
import { speechFor, type Speech } from "./words.js";

/** Builds the panel into `place.root`, its language loaded. */
export async function mount(place: Place): Promise<PanelPort> {
  const panel = new Panel(place, await speechFor(languageOf(place)));
  if (place.inline) panel.wake();
  return panel;
}

export function languageOf({ options: { lang } }: Place): string {
  return !lang || lang === "auto" ? document.documentElement.lang || navigator.language : lang;
}

export class Panel implements PanelPort {
  isOpen = false;
  /** Id of the conversation shown, kept when it is over. */
  current: string | null = null;
  notice = false;
  rated = false;
  marked = 0;
  isMenuOpen = false;
  asksEnd = false;
  openForm: "leave" | "reach" | null = null;
  outlookOpen = false;
  outlookTold: Outlook | null = null;
  readonly alerts = new Alerts();
  readonly asking: Asking;
  readonly waiting = new Waiting();
  readonly left: LeftMessages;
  readonly uploads: Uploads;
  readonly connection: Connection;
  readonly talks: Talks;
  readonly view: View;
  private readonly ticking: ReturnType<typeof setInterval>;
  /** Since when the browser itself says so, or 0. */
  offlineSince = 0;
  private heard = new Set<string>();
  private readonly looked = (): void => this.read();
  private readonly touch = (): void => { if (!this.isOpen) this.open(); };

  constructor(readonly place: Place, public speech: Speech) {
    const connection = new Fairline({
      origin: place.origin,
      tenant: place.tenant,
      role: "customer",
      name: "fairline-widget",
      token: tokenProvider(place),
      seen: () => this.talks.seen(),
      traceparent: () => place.options.traceparent,
    });
    this.connection = connection as unknown as Connection;
    this.talks = new Model(connection) as unknown as Talks;
    this.talks.changed = (type, event) => this.heardOf(type, event);
    this.left = new LeftMessages(place.tenant);
    this.asking = new Asking({
      place,
      language: () => this.speech.language,
      command: (t, fields) => this.connection.command(t, fields),
      draw: () => this.draw(),
      giveBack: (text) => this.view.giveBack(text),
      left: (conversation) => this.left.add(conversation),
    });
    const hands = new Hands(this);
    this.uploads = new Uploads({
      files: () => place.options.files,
      speech: () => this.speech,
      conversation: () => (isOver(this.talk()) ? null : this.current),
      send: (body) => hands.send(body),
      draw: () => this.draw(),
    });
    this.view = new View(place, hands);
    document.addEventListener("visibilitychange", this.looked);
    this.ticking = setInterval(() => this.draw(), 1_000);
    this.draw();
  }

  // What the loader asks for

  open(): void {
    this.isOpen = true;
    this.alerts.touched();
    this.connection.start();
    this.draw();
    this.view.open();
    this.place.opened();
    if (!this.talk()) void this.asking.look();
    this.keepAlive();
    this.read();
  }

  close(): void {
    if (!this.isOpen || this.place.inline) return;
    this.isOpen = false;
    this.isMenuOpen = false;
    this.view.close();
    this.place.closed();
    this.keepAlive();
    // Nothing going on: no need to hold a connection behind a closed panel.
    if (!this.goesOn()) this.connection.stop({ leave: true });
  }

  /** Goes on behind the closed panel, on a later page of the same tab. */
  resume(): void {
    if (this.place.inline) this.open();
    else this.connection.start();
  }

  /** A panel in the page's flow opens at the first touch, or goes on where it was. */
  wake(): void {
    if (isKnown(this.place.tenant)) this.open();
    else for (const type of ["pointerdown", "keydown"]) this.place.host.addEventListener(type, this.touch, { once: true });
  }

  ask(): void {
    if (isOver(this.talk()) && this.current) this.restart();
    this.open();
  }

  async changed(): Promise<void> {
    const wanted = languageOf(this.place);
    this.speech = await speechFor(wanted);
    this.draw();
    if (this.isOpen && !this.talk()) void this.asking.look();
  }

  identify(customer: Customer): void {
    const before = this.talks.you?.id;
    this.place.customer = customer;
    const other = customer.id !== undefined && String(customer.id) !== before;
    const stopped = this.connection.status.phase === "stopped";
    this.asking.unproven = false;
    if (other) this.uploads.cancel();
    if (other && !stopped) this.wipe();
    if (other && (!stopped || this.isOpen)) this.connection.start();
    this.draw();
  }

  logout(): void {
    this.place.customer = null;
    forget(this.place.tenant);
    this.left.clear();
    this.wipe();
    this.close();
  }

  destroy(): void {
    this.uploads.cancel();
    clearInterval(this.ticking);
    document.removeEventListener("visibilitychange", this.looked);
    this.connection.stop({ leave: !this.goesOn() });
    this.alerts.title(0);
    this.view.destroy();
  }

  // What is done with the panel, and read of it, by its own parts

  restart(): void {
    this.uploads.cancel();
    this.anew();
  }

  /** Turns from a conversation that is over to the next one; files on their way may begin it. */
  anew(): void {
    if (this.current) {
      this.left.drop(this.current);
      this.talks.forget(this.current);
    }
    Object.assign(this, { current: null, notice: false, rated: false, marked: 0, openForm: null, outlookOpen: false, outlookTold: null });
    this.asking.reset();
    this.draw();
    void this.asking.look();
    this.view.focus();
  }

  talk(): Conversation | null {
    return (this.current && this.talks.find(this.current)) || null;
  }

  maySend(): boolean {
    const { code = 0 } = this.connection.status;
    return this.talks.pending(null).length === 0 && !this.asking.consent && code < 4500;
  }

  goesOn(): boolean {
    return !isOver(this.talk()) || this.talks.pending(null).length > 0;
  }

  // Inside

  private heardOf(type: string, event: never): void {
    this.choose();
    if (!isOver(this.talk())) this.uploads.began(this.current!);
    this.note(type, event);
    if (type !== "status" && type !== "outbox") this.keepAlive();
    this.read();
    this.draw();
  }

  /** Tells the page what happened. */
  private note(type: string, event: never): void {
    const { place } = this;
    const told = event as { conversation?: string; agent?: WidgetEvents["agent"]; phase?: WidgetEvents["status"] };
    if (type === "message" && told.conversation === this.current) {
      place.emit("message", event);
      this.hear(event);
    }
    if (type === "queue.position") place.emit("queue", event);
    if (type === "conversation.assigned" && told.agent) place.emit("agent", told.agent);
    if (type === "conversation.ended") place.emit("ended", event);
    if (type === "status" && told.phase) place.emit("status", told.phase);
  }

  private hear(message: { conversation: string; seq: number; from?: { id: string } }): void {
    const key = `${message.conversation}.${message.seq}`;
    if (message.from?.id === this.talks.you?.id || this.heard.has(key)) return;
    this.heard.add(key);
    if (!this.isLooking()) this.alerts.sound(key, this.place.options.sound !== "off");
  }

  private isLooking(): boolean {
    return this.isOpen && document.visibilityState === "visible";
  }

  /** Shows the conversation that goes on; one that is over stays until the customer starts again. */
  private choose(): void {
    const talk = this.talk();
    if (talk && talk.status !== "ended") return;
    const open = this.talks.open.find((one) => one.status !== "wrap_up");
    const answered = [...this.talks.conversations.values()].find((one) => unread(one, this.talks.you) > 0);
    const other = open ?? (talk ? undefined : answered);
    if (other && other.conversation !== this.current) {
      Object.assign(this, { current: other.conversation, rated: false, marked: 0, outlookTold: null, outlookOpen: false });
    } else if (this.current && !talk) this.current = null;
  }

  private read(): void {
    const talk = this.talk();
    if (talk && this.isLooking() && unread(talk, this.talks.you) > 0) {
      talk.read = newest(talk);
      void this.connection.command("message.read", { conversation: talk.conversation, seq: talk.read }).catch(() => {});
    }
    const count = talk ? unread(talk, this.talks.you) : 0;
    const { words } = this.speech;
    this.place.unread(count, count ? `${words.open}, ${this.speech.count(words.news, count)}` : words.open);
    if (this.place.options.title !== "keep") this.alerts.title(count);
  }

  /** A note for the next page of this tab: there is something to go on with. */
  keepAlive(): void {
    try {
      const { liveKey, inline, customer } = this.place;
      // "!": only for somebody whom the page names.
      if (this.goesOn()) sessionStorage.setItem(liveKey, `${this.isOpen && !inline ? "open" : "closed"}${customer ? "!" : ""}`);
      else sessionStorage.removeItem(this.place.liveKey);
    } catch {
      // without storage the next page starts closed
    }
  }

  private wipe(): void {
    this.uploads.cancel();
    this.connection.stop({ leave: true, forget: true });
    this.talks.clear();
    Object.assign(this, { current: null, rated: false, notice: false, marked: 0 });
    this.asking.reset();
    this.asking.answers = {};
    this.keepAlive();
    this.draw();
  }

  draw(): void {
    this.offlineSince = navigator.onLine ? 0 : this.offlineSince || Date.now();
    this.view.draw(picture(this));
  }
}
