/**
 * What the agent declares: the button that says it, and the menu to change it.
 *
 * Owns: the choices, now or after the conversations at hand, channels.
 * Does not know: what a presence does.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { duration, REASONS, SHOWS, SOURCES, title } from "../words.js";
import { icon } from "./icons.js";
import { Part } from "./part.js";

const MINUTE_MS = 60_000;

interface Choice {
  show: string;
  reason?: string;
  minutes?: number;
}
const CHOICES: Choice[] = [
  { show: "available" }, { show: "busy" }, { show: "away" },
  { show: "away", reason: "Break", minutes: 15 }, { show: "away", reason: "Lunch", minutes: 30 },
  { show: "away", reason: "Training" }, { show: "dnd" },
];

@customElement("desk-presence")
export class PresenceMenu extends Part {
  @state() private afterwards = false;

  override render(): TemplateResult {
    const { presence, presenceSince } = this.desk.model;
    const shown = presence?.show ?? "offline";
    const reason = presence?.reason ? `, ${REASONS[presence.reason] ?? presence.reason}` : "";
    const left = presence?.until_at ? presence.until_at - this.desk.model.now() : 0;
    const who = SOURCES[presence?.source ?? ""] ?? "";
    return html`<button type="button" class="presence" popovertarget="presence-menu" aria-haspopup="menu" title=${who}
        ><span class="dot" data-show=${shown}></span><b>${SHOWS[shown] + reason}</b><span class="time"
        >${left > 0 ? `${duration(left)} left` : duration(Date.now() - presenceSince)}</span><span aria-hidden="true">▾</span></button>
      <div class="menu" id="presence-menu" popover="auto" role="menu" aria-label="Presence"
        @toggle=${this.toggled} @keydown=${this.move}>
        ${this.busy ? this.toggle("After this conversation", this.afterwards, () => (this.afterwards = !this.afterwards)) : nothing}
        ${CHOICES.map((one) => this.choice(one))}
        ${this.channels()}
        ${who ? html`<p class="hint" role="presentation">${who}</p>` : nothing}
      </div>`;
  }

  private get busy(): boolean {
    return this.desk.busy > 0;
  }

  private choice(choice: Choice): TemplateResult {
    const { show, reason, minutes } = choice;
    const label = SHOWS[show] + (reason ? `, ${reason}` : "");
    return html`<button type="button" role="menuitem" class=${reason ? "sub" : ""} aria-label=${label} @click=${() => this.set(choice)}
      ><span class="dot" data-show=${show}></span>${reason ?? label}${minutes ? html`<small>${minutes} min</small>` : nothing}</button>`;
  }

  private toggle(label: string, on: boolean, act: () => void): TemplateResult {
    return html`<button type="button" role="menuitemcheckbox" class="switch" aria-checked=${String(on)} @click=${act}
      ><span class="tick">${on ? icon("check") : nothing}</span>${label}</button>`;
  }

  private channels(): TemplateResult | typeof nothing {
    const told = Object.entries(this.desk.model.presence?.channels ?? {});
    if (told.length < 2) return nothing;
    return html`<div role="group" aria-label="Channels">${told.map(([name, on]) =>
      this.toggle(title(name), on, () => this.desk.declare(this.desk.model.presence?.show ?? "away", { channels: { [name]: !on } })))}</div>`;
  }

  private set({ show, reason, minutes }: Choice): void {
    const now = this.desk.model.presence?.show ?? "away";
    const later = this.afterwards && this.busy && show !== now;
    this.find<HTMLElement>("#presence-menu")?.hidePopover();
    this.find<HTMLElement>("button.presence")?.focus();
    if (later) this.desk.declare(now, { next: show });
    else this.desk.declare(show, { ...(reason && { reason }), ...(minutes && { until_ms: minutes * MINUTE_MS }) });
    this.afterwards = false;
  }

  private toggled(event: ToggleEvent): void {
    if (event.newState !== "open") return;
    const menu = event.target as HTMLElement;
    const { left, bottom } = this.find("button.presence")!.getBoundingClientRect();
    menu.style.setProperty("left", `${left}px`);
    menu.style.setProperty("top", `${bottom + 6}px`);
    menu.querySelector("button")?.focus();
  }

  private move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...this.querySelectorAll<HTMLElement>(".menu button")];
    const place = items.indexOf(document.activeElement as HTMLElement) + step;
    items[(place + items.length) % items.length].focus();
  }
}
