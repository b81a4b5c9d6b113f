/**
 * Signing staff in: which token is kept, and where the next one comes from.
 *
 * Owns: the kept sign-in, tokens of the demo. Does not know: the card (sign-in-card.ts), sockets.
 */

/** Whose token it is; with `demo` another one can be had without asking the person. */
export interface Kept {
  token: string;
  demo?: { id: string; role: string };
}

/** Somebody of the demo whom a person may play. */
export interface Playable {
  id: string;
  name: string;
  role: string;
  languages?: Record<string, number>;
  skills?: Record<string, number>;
}

/** The same sign-in with a token that works; a fresh one where that is wished. */
export async function renewed(kept: Kept, fresh: boolean): Promise<Kept> {
  if (!fresh && kept.token) return kept;
  if (!kept.demo) throw Object.assign(new Error("Your sign-in has run out."), { stop: true });
  return { ...kept, token: await demoToken(kept.demo) };
}

export async function demoToken(person: { id: string; role: string }): Promise<string> {
  const answer = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(person),
  });
  if (!answer.ok) throw new Error("no token");
  return (await answer.json()).token;
}

/** Whom the demo offers to play; nobody elsewhere. */
export async function playable(role: string): Promise<Playable[]> {
  const answer = await fetch("/desktop/people").catch(() => null);
  const people: Playable[] = answer?.ok ? await answer.json() : [];
  return people.filter((person) => person.role === role);
}
