/**
 * Sentences that are made of more than one word of a catalog.
 *
 * Owns: which sentence fits a line of the log, a final close, a refusal.
 * Does not know: screens.
 */
import type { Line } from "./talk.js";
import { fill, type Speech } from "./words.js";

/** What happened, between the messages; `next`: the customer is the first in line now. */
export function lineWords({ text }: Line, { words }: Speech, next: boolean): string {
  const [what = "joined", who] = Object.entries(text)[0] ?? [];
  const name = who?.name || words.somebody;
  const sentences: Record<string, string> = {
    joined: words.joined,
    left: words.left,
    passed: words.passed,
    returned: next ? words.returnedNext : words.returned,
  };
  return fill(sentences[what] ?? words.joined, { name });
}

/** Why the connection ended for good. */
export function stopWords(code: number | undefined, { words }: Speech): string {
  const known = words.stops as Record<string, string>;
  const same: Record<number, number> = { 4502: 4503, 4507: 4503, 4508: 4503 };
  return known[same[code ?? 0] ?? code ?? 0] ?? words.stops.other;
}

/** A link of a page that may be followed: never a script. */
export function safeLink(address: string | undefined): string | null {
  if (!address) return null;
  try {
    const { protocol, href } = new URL(address, document.baseURI);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}
