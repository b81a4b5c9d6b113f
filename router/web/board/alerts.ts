/**
 * What somebody should look at: begun, and over again.
 *
 * Owns: which queue is in which trouble since when, and the list of it.
 * Does not know: thresholds (limits.ts), screens.
 * Invariants: a trouble is told once when it begins; it is over once it was away for a while, so
 * that a figure on the edge does not fill the list.
 */
import { queueName, percent, span, waitWords } from "./words.js";
import { ceilingLevel, floorLevel } from "./limits.js";
import type { Told } from "../client/protocol.js";

export interface Alert {
  key: string;
  queue: string;
  text: string;
  at: number;
  /** 0 while it lasts. */
  over: number;
  level: "warn" | "bad";
}

const CALM_MS = 20_000;
const KEPT = 20;
/** A longest wait is bad from so many times the target's seconds on. */
export const FAR = 3;

export class Alerts {
  list: Alert[] = [];
  private readonly seen = new Map<string, number>();

  /** Looks at the figures; what began just now, so that somebody should be told. */
  look(now: number, queues: Told.QueueFigures[], oldest: (queue: Told.QueueFigures) => number): Alert[] {
    const found = queues.filter(({ closed }) => !closed).flatMap((queue) => troubles(queue, oldest(queue)));
    const fresh: Alert[] = [];
    for (const { key, queue, text, level } of found) {
      this.seen.set(key, now);
      const known = this.list.find((one) => one.key === key && !one.over);
      if (known) Object.assign(known, { text, level });
      else {
        fresh.push({ key, queue, text, level, at: now, over: 0 });
      }
    }
    this.list = [...fresh, ...this.list].slice(0, KEPT);
    for (const one of this.list) {
      const seenAt = this.seen.get(one.key) ?? 0;
      if (!one.over && now - seenAt > CALM_MS) one.over = seenAt;
    }
    return fresh;
  }

  /** Of these queues: those that last first, the bad ones before the others, then the newest. */
  newest(queues: Told.QueueFigures[]): Alert[] {
    const shown = new Set(queues.map(({ queue }) => queue));
    const rank = ({ over, level }: Alert): number => (over ? 2 : level === "warn" ? 1 : 0);
    return this.list.filter(({ queue }) => shown.has(queue)).sort((a, b) => rank(a) - rank(b) || b.at - a.at).slice(0, 3);
  }
}

type Trouble = Pick<Alert, "key" | "queue" | "text" | "level">;

function troubles(queue: Told.QueueFigures, oldest: number): Trouble[] {
  const { service, waiting } = queue;
  if (!service) return [];
  const name = queueName(queue);
  const { within_ms, target, recent, wait_ms, able = 0 } = service;
  const found: Trouble[] = [];
  const tell = (kind: string, level: Trouble["level"], text: string): void => void found.push({ key: `${queue.queue} ${kind}`, queue: queue.queue, level, text: `${name}: ${text}` });
  if (!able && waiting) tell("able", "bad", "nobody at work can serve it");
  if (ceilingLevel(oldest, within_ms, FAR) === "bad") tell("longest", "bad", `longest wait ${span(oldest)}`);
  if (floorLevel(recent.service_level, target) === "bad") tell("level", "bad", `service level ${percent(recent.service_level)}, target ${percent(target)}`);
  else if (waiting && (wait_ms?.p50 ?? 0) > within_ms * FAR) tell("ahead", "warn", `who comes now waits ${waitWords(wait_ms)}`);
  return found;
}
