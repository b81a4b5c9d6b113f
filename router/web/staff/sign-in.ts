/**
 * Signing staff in: which token is kept, and where the next one comes from.
 *
 * Owns: the kept sign-in, tokens of the demo and of the house, when somebody is warned. Does not know: the card (sign-in-card.ts), sockets.
 */
import { claimsOf } from "../client/protocol.js";

/** Whose token it is; with `demo` or `page` another one can be had without asking the person. */
export interface Kept {
  token: string;
  demo?: { id: string; role: string };
  /** A page of this origin that gives whoever is signed in at the house a fresh token. */
  page?: string;
}

const OVER = "Your sign-in has run out.";
const WARN_MS = 300_000;
/** A token is renewed a minute before its end; what is older was not. */
const RENEWED_MS = 50_000;

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
  if (kept.demo) return { ...kept, token: await demoToken(kept.demo) };
  if (kept.page) return { ...kept, token: await tokenFrom(kept.page) };
  throw Object.assign(new Error(OVER), { stop: true });
}

/** A fresh token from a page of the house; it stops where the house no longer knows the person. */
export async function tokenFrom(page: string): Promise<string> {
  const answer = await fetch(page, { cache: "no-store" });
  const token = answer.ok ? (await answer.text()).trim() : "";
  if (token) return token;
  throw Object.assign(new Error(OVER), { stop: [401, 403].includes(answer.status) });
}

/** How long the token still holds, once somebody must do something about it; else null. */
export function endingIn(kept: Kept | null, now: number): number | null {
  const { exp, iat } = claimsOf(kept?.token ?? "") as { exp?: number; iat?: number };
  if (!kept || !exp) return null;
  const left = exp * 1_000 - now;
  const early = Math.min(WARN_MS, ((exp - (iat ?? 0)) * 1_000) / 4);
  return left < (kept.demo || kept.page ? RENEWED_MS : early) ? Math.max(0, left) : null;
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
