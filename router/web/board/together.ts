/**
 * The figures of several queues as if they were one, for a wall that shows some of them.
 *
 * Owns: the arithmetic. Does not know: which queues are shown.
 */
import type { Told } from "../client/protocol.js";

/** What became of several queues' customers, taken together. */
export function together(queues: Told.QueueFigures[], which: "recent" | "today"): Told.Served {
  const told = queues.flatMap(({ service }) => (service ? [service[which]] : []));
  const sum = (of: (one: Told.Served) => number): number => told.reduce((total, one) => total + of(one), 0);
  const counted = (one: Told.Served): number => (one.accepted ?? 0) + (one.abandoned ?? 0);
  const accepted = sum((one) => one.accepted ?? 0);
  const all = sum(counted);
  return {
    accepted, abandoned: sum((one) => one.abandoned ?? 0),
    ...(all ? { service_level: sum((one) => (one.service_level ?? 0) * counted(one)) / all, abandonment: sum((one) => one.abandoned ?? 0) / all } : {}),
    ...(accepted ? { speed_of_answer_ms: sum((one) => (one.speed_of_answer_ms ?? 0) * (one.accepted ?? 0)) / accepted } : {}),
  };
}

/** The queues' targets, each counting by what it took lately, as the server weighs them. */
export function targetOf(queues: Told.QueueFigures[]): number {
  const told = queues.flatMap(({ service }) => (service ? [{ target: service.target, weight: 1 + (service.recent.accepted ?? 0) }] : []));
  const total = told.reduce((sum, { weight }) => sum + weight, 0);
  return total ? told.reduce((sum, { target, weight }) => sum + target * weight, 0) / total : 0;
}
