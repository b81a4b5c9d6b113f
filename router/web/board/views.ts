/**
 * What a supervisor wants to see of the wall, under names of their own, kept by the server.
 *
 * Owns: the views and which one this screen shows; that thresholds travel with them.
 * Does not know: how a view is drawn or edited.
 * Invariants: the views are the person's, on every screen; which one is shown is the screen's. Where
 * the server keeps nothing the wall works all the same, and says so when something is to be kept.
 */
import type { Told } from "../client/protocol.js";
import { Kept } from "../desktop/kept.js";
import { ask } from "../staff/http.js";
import { adopt, limits, type Limits } from "./limits.js";

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
const PATH = "/v1/me/preferences/board";
export const VIEWS_MAX = 20;

export class Views {
  list: View[] = [];
  private readonly shown = new Kept<string>("board.view", "");

  constructor(private readonly token: () => Promise<string>, private readonly changed: () => void) {}

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
  async load(): Promise<void> {
    const { value } = await ask<{ value: { views?: View[]; limits?: Partial<Limits> } | null }>(await this.token(), PATH);
    this.list = (value?.views ?? []).filter(({ name }) => name);
    if (value?.limits) adopt(value.limits);
    this.changed();
  }

  /** Puts a view in the place of the one that had the name `before`, or adds it; false: not kept. */
  async put(view: View, before = view.name): Promise<boolean> {
    const known = this.list.some(({ name }) => name === before);
    this.list = known ? this.list.map((one) => (one.name === before ? view : one)) : [...this.list, view];
    this.choose(view.name);
    return this.keep();
  }

  async remove(name: string): Promise<boolean> {
    this.list = this.list.filter((one) => one.name !== name);
    if (this.shown.value === name) this.choose("");
    return this.keep();
  }

  /** Keeps views and thresholds as they are now; false where the server does not. */
  async keep(): Promise<boolean> {
    this.changed();
    try {
      await ask(await this.token(), PATH, { method: "PUT", body: { views: this.list, limits: limits() } });
      return true;
    } catch {
      return false;
    }
  }
}
