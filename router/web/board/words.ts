/**
 * The board's words for states and figures.
 *
 * Owns: the words. Does not know: where they are shown.
 */
import { clock } from "../client/dom.js";
import type { Told } from "../client/protocol.js";
import type { Level } from "./limits.js";

/** What agents do, in the order in which the bar shows it. */
export const STATES: Record<string, string> = {
  free: "free", offered: "offered", serving: "serving", wrap_up: "wrap-up",
  busy: "busy", away: "away", dnd: "DND", lost: "lost",
};
/** The same where there is room for more than a word. */
export const LONGER: Record<string, string> = {
  ...STATES, offered: "being offered one", dnd: "do not disturb", lost: "lost connection",
};
export const LEVELS: Record<Level, string> = { good: "on target", warn: "watch", bad: "act now", none: "no figure yet" };

export const percent = (part: number | null | undefined): string =>
  part === null || part === undefined ? "–" : `${Math.round(part * 100)} %`;

export const span = (ms: number): string => clock(Math.max(0, ms));

/** "no wait", "0:40", "2–5 min": what a newcomer is told. */
export function waitWords(wait: Told.WaitBand | null | undefined): string {
  if (!wait) return "–";
  if (wait.p90 < 1_000) return "none";
  if (wait.p90 < 60_000) return "< 1 min";
  const [low, high] = [Math.max(1, Math.round(wait.p50 / 60_000)), Math.max(1, Math.round(wait.p90 / 60_000))];
  return low === high ? `${low} min` : `${low}–${high} min`;
}

export const queueName = ({ queue, name }: { queue: string; name?: string }): string => name || queue;

export function evenWords(index: number): string {
  if (index >= 0.9) return "even";
  return index >= 0.75 ? "somewhat uneven" : "uneven";
}

/** The service level's formula, with the seconds that it stands for. */
export function formulaWords(house: Told.HouseFigures, within: number[]): string {
  const same = new Set(within).size === 1;
  const words = same ? `${Math.round(within[0] / 1000)} s` : "the queue's time";
  return house.formula.replace("service_level.within_ms", words);
}
