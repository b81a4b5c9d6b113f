/**
 * What a supervisor wants to see of the wall, under names of their own, kept by the server.
 *
 * Owns: the views and which one this screen shows; that thresholds travel with them.
 * Does not know: how a view is drawn or edited.
 * Invariants (views.test.ts): the views are the person's, on every screen; which one is shown is the
 * screen's. A change is made to what the server has, never to less. Where the server keeps nothing
 * the wall works all the same, and says so when something is to be kept.
 */
import type { Told } from "../client/protocol.js";
import { Kept } from "../desktop/kept.js";
import { OwnDocument } from "../staff/own-document.js";
import { adopt, keep, limits, type Limits } from "./limits.js";

export type Order = "time" | "state" | "name" | "load";

export interface View {
  name: string;
  /** Queues by id; none: all. */
  queues: string[];
  /** What agents are doing; none: anything. */
  states: string[];
  order: Order;
}

export const ORDERS: Record<Order, string> = {
  time: "longest in their state first", state: "by what they do", name: "by name", load: "most work first",
};

interface Document {
  views?: View[];
  limits?: Partial<Limits>;
}

export const VIEWS_MAX = 20;

export class Views {
  list: View[] = [];
  private readonly shown = new Kept<string>("board.view", "");

  private readonly document: OwnDocument<Document>;

  constructor(token: () => Promise<string>, private readonly changed: () => void) {
    this.document = new OwnDocument("board", token, (value, isOthers) => {
      this.list = (value?.views ?? []).filter(({ name }) => name);
      if (value?.limits || isOthers) adopt(value?.limits ?? {});
      this.changed();
    });
  }

  /** The view of this screen; null shows everything. */
  get now(): View | null {
    return this.list.find(({ name }) => name === this.shown.value) ?? null;
  }

  choose(name: string): void {
    this.shown.value = name;
    this.changed();
  }

  queues(all: Told.QueueFigures[]): Told.QueueFigures[] {
    const wanted = this.now?.queues ?? [];
    return wanted.length ? all.filter(({ queue }) => wanted.includes(queue)) : all;
  }

  shows(state: string): boolean {
    const wanted = this.now?.states ?? [];
    return wanted.length === 0 || wanted.includes(state);
  }

  /** Fetches what the server keeps; it wins over what this browser knew. */
  load(): Promise<void> {
    return this.document.load({ again: true });
  }

  /** Puts a view in the place of the one that had the name `before`, or adds it; false: not kept. */
  put(view: View, before = view.name): Promise<boolean> {
    return this.change(() => {
      const known = this.list.some(({ name }) => name === before);
      this.list = known ? this.list.map((one) => (one.name === before ? view : one)) : [...this.list, view];
      this.shown.value = view.name;
    });
  }

  remove(name: string): Promise<boolean> {
    return this.change(() => {
      this.list = this.list.filter((one) => one.name !== name);
      if (this.shown.value === name) this.shown.value = "";
    });
  }

  /** Keeps other thresholds; false where only this browser does. */
  limit(changed: Partial<Limits>): Promise<boolean> {
    return this.change(() => keep(changed));
  }

  /** The supervisor signed out: the next one at this browser has views and thresholds of their own. */
  forget(): void {
    this.document.forget();
    this.list = [];
    adopt({});
  }

  private change(make: () => void): Promise<boolean> {
    return this.document.change(() => {
      make();
      this.changed();
      return { views: this.list, limits: limits() };
    });
  }
}
