/** A tab of several that asks, or that somebody turns to, ends the wait of the one connection. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Hub } from "./hub.js";
import type { Heard, Said, Tab } from "./wire.js";

/** The browser's sockets, none of which ever opens. */
let sockets: { onclose: (closing: { code: number }) => void }[];
let hub: Hub;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  sockets = [];
  vi.stubGlobal("WebSocket", class {
    onclose = (): void => {};
    constructor() { sockets.push(this); }
    close(): void {}
  });
  hub = new Hub({ origin: "http://127.0.0.1:9", restore: () => {}, look: () => {} });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function tab(visible: boolean): { heard: Heard[]; say: (said: Said) => void } {
  const heard: Heard[] = [];
  const self: Tab = { post: (told) => void heard.push(told) };
  hub.hear(self, { k: "hello", kept: { token: "x.e30.x" }, store: {}, visible });
  return { heard, say: (said) => hub.hear(self, said) };
}

/** The connection has failed often enough for a wait of eight seconds. */
async function waiting(): Promise<void> {
  for (let count = 0; count < 5; count += 1) {
    await vi.advanceTimersByTimeAsync(4_000);
    sockets.at(-1)!.onclose({ code: 1006 });
  }
}

test("a tab asks and all tabs hear of the attempt", async () => {
  const [first, second] = [tab(true), tab(false)];
  await waiting();
  expect(sockets.length).toBe(5);
  second.say({ k: "now" });
  await vi.advanceTimersByTimeAsync(0);
  expect(sockets.length).toBe(6);
  for (const { heard } of [first, second]) expect(heard.at(-1)).toMatchObject({ k: "event", type: "status", event: { phase: "connecting", failures: 5 } });
});

test("a tab that is shown is as good as asking, also beside one that was seen all the time", async () => {
  const [first, second] = [tab(true), tab(false)];
  await waiting();
  first.say({ k: "looked", visible: true, idle_ms: 0 }); // each minute: nothing new
  await vi.advanceTimersByTimeAsync(0);
  expect(sockets.length).toBe(5);
  second.say({ k: "looked", visible: true, idle_ms: 0 });
  await vi.advanceTimersByTimeAsync(0);
  expect(sockets.length).toBe(6);
});
