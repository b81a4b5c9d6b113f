/**
 * What the server's codes mean to an agent.
 *
 * Owns: the words. Does not know: where they are shown.
 */
import { clock, languageName, tagsOf } from "../client/dom.js";

export const SHOWS: Record<string, string> = {
  available: "Available", busy: "Busy", away: "Away", dnd: "Do not disturb", offline: "Offline",
};
export const REASONS: Record<string, string> = {
  missed: "missed offers", timeout: "no connection", supervisor: "by a supervisor", idle: "nobody touched the desk",
};
export const SOURCES: Record<string, string> = {
  system: "Set by a supervisor or by missed offers", manual: "Set by you",
  external: "Set by your calendar or phone", automatic: "Set at sign-in or while idle",
};
export const WHY_NOT: Record<string, string> = {
  unreachable: "not reachable", full: "all places used", offer_pending: "", pace: "starting gently",
  soft_start: "starting gently", not_available: "",
};
export const DECLINE_REASONS = ["Cannot help with this", "In a call", "Technical problem", "Know the customer privately"];

const WHY_WORDS: Record<string, string> = {
  knows_customer: "served them before", asked_for: "asked for by name", best_match: "best match",
  least_loaded: "least to do", least_flexible: "others are kept for rarer skills",
  longest_idle: "longest idle", by_hand: "given by a supervisor",
};

/** What a refusal means; the rest shows the server's own sentence. */
const REFUSALS: Record<number, string> = {
  102: "You may not do that here.",
  103: "That is no longer there.",
  110: "A purpose is needed to read this.",
  113: "Already taken care of. The next offer comes by itself.",
  114: "No free place for that right now.",
  115: "That is not possible any more.",
};
export const OUTCOMES: Record<string, string> = {
  taken: "Another agent was faster. The next offer comes by itself.",
  withdrawn: "The customer left the line.",
  expired: "The time for that offer was over.",
  undelivered: "The offer moved on because this desktop could not be reached.",
  revoked: "The offer was taken back.",
};

interface Refusal {
  code: number;
  message: string;
  details: { outcome?: string | null };
}

export function refusalWords({ code, message, details }: Refusal): string {
  if (code === 113 && details.outcome && OUTCOMES[details.outcome]) return OUTCOMES[details.outcome];
  return REFUSALS[code] ?? `That did not work: ${message}`;
}

export const spaced = (id: string): string => id.replaceAll("_", " ");
export const title = (id: string): string => (id ? spaced(id[0].toUpperCase() + id.slice(1)) : "");
const languages = new Map<string, string>();

/** The English word for a language. Asked for every row of every draw, and slow to find. */
export function language(tag: string): string {
  const known = languages.get(tag) ?? languageName(tag, "en");
  languages.set(tag, known);
  return known;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export const timeAt = (at: number): string => TIME.format(at);
export const momentAt = (at: number): string => MOMENT.format(at);
export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** What the server's reason means: "English", "billing", "longest idle". */
export function whyWords(reason: string): string {
  const [kind, ...rest] = reason.split(":");
  const value = rest.join(":");
  if (kind === "language") return language(value);
  if (kind === "skill") return spaced(value);
  return WHY_WORDS[reason] ?? spaced(reason);
}

/** Why an agent is not asked, in the words of `explain`. */
export function obstacleWords(reason: string): string {
  const [kind, value] = [reason.split(":")[0], reason.split(":").slice(1).join(":")];
  const words: Record<string, string> = {
    skill: `lacks ${spaced(value)}`, language: `does not speak ${language(value)}`, brand: `does not work for ${value}`,
    not_available: "not available", unreachable: "not reachable", full: "all places used",
    offer_pending: "has an offer right now", channel_off: "channel switched off", declined: "declined a moment ago",
    soft_start: "starting gently", keeps_room: "keeps room for a bigger one", free: "free", other_agent: "kept for somebody else",
    avoided: "the customer's wish",
  };
  return words[kind] ?? spaced(reason);
}

/** A queue by its name, where it has one. */
export const queueOf = (one: { queue: string; queue_name?: string | null }): string => one.queue_name || title(one.queue);

type Names = { name?: string | null } | null | undefined;
export const nameOf = (customer: Names): string => customer?.name || "Customer";

/** The languages of a card, however they are told. */
export function wished(customer: { languages?: unknown; language?: unknown } | null | undefined): string[] {
  const told = customer?.languages ?? customer?.language ?? [];
  return typeof told === "string" ? [told] : tagsOf(told);
}

/** "today", "yesterday", "Monday, 3 March": for the lines between days. */
export function dayOf(at: number, now: number): string {
  const day = (instant: number): number => new Date(instant).setHours(0, 0, 0, 0);
  const days = Math.round((day(now) - day(at)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const shape: Intl.DateTimeFormatOptions = { weekday: "long", day: "numeric", month: "long" };
  if (days > 300) shape.year = "numeric";
  return new Date(at).toLocaleDateString(undefined, shape);
}

export const duration = (ms: number): string => clock(Math.max(0, ms));
