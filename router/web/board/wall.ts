/**
 * What the wallboard knows; its parts show the one and call the other.
 *
 * Owns: the connection, the newest figures and how old they are, who has been doing what since
 * when, which panel is open, when the parts draw.
 * Does not know: elements, what a supervisor does to people and conversations (control.ts).
 * Invariants: figures that are older than `STALE_MS` are shown as old, whatever the reason; parts
 * draw at most once a frame.
 */
import { Fairline } from "../client/fairline.js";
import { Model } from "../client/model.js";
import type { Told } from "../client/protocol.js";
import { Kept } from "../desktop/kept.js";
import { Sounds } from "../desktop/sounds.js";
import { Toasts } from "../desktop/toasts.js";
import { endingIn } from "../staff/sign-in.js";
import { TabSession } from "../staff/tab-session.js";
import { Alerts } from "./alerts.js";
import { Control } from "./control.js";
import { Past } from "./past.js";
import { targetOf, together } from "./together.js";
import { Views } from "./views.js";

export const STALE_MS = 5_000;
const TICK_MS = 500;
const VOLUME = 70;

export type Panel =
  | { sort: "conversations"; heading: string; status: string; queue?: string }
  | { sort: "agents"; heading: string; state?: string }
  | { sort: "agent"; agent: string }
  | { sort: "conversation"; conversation: string }
  | { sort: "why"; heading: string; about: { conversation?: string; agent?: string } }
  | { sort: "numbers" }
  | { sort: "views" }
  | { sort: "shares" }
  | { sort: "limits" };

export class Wall extends EventTarget {
  readonly session = new TabSession("supervisor", "Wallboard");
  readonly connection: Fairline;
  readonly model: Model;
  readonly past = new Past();
  readonly alerts = new Alerts();
  readonly toasts = new Toasts(() => this.draw());
  readonly control: Control;
  readonly views = new Views(() => this.session.token({ fresh: false }), () => this.draw());
  house: Told.HouseFigures | null = null;
  allQueues: Told.QueueFigures[] = [];
  /** The node has more urgent work than figures. */
  behind = false;
  /** The way to the panel that is open; empty where none is. */
  panels: Panel[] = [];
  private readonly doing = new Map<string, { state: string; since: number }>();
  private readonly theme = new Kept<"dark" | "light">("board.theme", "dark");
  private readonly sounds = new Sounds();
  /** Silent after every reload, for browsers want a click first. */
  rings = false;
  private following = false;
  private toldAt = 0;
  private drawn = true;

  constructor() {
    super();
    this.session.signedIn = () => this.start();
    this.connection = new Fairline({
      origin: location.origin, role: "supervisor", name: "fairline-board",
      token: (wish) => this.session.token(wish),
      seen: () => this.model.seen(),
    });
    this.model = new Model(this.connection);
    this.model.changed = (type, event) => this.changed(type, event);
    this.connection.on("board", (event) => this.told(event));
    this.connection.on("topic.stale", ({ stale }) => {
      this.behind = stale;
      this.draw();
    });
    this.control = new Control(this);
    this.applyTheme();
  }

  // What the parts ask

  get signedIn(): boolean {
    return this.session.element.hidden === true;
  }

  /** How long ago the figures were told, in ms. */
  get age(): number {
    return performance.now() - this.toldAt;
  }

  get hasFigures(): boolean {
    return this.toldAt > 0;
  }

  get isStale(): boolean {
    return this.age > STALE_MS;
  }

  /** Now, by the server's clock; where figures grow old, time stands still with them. */
  get now(): number {
    return this.model.now() - Math.max(0, this.age - STALE_MS);
  }

  /** How long the first of a queue has waited by now. */
  oldest({ waiting, offered, oldest_ms }: Told.QueueFigures): number {
    return waiting + offered > 0 ? oldest_ms + Math.min(this.age, STALE_MS) : 0;
  }

  /** The queues that the view shows. */
  get queues(): Told.QueueFigures[] {
    return this.views.queues(this.allQueues);
  }

  /** What became of the customers of those queues; of all where the view shows all. */
  served(which: "recent" | "today"): Told.Served {
    return this.isPartial || !this.house ? together(this.queues, which) : this.house[which];
  }

  get target(): number {
    return this.isPartial || !this.house ? targetOf(this.queues) : this.house.target;
  }

  /** The view leaves queues out, so the house's own figures are not its. */
  get isPartial(): boolean {
    return !!this.views.now?.queues.length;
  }

  /** The agents in sight, who has done what they do for longest first. */
  get people(): Told.PresenceEntry[] {
    const known = [...(this.model.topics.get("agents")?.values() ?? [])];
    return known.sort((a, b) => this.since(a) - this.since(b) || a.id.localeCompare(b.id));
  }

  /** There are so many agents that the server counts them, and tells of single ones when asked. */
  get isCrowded(): boolean {
    return this.model.counted.has("agents") && this.counted > 0;
  }

  /** How many agents are here. */
  get counted(): number {
    return Object.values(this.house?.agents ?? {}).reduce((sum, one) => sum + one, 0);
  }

