/**
 * Who the customer is: by the shop's own signed token, by a proof of its id, or an anonymous
 * identity that the browser keeps.
 *
 * Owns: the secret of an anonymous customer in localStorage, asking for tokens, what the page's
 * developer is told where there is none.
 * Does not know: connections, screens.
 */
import type { Customer, Place } from "./api.js";

/** Why the connection stops, by what the customer reads: not here, sign in first, not accepted. */
export const MAY_NOT = "4501";
export const SIGN_IN = "signIn";
const NOT_ACCEPTED = "4500";

const keyOf = (tenant: string): string => `fairline.visitor.${tenant}`;

/** An error after which asking again is of no use, unless `stop` is false. */
export class Refusal extends Error {
  stop = true;
}

/** A token provider for `Fairline`: of the customer whom the page names, else of the anonymous one. */
export function tokenProvider(place: Place): () => Promise<string> {
  return async () => {
    const known: Customer | null = place.customer;
    if (known?.token) return theirs(known.token);
    const { origin, tenant } = place;
    if (!known) return anonymous(origin, tenant);
    const { token } = await ask(`${origin}/v1/proofs`, { tenant, id: String(known.id), proof: known.proof }, NOT_ACCEPTED);
    return token!;
  };
}

export const isKnown = (tenant: string): boolean => read(tenant) !== null;

export function forget(tenant: string): void {
  try {
    localStorage.removeItem(keyOf(tenant));
  } catch {
    // storage is forbidden: nothing was kept either
  }
}

/** A page whose own service fails would see nothing but a widget that goes on connecting. */
async function theirs(token: NonNullable<Customer["token"]>): Promise<string> {
  let given: unknown;
  try {
    given = await token();
  } catch (error) {
    if (navigator.onLine) console.warn("fairline: the token function of identify failed; it is called again soon.", error);
    throw error;
  }
  if (typeof given === "string" && /^\s*[\w-]+\.[\w-]+\.[\w-]+\s*$/.test(given)) return given;
  const got = typeof given === "string" ? `a text that begins with "${given.trim().slice(0, 10)}"` : typeof given;
  console.warn(`fairline: the token function of identify gave ${got}; it has to give a JWT alone: three parts with dots between.`);
  throw new Refusal(NOT_ACCEPTED);
}

async function anonymous(origin: string, tenant: string): Promise<string> {
  const secret = read(tenant);
  try {
    const { token, visitor } = await ask(`${origin}/v1/visitors`, secret ? { tenant, visitor: secret } : { tenant }, SIGN_IN);
    keep(tenant, visitor!);
    return token!;
  } catch (error) {
    if (secret && error instanceof Refusal && error.stop) {
      forget(tenant); // a secret the server no longer knows: the next try is a new customer
      error.stop = false;
    }
    throw error;
  }
}

/** Final answers stop the connection; the rest (429, 5xx, network) is tried again. */
async function ask(address: string, body: object, unproven: string): Promise<Record<string, string>> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) return answer.json();
  const { status } = answer;
  const error = new Refusal(status === 401 ? unproven : MAY_NOT);
  error.stop = status < 500 && status !== 429 && status !== 408;
  const told = await answer.json().catch(() => null);
  if (error.stop) console.warn(`fairline: ${told?.error ?? `${address} answered ${status}`}`);
  throw error;
}

function read(tenant: string): string | null {
  try {
    return localStorage.getItem(keyOf(tenant));
  } catch {
    return null;
  }
}

function keep(tenant: string, visitor: string): void {
  try {
    localStorage.setItem(keyOf(tenant), visitor);
  } catch {
    // without storage the customer is new on every page, and all else works
  }
}
