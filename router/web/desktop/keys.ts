/**
 * The keyboard: single keys where nobody types, Ctrl K everywhere, Enter for what is most urgent.
 *
 * Owns: which key press means a deed. Does not know: what the deeds are.
 */
import { deedsOf } from "./deeds.js";
import type { Desk } from "./desk.js";

export function listen(desk: Desk): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || !desk.signedIn) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return desk.open(desk.panel === "palette" ? "" : "palette");
    }
    if (event.altKey && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      return desk.step(event.key === "ArrowDown" ? 1 : -1);
    }
    if (event.ctrlKey || event.metaKey || event.altKey || desk.panel) return;
    const target = event.target as HTMLElement;
    if (target.closest("input:not([type=radio]), textarea, select, dialog, [popover]")) return;
    if (event.key === "Enter") return enter(desk, target);
    single(desk, event);
  });
}

function enter(desk: Desk, target: HTMLElement): void {
  if (target.closest("button, a, input, summary")) return;
  if (desk.offer) void desk.accept();
  else if (desk.missed) desk.declare("available");
}

function single(desk: Desk, event: KeyboardEvent): void {
  if (!desk.settings.liked.singleKeys && event.key !== "?") return;
  const deed = deedsOf(desk).find(({ key, possible }) => key === event.key && possible !== false);
  if (!deed) return;
  event.preventDefault();
  deed.act();
}