  person(id: string): Told.PresenceEntry | undefined {
    return this.model.topics.get("agents")?.get(id) ?? (this.isCrowded ? this.control.met.get(id) : undefined);
  }

  /** Since when an agent does what they do now, by the server's clock. */
  since({ id, since_at }: Told.PresenceEntry): number {
    return Math.max(since_at, this.doing.get(id)?.since ?? 0);
  }

  /** How long the sign-in still holds, once somebody must renew it; else null. */
  get ending(): number | null {
    return endingIn(this.session.kept(), this.model.now());
  }

  get panel(): Panel | undefined {
    return this.panels.at(-1);
  }

  get isDark(): boolean {
    return this.theme.value === "dark";
  }

  // What the parts do

  begin(): void {
    if (this.session.kept()) this.start();
    else this.session.open();
    setInterval(() => this.tick(), TICK_MS);
  }

  signOut(notice = ""): void {
    this.connection.stop({ leave: true, forget: true });
    this.model.clear();
    this.past.forget();
    this.views.forget();
    this.session.forget();
    this.panels = [];
    this.toldAt = 0;
    this.session.open(notice);
    this.draw();
  }

  /** After a stop; as a device of its own where another window has taken the place. */
  startAgain(): void {
    if (this.connection.status.code === 4504) this.connection.renewDevice();
    this.connection.start();
  }

  turnTheme(): void {
    this.theme.value = this.isDark ? "light" : "dark";
    this.applyTheme();
    this.draw();
  }

  turnSound(): void {
    this.rings = !this.rings;
    this.sounds.unlock();
    if (this.rings) this.sounds.play("bell", VOLUME);
    this.draw();
  }

  open(panel: Panel, { over = false } = {}): void {
    this.panels = over ? [...this.panels, panel] : [panel];
    this.draw();
  }

  back(): void {
    this.panels = this.panels.slice(0, -1);
    this.draw();
  }

  close(): void {
    this.panels = [];
    this.draw();
  }

  draw(): void {
    if (!this.drawn) return;
    this.drawn = false;
    const draw = (): void => {
      this.drawn = true;
      this.dispatchEvent(new Event("draw"));
    };
    if (document.hidden) setTimeout(draw);
    else requestAnimationFrame(draw);
  }

  // Inside

  private start(): void {
    this.session.element.hidden = true;
    if (this.connection.status.phase === "stopped") this.connection.start();
    if (!this.following) for (const topic of ["board", "agents"]) void this.model.follow(topic).catch(() => {});
    this.following = true;
    this.draw();
  }

  private changed(type: string, event: any): void {
    if (event.house) this.told(event);
    if (type === "welcome") {
      void this.control.welcomed();
      void this.views.load().catch(() => {}); // the wall shows everything, as without any views
    }
    if (type === "help.asked" && this.rings) this.sounds.ring(`help ${event.conversation}`, "bell", VOLUME);
    if (type === "presence" || type === "board") this.notePeople();
    if (type === "status" && event.code === 4500) this.signOut(event.reason);
    else this.draw();
  }

  private told({ queues, house }: { queues?: Told.QueueFigures[] | null; house?: Told.HouseFigures | null }): void {
    if (!queues) return;
    this.allQueues = queues;
    this.house = house ?? null;
    this.toldAt = performance.now();
    const now = this.model.now();
    for (const one of queues) {
      this.past.note(`queue ${one.queue}`, one.waiting, now, true);
    }
    if (house) {
      const recent = this.served("recent");
      this.past.note(this.series("level"), recent.service_level, now);
      this.past.note(this.series("abandonment"), recent.abandonment, now);
      this.past.note("occupancy", house.occupancy, now);
    }
    if (this.isCrowded) void this.control.knowOwn();
    this.past.note(this.series("waiting"), this.queues.reduce((sum, one) => sum + one.waiting, 0), now);
    this.draw();
  }

  /** Under which name the past of a figure is kept: each view has a past of its own. */
  series(name: string): string {
    return this.isPartial ? `${name} of ${this.views.now?.name}` : name;
  }

  private notePeople(): void {
    const now = this.model.now();
    const known = this.model.topics.get("agents") ?? new Map<string, Told.PresenceEntry>();
    for (const id of this.doing.keys()) if (!known.has(id)) this.doing.delete(id);
    for (const { id, state = "", since_at } of known.values()) {
      const before = this.doing.get(id);
      if (before?.state === state) continue;
      this.doing.set(id, { state, since: before ? now : since_at });
    }
  }

  private tick(): void {
    if (!this.signedIn) return;
    const fresh = this.isStale ? [] : this.alerts.look(this.model.now(), this.allQueues, (one) => this.oldest(one));
    const shown = new Set(this.queues.map(({ queue }) => queue));
    if (this.rings && fresh.some(({ queue }) => shown.has(queue))) this.sounds.ring("board", "bell", VOLUME);
    this.draw();
  }

  private applyTheme(): void {
    document.documentElement.dataset.theme = this.theme.value;
  }
}
