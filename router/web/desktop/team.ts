/**
 * Colleagues and queues, as far as an agent may see them.
 *
 * Owns: following the own teams; the queues' figures, live while somebody chooses among them.
 * Does not know: who shows them.
 */
import type { Told } from "../client/protocol.js";
import type { Desk } from "./desk.js";

const FIGURES_MS = 5_000;
const SHOWN = ["available", "busy", "away", "dnd"];

export class Team {
  private readonly followed = new Set<string>();
  private unfollow: (() => void) | null = null;
  private askedAt = 0;
  /** When the figures were told, by this machine's clock. */
  toldAt = 0;

  constructor(private readonly desk: Desk) {
    desk.addEventListener("tick", () => this.tick());
    desk.model.connection.on("board", () => (this.toldAt = Date.now()));
    // Who was just taken out of a line should not go on waiting in the figures.
    for (const type of ["status", "offer.ended"] as const) desk.model.connection.on(type, () => (this.askedAt = 0));
  }

  follow(teams: readonly string[]): void {
    for (const topic of teams.map((team) => `team:${team}`)) {
      if (this.followed.has(topic)) continue;
      this.followed.add(topic);
      void this.desk.model.follow(topic).catch(() => {});
    }
  }

  /** Who is there of my teams but me; the available ones with room first. */
  get colleagues(): Told.PresenceEntry[] {
    const { topics, you } = this.desk.model;
    const known = new Map([...topics.values()].flatMap((people) => [...people]));
    known.delete(you?.id ?? "");
    const rank = (one: Told.PresenceEntry): number => SHOWN.indexOf(one.show) * 100 - freeOf(one);
    return [...known.values()].sort((a, b) => rank(a) - rank(b) || nameIn(a).localeCompare(nameIn(b)));
  }

  get hasTeam(): boolean {
    return this.followed.size > 0;
  }

  get queues(): Told.QueueFigures[] {
    return this.desk.model.queues;
  }

  /** The skills of those who are signed in, by what most have room for. */
  get skills(): Told.SkillFigures[] {
    return [...this.desk.model.skills].sort((a, b) => b.free - a.free || a.skill.localeCompare(b.skill));
  }

  /** How long the first of a queue, or for a skill, has waited by now. */
  oldest({ waiting, oldest_ms }: { waiting: number; oldest_ms: number }): number {
    return waiting ? oldest_ms + (Date.now() - this.toldAt) : 0;
  }

  /** The figures follow every change as long as this is on. */
  async live(on: boolean): Promise<void> {
    if (!on) {
      this.unfollow?.();
      this.unfollow = null;
      return;
    }
    if (this.unfollow) return;
    this.unfollow = () => {};
    const follow = (topic: string) => this.desk.model.follow(topic).catch(() => () => {});
    const all = await Promise.all([follow("queues"), follow("skills")]);
    this.toldAt = Date.now();
    const off = () => all.forEach((one) => one());
    if (this.unfollow) this.unfollow = off;
    else off();
  }

  private tick(): void {
    if (document.hidden || this.unfollow || Date.now() - this.askedAt < FIGURES_MS) return;
    this.askedAt = Date.now();
    void this.look();
  }

  /** One look at the figures, without following them: thousands of desktops do this. */
  private async look(): Promise<void> {
    const { link, model } = this.desk;
    try {
      const reply = await link.command("sub", { topic: "queues", mode: "full" });
      model.queues = reply.queues ?? model.queues;
      this.toldAt = Date.now();
      if (!this.unfollow) void link.command("unsub", { topic: "queues" });
      this.desk.draw();
    } catch {
      // the figures of before stand
    }
  }
}

export const nameIn = (one: Told.PresenceEntry): string => one.name || one.id;
export const freeOf = ({ load = 0, capacity = 0 }: Told.PresenceEntry): number => Math.max(0, capacity - load);
