/**
 * Who comes first in an agent's list, and who waits too long.
 *
 * Owns: the order. Does not know: rows.
 */
import { waitingSince, type Conversation } from "../client/conversations.js";
import type { Told } from "../client/protocol.js";

/** A customer should not wait longer than this for an answer, where the server does not say. */
export const LATE_MS = 60_000;

/** So long before the rule strikes the agent is told. */
const URGENT_MS = 60_000;

/** Who waits for my answer, longest first; then wrap-up; then the rest, newest last. */
export function rankOf(one: Conversation, you: Told.You | null): [number, number] {
  const since = waitingSince(one, you);
  const place = one.status === "wrap_up" ? 2 : since ? 1 : 3;
  return [place, since || (one.messages.at(-1)?.at ?? one.assignedAt ?? 0)];
}

/** By when the customer must have an answer, by the server's clock, and from when that is urgent; null: no rule. */
export function answerBy(one: Conversation, you: Told.You | null): { due: number; urgent: number } | null {
  const since = waitingSince(one, you);
  if (!one.reply || !since || one.status !== "active" || one.unanswered) return null;
  const { within_ms } = one.reply;
  const due = Math.max(since, one.assignedAt ?? one.since_at ?? 0) + within_ms;
  return { due, urgent: due - Math.min(URGENT_MS, within_ms / 2) };
}

export function isLate(one: Conversation, waited_ms: number): boolean {
  return !!one.unanswered || waited_ms > LATE_MS;
}
