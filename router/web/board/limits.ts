/**
 * From where on a figure is worth a look, and from where on it is bad.
 *
 * Owns: the thresholds, as this browser knows them; what level a figure has.
 * Does not know: where figures come from, or that the server keeps thresholds too (views.ts). A queue's own target comes with its figures.
 */
import { Kept } from "../desktop/kept.js";

export type Level = "good" | "warn" | "bad" | "none";

export interface Limits {
  /** At most this part of those who could have been answered may leave. */
  abandonment: number;
  /** Above this, agents have no room to breathe. */
  occupancy: number;
  /** So many may wait for each agent at work. */
  waiting: number;
  /** Points of the service level below the target that are still a warning. */
  slack: number;
}

export const DEFAULTS: Limits = { abandonment: 0.05, occupancy: 0.85, waiting: 1, slack: 0.1 };
const kept = new Kept<Partial<Limits>>("board.limits", {});

export const limits = (): Limits => ({ ...DEFAULTS, ...kept.value });

/** What the server keeps is put in the place of what this browser knew. */
export function adopt(told: Partial<Limits>): void {
  kept.value = told;
}

export function keep(changed: Partial<Limits>): void {
  kept.value = { ...kept.value, ...changed };
}

/** A figure that should stay at or above its target. */
export function floorLevel(value: number | null | undefined, target: number): Level {
  if (value === null || value === undefined) return "none";
  if (value >= target) return "good";
  return value >= target - limits().slack ? "warn" : "bad";
}

/** A figure that should stay at or below its target; bad from `far` times of it on. */
export function ceilingLevel(value: number | null | undefined, target: number, far: number): Level {
  if (value === null || value === undefined) return "none";
  if (value <= target) return "good";
  return value <= target * far ? "warn" : "bad";
}

const RANK: Level[] = ["none", "good", "warn", "bad"];

export function worst(levels: Level[]): Level {
  return levels.reduce((found, one) => (RANK.indexOf(one) > RANK.indexOf(found) ? one : found), "none" as Level);
}
