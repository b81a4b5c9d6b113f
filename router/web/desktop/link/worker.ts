/**
 * The hub in a worker that all tabs of a browser share.
 *
 * Owns: the tabs' ports. Does not know: what is said over them.
 */
import { Hub } from "./hub.js";
import { furnish } from "./place.js";
import type { Said, Tab } from "./wire.js";

const { looked, kept } = furnish((key, value) => hub.tell({ k: "store", key, value }));
const hub: Hub = new Hub({
  origin: location.origin,
  restore: (store) => kept.restore(store),
  look: (visible) => looked.look(visible),
});

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  const tab: Tab = { post: (heard) => port.postMessage(heard) };
  port.onmessage = ({ data }: MessageEvent<Said & { lock?: string }>) => {
    hub.hear(tab, data);
    // The tab holds this lock as long as it lives, however it ends.
    if (data.lock) void navigator.locks?.request(data.lock, () => hub.leave(tab));
  };
});
