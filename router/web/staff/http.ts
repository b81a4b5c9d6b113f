/**
 * Asking the server over HTTP, as whoever is signed in.
 *
 * Owns: the headers, what an answer is. Does not know: what is asked.
 */

/** The answer's JSON, or null where there is nothing to say; throws where the server says no. */
export async function ask<T>(token: string, path: string, { method = "GET", body }: { method?: string; body?: unknown } = {}): Promise<T> {
  const answer = await fetch(path, {
    method, headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? (null as T) : ((await answer.json()) as T);
}

/** A path with its questions, those without an answer left out. */
export function withQuery(path: string, query: Record<string, string | number>): string {
  const told = Object.entries(query).filter(([, value]) => value !== "");
  return `${path}?${new URLSearchParams(told.map(([name, value]) => [name, String(value)]))}`;
}
