/**
 * What the tabs of one browser and the hub that holds their one connection say to each other.
 *
 * Owns: the shapes. Does not know: how they travel (a worker's port, a channel, a call).
 * Invariants: everything here can be cloned; a command's number is the tab's own.
 */
import type { Status } from "../../client/fairline.js";
import type { Reply, Told } from "../../client/protocol.js";
import type { Kept } from "../../staff/sign-in.js";

/** A command under way, as the screens show it. */
export interface Sending {
  t: string;
  fields: Record<string, unknown>;
}

/** What a tab says. */
export type Said =
  | { k: "hello"; kept: Kept | null; store: Record<string, string>; visible: boolean }
  | { k: "command"; n: number; t: string; fields: Record<string, unknown> }
  | { k: "sign-in"; kept: Kept }
  | { k: "sign-out" }
  | { k: "start"; renew: boolean }
  | { k: "looked"; visible: boolean; idle_ms: number }
  | { k: "now" }
  | { k: "bye" };

/** What a tab hears. */
export type Heard =
  | {
      k: "state";
      kept: Kept | null;
      status: Status;
      welcome: Told.Welcome | null;
      rtt_ms: number | null;
      outbox: Sending[];
      model: Record<string, unknown>;
    }
  | { k: "event"; type: string; event: unknown; rtt_ms: number | null; outbox: Sending[]; looked: boolean }
  | { k: "answer"; n: number; reply: Reply }
  | { k: "refusal"; n: number; err: Partial<Told.Error>; reply: Partial<Reply> }
  | { k: "done"; t: string; fields: Record<string, unknown>; reply: Reply }
  | { k: "kept"; kept: Kept | null; notice: string }
  | { k: "nudge" }
  | { k: "store"; key: string; value: string | null };

/** The way to the hub. */
export interface Port {
  post(said: Said): void;
}

/** The way to a tab. */
export interface Tab {
  post(heard: Heard): void;
}

/** What belongs to one seat of a browser: tabs with another `?seat=` know nothing of each other. */
export interface Names {
  worker: string;
  lead: string;
  channel: string;
  kept: string;
  store: string;
}

export function namesOf(seat: string): Names {
  const own = seat ? `.${seat}` : "";
  return {
    worker: `fairline-desktop${own}`,
    lead: `fairline.desktop.lead${own}`,
    channel: `fairline.desktop.tabs${own}`,
    kept: `fairline.agent.sign-in${own}`,
    store: `fairline.desktop.store${own}`,
  };
}
