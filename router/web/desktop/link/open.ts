/**
 * Connects a tab to its browser's one connection.
 *
 * Owns: the choice between a shared worker and a leading tab. Does not know: either's inside.
 */
import { lookThroughLeader } from "./leader.js";
import { Remote } from "./remote.js";
import { namesOf, type Heard, type Names, type Said } from "./wire.js";

/** `seat` keeps people apart who work at two desktops in one browser. */
export function openLink(seat: string): Remote {
  const names = namesOf(seat);
  const remote = new Remote(names);
  if (typeof SharedWorker === "function") lookThroughWorker(remote, names);
  else lookThroughLeader(remote, names);
  return remote;
}

function lookThroughWorker(remote: Remote, names: Names): void {
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: names.worker });
  worker.onerror = () => lookThroughLeader(remote, names);
  const lock = `fairline.desktop.tab.${crypto.randomUUID()}`;
  worker.port.onmessage = ({ data }: MessageEvent<Heard>) => remote.hear(data);
  const post = (said: Said): void => {
    worker.port.postMessage(said.k === "hello" ? { ...said, lock } : said);
  };
  addEventListener("pagehide", () => post({ k: "bye" }));
  addEventListener("pageshow", ({ persisted }) => persisted && remote.attach({ post }));
  const attach = (): void => remote.attach({ post });
  if (!navigator.locks) return attach();
  void navigator.locks.request(lock, () => {
    attach();
    return new Promise(() => {}); // held until the tab is gone
  });
}
