/**
 * The hub in one of the tabs, for browsers whose tabs cannot share a worker.
 *
 * Owns: who of the tabs leads, and what goes over the channel between them.
 * Does not know: what is said.
 * Invariants: at most one tab leads, for a lock is held by one; when it goes the next one leads
 * with a connection of its own, and every tab says hello to it.
 */
import { Hub } from "./hub.js";
import type { Remote } from "./remote.js";
import type { Heard, Names, Said, Tab } from "./wire.js";

type Note = { from?: string; said?: Said; to?: string; heard?: Heard; who?: true; leads?: true };

export function lookThroughLeader(remote: Remote, names: Names): void {
  const channel = new BroadcastChannel(names.channel);
  const id = crypto.randomUUID();
  const members = new Map<string, Tab>();
  let hub: Hub | null = null;

  const member = (from: string): Tab => {
    const known = members.get(from) ?? { post: (heard: Heard) => channel.postMessage({ to: from, heard }) };
    members.set(from, known);
    return known;
  };
  // Cloned, as everything is that comes over the channel: hub and tab share no object.
  const self: Tab = { post: (heard) => queueMicrotask(() => remote.hear(structuredClone(heard))) };
  const port = { post: (said: Said) => (hub ? hub.hear(self, structuredClone(said)) : channel.postMessage({ from: id, said })) };

  channel.onmessage = ({ data }: MessageEvent<Note>) => {
    if (data.to === id && data.heard) remote.hear(data.heard);
    if (data.leads && !hub) remote.attach(port);
    if (!hub) return;
    if (data.who) channel.postMessage({ leads: true });
    if (data.from && data.said) hub.hear(member(data.from), data.said);
  };
  addEventListener("pagehide", () => port.post({ k: "bye" }));

  const lead = (): void => {
    hub = new Hub({ origin: location.origin, restore: () => {}, look: () => {} });
    remote.attach(port);
    channel.postMessage({ leads: true });
  };
  channel.postMessage({ who: true });
  if (!navigator.locks) return lead(); // not a secure page: every tab is on its own
  void navigator.locks.request(names.lead, () => {
    lead();
    return new Promise(() => {}); // held until the tab is gone
  });
}
