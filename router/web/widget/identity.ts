/**
 * Who the customer is: the shop's own signed token, or an anonymous identity the browser keeps.
 *
 * Owns: the secret of an anonymous customer in localStorage, asking for tokens.
 * Does not know: connections, screens.
 */
import type { Customer, Place } from "./api.js";

/** Why the connection stops where this origin is not one of the tenant's. */
export const MAY_NOT = "This page may not connect to this service.";

const keyOf = (tenant: string): string => `fairline.visitor.${tenant}`;

/** An error after which asking again is of no use. */
export class Refusal extends Error {
  stop = false;
}

/** A token provider for `Fairline`: of the customer whom the page names, else of the anonymous one. */
export function tokenProvider(place: Place): () => Promise<string> {
  return async () => {
    const known: Customer | null = place.customer;
    return known ? await known.token() : await anonymous(place.origin, place.tenant);
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

async function anonymous(origin: string, tenant: string): Promise<string> {
  const secret = read(tenant);
  const answer = await fetch(new URL("/v1/visitors", origin), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(secret ? { tenant, visitor: secret } : { tenant }),
  });
  if (!answer.ok) throw refusal(answer.status, tenant, secret);
  const { token, visitor } = await answer.json();
  keep(tenant, visitor);
  return token;
}

/** Final answers stop the connection; the rest (429, 5xx, network) is tried again. */
function refusal(status: number, tenant: string, secret: string | null): Refusal {
  const error = new Refusal(MAY_NOT);
  if (status === 403 || status === 404) {
    console.warn(`fairline: ${location.origin} may not have customers of tenant "${tenant}". `
      + `Is data-tenant right, and is this origin in origins = [...] of [tenants.${tenant}]?`);
  }
  error.stop = status >= 400 && status < 500 && status !== 429 && status !== 408;
  if (error.stop && secret) {
    forget(tenant); // a secret the server no longer knows: the next try is a new customer
    error.stop = false;
  }
  return error;
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
