/**
 * Asking the server over HTTP, as whoever is signed in.
 *
 * Owns: the headers, what an answer is. Does not know: what is asked.
 */

interface Wish { method?: string; body?: unknown; headers?: Record<string, string> }

/** What the server said no with. */
export class Unanswered extends Error {
  constructor(text: string, readonly status: number) {
    super(text);
  }
}

/** The answer's JSON, or null where there is nothing to say; throws `Unanswered` where the server says no. */
export async function ask<T>(token: string, path: string, wish: Wish = {}): Promise<T> {
  return (await askVersion<T>(token, path, wish)).value;
}

/** The same with the version that it is of, for `If-Match` of a later change. */
export async function askVersion<T>(token: string, path: string, { method = "GET", body, headers }: Wish = {}): Promise<{ value: T; version: string }> {
  const answer = await fetch(path, {
    method, headers: { ...headers, authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Unanswered(`${method} ${path}: ${answer.status}`, answer.status);
  const value = answer.status === 204 ? null : await answer.json();
  return { value: value as T, version: answer.headers.get("etag") ?? "*" };
}

/** A path with its questions, those without an answer left out. */
export function withQuery(path: string, query: Record<string, string | number>): string {
  const told = Object.entries(query).filter(([, value]) => value !== "");
  return `${path}?${new URLSearchParams(told.map(([name, value]) => [name, String(value)]))}`;
}
