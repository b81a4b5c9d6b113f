/**
 * Who the customer is: the shop's own signed token, or an anonymous identity the browser keeps.
 *
 * Owns: the secret of an anonymous customer in localStorage, asking for tokens.
 * Does not know: connections, screens.
 */

const keyOf = (tenant) => `fairline.visitor.${tenant}`;

/** An async token provider for `Fairline`. `identified()` gives the shop's own provider, if any. */
export function tokenProvider({ origin, tenant, identified }) {
  return async () => {
    const own = identified();
    return own ? await own() : await anonymous(origin, tenant);
  };
}

export const isKnown = (tenant) => read(tenant) !== null;

export function forget(tenant) {
  try {
    localStorage.removeItem(keyOf(tenant));
  } catch {
    // storage is forbidden: nothing was kept either
  }
}

async function anonymous(origin, tenant) {
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
function refusal(status, tenant, secret) {
  const error = new Error("This page may not connect to this service.");
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

function read(tenant) {
  try {
    return localStorage.getItem(keyOf(tenant));
  } catch {
    return null;
  }
}

function keep(tenant, visitor) {
  try {
    localStorage.setItem(keyOf(tenant), visitor);
  } catch {
    // without storage the customer is new on every page, and all else works
  }
}
