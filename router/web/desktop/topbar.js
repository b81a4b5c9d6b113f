/**
 * The line at the top: what the agent declares, capacity, and the connection.
 *
 * Owns: the presence menu, the capacity dots, the connection pill, signing out.
 * Does not know: conversations.
 */
import { clock, h, say, show } from "../client/dom.js";

const SHOWS = { available: "Available", busy: "Busy", away: "Away", dnd: "Do not disturb", offline: "Offline" };
const CHOICES = [
  ["available", ""], ["busy", ""], ["away", ""], ["away", "Break"], ["away", "Lunch"], ["away", "Training"], ["dnd", ""],
];
const REASONS = { missed: "missed offers", timeout: "no connection" };

export class TopBar {
  constructor(desktop) {
    this.desktop = desktop;
    this.dot = h("span", { class: "dot" });
    this.name = h("b", {});
    this.time = h("span", { class: "time" });
    this.menu = h("div", { class: "menu", id: "presence-menu", popover: "auto", role: "menu", "aria-label": "Presence" },
      CHOICES.map(([shown, reason]) => this._choice(shown, reason)));
    this.button = h("button", { type: "button", class: "presence", popovertarget: "presence-menu",
      "aria-haspopup": "menu" }, this.dot, this.name, this.time, h("span", { "aria-hidden": "true" }, "▾"));
    this.menu.addEventListener("toggle", (event) => this._toggled(event));
    this.menu.addEventListener("keydown", (event) => this._move(event));
    this.capacity = h("span", { class: "capacity", role: "img" });
    this.why = h("span", { class: "why-not" });
    this.linkDot = h("span", { class: "dot" });
    this.linkText = h("span", {});
    this.again = h("button", { type: "button", class: "small", hidden: true, onclick: () => this._again() }, "Try again");
    this.link = h("span", { class: "link", role: "status" }, this.linkDot, this.linkText, this.again);
    this.who = h("span", { class: "who" });
    this.element = h("header", { class: "top" }, this.button, this.menu, this.capacity, this.why, h("span", { class: "gap" }),
      this.link, this.who, h("button", { type: "button", class: "small", onclick: () => desktop.signOut() }, "Sign out"));
  }

  draw() {
    const { model, connection } = this.desktop;
    const { show: shown = "offline", reason, effective, why_not } = model.presence ?? {};
    this.dot.dataset.show = shown;
    say(this.name, SHOWS[shown] + (reason ? `, ${REASONS[reason] ?? reason}` : ""));
    say(this.time, clock(Date.now() - model.presenceSince));
    say(this.who, model.you?.name ?? "");
    say(this.why, whyNot(why_not, shown, effective));
    this._drawCapacity(total(model.capacity), total(model.load));
    this._drawLink(connection);
  }

  _drawCapacity(most, load) {
    show(this.capacity, most > 0);
    const used = Math.min(load, most);
    const shown = most > 12 ? `${load} of ${most}` : "●".repeat(used) + "○".repeat(most - used);
    say(this.capacity, shown);
    this.capacity.setAttribute("aria-label", `${load} of ${most} places used, ${Math.max(0, most - load)} free`);
    this.capacity.title = `${load} used, ${Math.max(0, most - load)} free`;
  }

  _drawLink({ status, rtt_ms }) {
    this.linkDot.dataset.link = status.phase;
    this.link.dataset.link = status.phase;
    show(this.again, status.phase === "stopped");
    const seconds = Math.max(1, Math.ceil(((status.retryAt ?? 0) - Date.now()) / 1_000));
    const words = {
      online: `Connected${rtt_ms === null ? "" : ` · ${rtt_ms} ms`}`,
      connecting: "Connecting",
      waiting: `No connection, again in ${seconds} s`,
      stopped: status.reason || "Not connected",
    };
    // The changing number of seconds is for eyes only.
    this.link.setAttribute("aria-live", status.phase === "waiting" ? "off" : "polite");
    say(this.linkText, words[status.phase]);
  }

  _choice(shown, reason) {
    const label = SHOWS[shown] + (reason ? `, ${reason}` : "");
    return h("button", { type: "button", role: "menuitem", class: reason ? "sub" : "",
      onclick: () => this._set(shown, reason) }, h("span", { class: "dot", "data-show": shown }), label);
  }

  _set(shown, reason) {
    this.menu.hidePopover();
    this.button.focus();
    this.desktop.missed = null;
    this.desktop.ask("presence.set", { show: shown, ...(reason ? { reason } : {}) });
  }

  _toggled({ newState }) {
    if (newState !== "open") return;
    const { left, bottom } = this.button.getBoundingClientRect();
    this.menu.style.setProperty("left", `${left}px`);
    this.menu.style.setProperty("top", `${bottom + 6}px`);
    this.menu.querySelector("button").focus();
  }

  _move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...this.menu.querySelectorAll("button")];
    const place = items.indexOf(document.activeElement) + step;
    items[(place + items.length) % items.length].focus();
  }

  _again() {
    const { connection } = this.desktop;
    if (connection.status.code === 4504) connection.renewDevice();
    connection.start();
  }
}

const total = (room) => (typeof room === "number" ? room : room?.total ?? room?.chat ?? 0);

function whyNot(reason, shown, effective) {
  if (shown !== "available") return "";
  const words = { unreachable: "not reachable", full: "all places used", offer_pending: "", pace: "starting gently" };
  if (reason) return words[reason] ?? String(reason);
  return effective && effective !== shown ? `seen as ${effective}` : "";
}
