/**
 * What the composer offers while somebody writes: ready replies on `/`, colleagues on `@` in a note.
 *
 * Owns: what fits what was typed, and the text once one is taken. Does not know: the list's looks.
 */
import type { Desk } from "./desk.js";
import type { Kind } from "./drafts.js";
import { peopleOf, takingPart } from "./mentions.js";
import { filled } from "./replies.js";
import { language, nameOf, queueOf, SHOWS, wished } from "./words.js";

export interface Suggestion {
  head: string;
  /** A short mark beside the head, with what it means. */
  mark?: { short: string; long: string };
  text: string;
  /** The whole text once it is taken, and where the caret is then. */
  taken: string;
  caret: number;
}

const MOST = 6;
const NAME_MAX = 40;

export function suggestionsFor(desk: Desk, kind: Kind, typed: string, caret: number): Suggestion[] {
  return (kind === "note" ? colleagues(desk, typed, caret) : replies(desk, typed)).slice(0, MOST);
}

function replies(desk: Desk, typed: string): Suggestion[] {
  const found = /^\/(\S*)$/.exec(typed);
  if (!found) return [];
  const { conversation, model } = desk;
  const known = { customer: nameOf(conversation?.customer), agent: model.you?.name ?? "", queue: conversation ? queueOf(conversation) : "" };
  return desk.replies.matching(found[1], wished(conversation?.customer)).map((one) => {
    const text = filled(one.text, known);
    return { head: `/${one.key}`, mark: { short: one.language, long: language(one.language) }, text, taken: text, caret: text.length };
  });
}

/** Who is in it first; of the others those who are there, if I may ask them in. */
function colleagues(desk: Desk, typed: string, caret: number): Suggestion[] {
  const { conversation, model, team } = desk;
  const before = typed.slice(0, caret);
  const at = before.lastIndexOf("@");
  const sought = before.slice(at + 1).toLowerCase();
  if (!conversation || at < 0 || /\S$/.test(before.slice(0, at)) || sought.length > NAME_MAX || sought.includes("\n")) return [];
  const inside = takingPart(conversation, model.you);
  const people = peopleOf(conversation, model);
  const names = [...people.values()];
  const there = new Map(team.colleagues.map((one) => [one.id, one]));
  const mayAsk = !desk.isGuest(conversation);
  return [...people]
    .filter(([id, name]) => id !== model.you?.id && (inside.has(id) || (mayAsk && there.has(id))) && `${name} ${id}`.toLowerCase().includes(sought))
    .sort((a, b) => Number(inside.has(b[0])) - Number(inside.has(a[0])) || a[1].localeCompare(b[1]))
    .map(([id, name]) => {
      // Two of one name are told apart by their ids.
      const unique = names.filter((one) => one === name).length === 1;
      const text = inside.has(id) ? "takes part" : `${(SHOWS[there.get(id)?.show ?? ""] ?? "").toLowerCase()}, is asked in`;
      const start = `${typed.slice(0, at)}@${unique ? name : id} `;
      return { head: `@${name}`, text, taken: start + typed.slice(caret), caret: start.length };
    })
    // What is written out already needs no list.
    .filter(({ head }) => head.toLowerCase() !== `@${sought.trimEnd()}` || !sought.endsWith(" "));
}
