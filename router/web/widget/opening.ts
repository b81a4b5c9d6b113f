/**
 * Whether a queue is open, and when that changes: asked of the server without a connection.
 *
 * Owns: the request. Does not know: sentences.
 */
import type { WaitBand } from "./talk.js";

export interface Opening {
  queue: string;
  name: string;
  open: boolean;
  /** Open by its hours, and nobody more may come. */
  full?: boolean;
  /** What is left to who is refused: a queue, `leave_message` or nothing. */
  fallback?: string;
  /** When it opens again, while it is closed by its hours. */
  opens_at?: number;
  waiting: number;
  wait_ms?: WaitBand | null;
}

/** Null where it cannot be had: then nothing is said. */
export async function askOpening(origin: string, tenant: string, queue = ""): Promise<Opening | null> {
  const address = new URL("/v1/opening", origin);
  address.searchParams.set("tenant", tenant);
  if (queue) address.searchParams.set("queue", queue);
  try {
    const answer = await fetch(address, { credentials: "omit" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
