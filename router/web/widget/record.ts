/**
 * A conversation as a text to keep.
 *
 * Owns: its form, and handing it to the browser as a download. Does not know: connections.
 */
import { lineWords } from "./sentences.js";
import type { Conversation, Person } from "./talk.js";
import { entriesOf } from "./talk.js";
import { fill, type Speech } from "./words.js";

/** One line for each message, with its time and who said it. */
export function recordOf(talk: Conversation, you: Person | null, speech: Speech): string {
  const entries = entriesOf(talk, you, []).filter((entry) => !entry.failed);
  const began = entries.find((entry) => entry.at)?.at ?? Date.now();
  const lines = entries.map(({ line, body = "", at, from, mine }) => {
    if (line) return `-- ${lineWords(line, speech, false)}`;
    const who = mine ? speech.words.you : from?.name || speech.words.somebody;
    return `${speech.time(at ?? began)} ${who}: ${body}`;
  });
  return [fill(speech.words.transcript, { date: speech.date(began) }), "", ...lines, ""].join("\n");
}

export function download(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
