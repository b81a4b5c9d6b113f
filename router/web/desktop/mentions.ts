/**
 * Colleagues named in notes: who can be, who was, and which of it I have not seen.
 *
 * Owns: finding "@Name" in a note, what a mention brings about, the notes seen by this browser.
 * Does not know: how a name looks in a transcript, or how it is chosen (suggestions.ts).
 * Invariants: a name is found as a whole and the longest wins; who is named and takes no part yet
 * is asked in by whoever has the conversation, and the note is in it once, whatever comes of that.
 */
import type { Conversation, Message } from "../client/conversations.js";
import type { Model } from "../client/model.js";
import { Refused } from "../client/protocol.js";
import type { Desk } from "./desk.js";
import { Kept } from "./kept.js";

/** Names by id. */
export type People = Map<string, string>;

export interface Mention {
  id: string;
  from: number;
  to: number;
}

const KEPT_MAX = 200;
const LETTER = /[\p{L}\p{N}_]/u;

/** Staff who can be named here: who takes part, who wrote here, who is in a topic that is followed. */
export function peopleOf({ agent, messages, lines }: Conversation, { topics, you }: Model): People {
  const people: People = new Map();
  const add = (one: { id?: string; name?: string } | null | undefined): void => {
    if (one?.id) people.set(one.id, one.name || one.id);
  };
  for (const topic of topics?.values() ?? []) for (const one of topic.values()) add(one);
  for (const { from } of messages) if (from?.role !== "customer") add(from);
  for (const { text } of lines) add(text.joined);
  add(agent);
  add(you);
  return people;
}

/** Who takes part as far as this page saw: the agent, who joined and did not leave, and I. */
export function takingPart({ agent, lines }: Conversation, you: Model["you"]): Set<string> {
  const there = new Set([agent?.id ?? "", you?.id ?? ""]);
  for (const { text } of lines) {
    if (text.joined?.id) there.add(text.joined.id);
    if (text.left?.id) there.delete(text.left.id);
  }
  return there;
}

/** Every "@Name" or "@id" in a text, in order. */
export function mentionsIn(text: string, people: People): Mention[] {
  const found: Mention[] = [];
  if (!text.includes("@")) return found;
  const names = [...people].flatMap(([id, name]) => (name === id ? [[id, id]] : [[id, name], [id, id]])).sort((a, b) => b[1].length - a[1].length);
  const lower = text.toLowerCase();
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at > 0 && LETTER.test(text[at - 1])) continue; // an address, not a name
    const known = names.find(([, name]) => lower.startsWith(name.toLowerCase(), at + 1) && !LETTER.test(text[at + 1 + name.length] ?? ""));
    if (known) found.push({ id: known[0], from: at, to: at + 1 + known[1].length });
  }
  return found;
}

export class Mentions {
  /** The number of the newest note seen, by conversation. */
  private readonly kept = new Kept<Record<string, number>>("notes-seen", {});

  constructor(private readonly desk: Desk) {}

  /** How many notes name me that I have not seen. */
  unseen(conversation: Conversation): number {
    const seen = this.kept.value[conversation.conversation] ?? 0;
    return conversation.messages.filter((one) => one.kind === "note" && one.seq > seen && this.namesMe(one)).length;
  }

  namesMe({ body, from, kind }: Pick<Message, "body" | "from" | "kind">): boolean {
    const { you } = this.desk.model;
    if (kind !== "note" || !you || from?.id === you.id || !body.includes("@")) return false;
    return mentionsIn(body, new Map([[you.id, you.name || you.id]])).length > 0;
  }

  /** Everything in the conversation was seen. */
  saw(conversation: Conversation): void {
    if (this.unseen(conversation) === 0) return;
    const { [conversation.conversation]: _old, ...others } = this.kept.value;
    const last = Math.max(...conversation.messages.filter(({ kind }) => kind === "note").map(({ seq }) => seq));
    this.kept.value = Object.fromEntries([...Object.entries(others).slice(-KEPT_MAX), [conversation.conversation, last]]);
  }

  /** Colleagues who are named, take no part yet, and can be asked in by me. */
  outside(conversation: Conversation, body: string): string[] {
    const { desk } = this;
    if (conversation.status !== "active" || desk.isGuest(conversation)) return [];
    const inside = takingPart(conversation, desk.model.you);
    const there = new Set(desk.team.colleagues.map(({ id }) => id));
    const named = mentionsIn(body, peopleOf(conversation, desk.model)).map(({ id }) => id);
    return [...new Set(named)].filter((id) => !inside.has(id) && there.has(id));
  }

  /** Sends a note; the first colleague who is asked in reads it on the invitation already. */
  async send(conversation: Conversation, body: string): Promise<void> {
    const { desk } = this;
    const id = conversation.conversation;
    const asked = this.outside(conversation, body);
    const say = (): void => void desk.link.command("message.send", { conversation: id, body, kind: "note" });
    const online = desk.link.status.phase === "online";
    if (!online || asked.length === 0) say();
    for (const [place, agent] of asked.entries()) {
      const note = online && place === 0 ? { note: body } : {};
      const name = peopleOf(conversation, desk.model).get(agent);
      try {
        await desk.link.command("conversation.invite", { conversation: id, agent, mode: "consult", ...note });
        desk.tell(`${name} is asked for advice.`);
      } catch (refusal) {
        if (!(refusal instanceof Refused)) throw refusal;
        if (online && place === 0) say();
        if (refusal.code !== 0) desk.tell(`${name} cannot come right now. The note stands here.`);
      }
    }
  }
}
