/**
 * A transcript as rows: messages, notes, lines between days, who came and went.
 *
 * Owns: what stands in which order and belongs to one speaker. Does not know: elements.
 */
import type { Conversation, Line, Message } from "../client/conversations.js";
import type { Model } from "../client/model.js";
import { split } from "../client/quotes.js";
import { mentionsIn, peopleOf, type Mention, type People } from "./mentions.js";
import { dayOf, nameOf } from "./words.js";

export interface Entry {
  key: string;
  sort: "day" | "line" | "mine" | "theirs" | "colleague" | "note";
  text: string;
  /** What it answers, where it quotes. */
  quote: string;
  /** Where it names somebody. */
  mentions: Mention[];
  author: string;
  at: number;
  /** The first of several by one speaker: it carries the name. */
  leads: boolean;
  tick: string;
  failed: boolean;
}

const TOGETHER_MS = 180_000;

/** The rows of the messages from one place to another, with what lies around them. */
export function entriesOf(conversation: Conversation, model: Model, start: number, end: number): Entry[] {
  const { messages, lines } = conversation;
  const read = Math.max(0, ...Object.values(conversation.readBy));
  const from = start > 0 ? messages[start - 1].at : 0;
  const people = peopleOf(conversation, model);
  const rows: Entry[] = [];
  let next = lines.findIndex(({ at }) => at >= from);
  if (next < 0) next = lines.length;
  for (const message of messages.slice(start, end)) {
    while (next < lines.length && lines[next].at < message.at) rows.push(lineRow(lines[next++]));
    rows.push(messageRow(message, conversation, model, read, people));
  }
  if (end < messages.length) return grouped(rows, model.now());
  while (next < lines.length) rows.push(lineRow(lines[next++]));
  for (const { op = "", body, kind, why } of conversation.failed) {
    rows.push(ownRow(`f${op}`, body, kind, `Not sent: ${why}`, true));
  }
  for (const { op, body, kind } of model.pending(conversation.conversation)) {
    rows.push(ownRow(`p${op}`, body, kind, "Sending", false));
  }
  return grouped(rows, model.now());
}

function row(fields: Partial<Entry> & Pick<Entry, "key" | "sort" | "text">): Entry {
  return { quote: "", mentions: [], author: "", at: 0, leads: true, tick: "", failed: false, ...fields };
}

function ownRow(key: string, body: string, kind: string | undefined, tick: string, failed: boolean): Entry {
  const { quote, rest: text } = split(body);
  return row({ key, text, quote, tick, failed, sort: kind === "note" ? "note" : "mine", author: kind === "note" ? "You, note" : "You" });
}

function messageRow(message: Message, conversation: Conversation, model: Model, read: number, people: People): Entry {
  const { kind, seq, body, at, from } = message;
  const { quote, rest: text } = split(body);
  const own = from?.id === model.you?.id && from?.role !== "customer";
  const name = own ? "You" : from?.name || (from?.role === "customer" ? nameOf(conversation.customer) : from?.id);
  if (kind === "note") return row({ key: `n${seq}`, sort: "note", text, quote, mentions: mentionsIn(text, people), at, author: `${name}, note` });
  const sort = own ? "mine" : from?.role === "customer" ? "theirs" : "colleague";
  return row({ key: `m${seq}`, sort, text, quote, at, author: name, tick: own ? (seq <= read ? "✓✓ Read" : "✓ Sent") : "" });
}

function lineRow({ text, at }: Line): Entry {
  const name = (person?: { name?: string; id?: string }): string => person?.name || person?.id || "A colleague";
  const words = text.joined ? `${name(text.joined)} joined`
    : text.left ? `${name(text.left)} left`
    : text.passed ? `${name(text.passed)} passed the conversation on`
    : "Back in line";
  return row({ key: `l${at}${words}`, sort: "line", text: words, at });
}

/** Puts days between, takes repeated names away, and ticks from all but the last of a speaker. */
function grouped(rows: Entry[], now: number): Entry[] {
  const done: Entry[] = [];
  let day = "";
  let before: Entry | undefined;
  for (const one of rows) {
    const today = one.at ? dayOf(one.at, now) : day;
    if (today !== day) {
      done.push(row({ key: `d${today}`, sort: "day", text: today }));
      day = today;
      before = undefined;
    }
    const together = before?.author === one.author && before.sort === one.sort && (one.at || now) - (before.at || now) < TOGETHER_MS;
    one.leads = !together;
    if (together && before && before.tick === one.tick) before.tick = "";
    done.push(one);
    before = one;
  }
  return done;
}
