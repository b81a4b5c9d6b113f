/**
 * Answers clicks on notifications: brings a desktop to the front, and accepts where that was meant.
 *
 * Owns: nothing that outlives a click. Does not know: the connection; a tab carries out what it
 * is told here.
 */
interface Click extends Event {
  action: string;
  notification: { close(): void; data?: { offer?: string; page?: string } };
  waitUntil(work: Promise<unknown>): void;
}
interface Window {
  url: string;
  focus(): Promise<unknown>;
  postMessage(told: unknown): void;
}
interface Windows {
  matchAll(wanted: object): Promise<Window[]>;
  openWindow(page: string): Promise<unknown>;
}
const { clients } = self as unknown as { clients: Windows };

addEventListener("notificationclick", (event) => {
  const click = event as Click;
  click.notification.close();
  click.waitUntil(answer(click.action, click.notification.data ?? {}));
});

async function answer(action: string, { offer, page = "/desktop" }: { offer?: string; page?: string }): Promise<void> {
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const desktop = windows.find(({ url }) => new URL(url).pathname === new URL(page, location.href).pathname);
  if (action === "accept" && offer) desktop?.postMessage({ accept: offer });
  await (desktop ? desktop.focus() : clients.openWindow(page));
}
