/**
 * The line at the top: presence, places, queues, the connection, ways to everything else.
 *
 * Owns: its own lay-out. Does not know: what the menu's entries do.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { isRetrying, mayHurry } from "../../client/pace.js";
import { duration, plural, title, WHY_NOT } from "../words.js";
import { icon, type IconName } from "./icons.js";
import { Part } from "./part.js";
import "./presence-menu.js";

const SLOTS_MAX = 12;
const QUEUES_MAX = 3;

@customElement("desk-top-bar")
export class TopBar extends Part {
  /** After how many failures the agent asked for the attempt that is made now. */
  private askedAfter = -1;

  override render(): TemplateResult {
    return html`<header class="top">
      <desk-presence .desk=${this.desk}></desk-presence>
      ${this.slots()}
      <span class="why-not">${this.whyNot()}</span>
      ${this.strip()}
      <span class="gap"></span>
      ${this.link()}
      ${this.tool("search", "Commands", "Ctrl K", () => this.desk.open("palette"))}
      ${this.tool("day", "My day", "", () => this.desk.open("day"))}
      ${this.tool(this.silent ? "silent" : "sound", this.silent ? "Sound: click to switch it on" : "Sound and settings", ",", () => this.desk.open("settings"))}
      ${this.tool("help", "Keys", "?", () => this.desk.open("keys"))}
      <span class="who" dir="auto">${this.desk.model.you?.name ?? ""}</span>
      ${this.tool("out", "Sign out", "", () => this.desk.link.signOut())}
    </header>`;
  }

  private get silent(): boolean {
    return !this.desk.alerts.sounds.ready || this.desk.settings.liked.volume === 0;
  }

  private tool(name: IconName, label: string, key: string, act: () => void): TemplateResult {
    const told = key ? `${label} (${key})` : label;
    return html`<button type="button" class="tool t-${name}" title=${told} aria-label=${label} @click=${act}>${icon(name)}</button>`;
  }

  private slots(): TemplateResult | typeof nothing {
    const most = this.desk.model.capacity?.total ?? 0;
    const used = this.desk.model.load?.total ?? 0;
    if (most <= 0) return nothing;
    const label = `${used} of ${most} places used, ${Math.max(0, most - used)} free`;
    const parts = Object.entries(this.desk.model.load ?? {}).filter(([name, count]) => name !== "total" && count > 0);
    const counted = `${label}. Counted: conversations, wrap-up and offers${parts.length ? ` (${parts.map(([name, count]) => `${name} ${count}`).join(", ")})` : ""}. Those you were asked into do not count.`;
    const filled = Math.min(used, most);
    const shown = most > SLOTS_MAX ? `${used} of ${most}` : "●".repeat(filled) + "○".repeat(most - filled);
    return html`<span class="capacity" role="img" aria-label=${label} title=${counted}>${shown}</span>`;
  }

  private whyNot(): string {
    const { presence } = this.desk.model;
    if (presence?.next) return `${title(presence.next)} after this conversation, no new offers`;
    if (presence?.show !== "available") return "";
    if (presence.why_not) return WHY_NOT[presence.why_not] ?? title(presence.why_not);
    return presence.effective && presence.effective !== presence.show ? `seen as ${presence.effective}` : "";
  }

  private strip(): TemplateResult {
    const waiting = this.desk.team.queues.filter((one) => one.waiting > 0);
    const first = [...waiting].sort((a, b) => b.oldest_ms - a.oldest_ms).slice(0, QUEUES_MAX);
    return html`<span class="strip">${first.map((one) => html`<span class="queue-now"
      title=${`${plural(one.waiting, "customer")} waiting in ${one.name || title(one.queue)}, the longest for ${duration(this.desk.team.oldest(one))}`}
      ><b>${one.name || title(one.queue)}</b> ${one.waiting} waiting, ${duration(this.desk.team.oldest(one))}</span>`)}</span>`;
  }

  private link(): TemplateResult {
    const { status, rtt_ms, outbox } = this.desk.link;
    const seconds = Math.max(1, Math.ceil(((status.retryAt ?? 0) - Date.now()) / 1_000));
    const queued = outbox.length > 0 ? `, ${outbox.length} to send` : "";
    const words: Record<string, string> = {
      online: "Connected",
      connecting: "Connecting",
      waiting: `No connection, again in ${seconds} s${queued}`,
      stopped: status.reason || "Not connected",
    };
    const down = isRetrying(status);
    if (!down) this.askedAfter = -1;
    const online = status.phase === "online";
    // Seconds and attempts that change are for eyes only; who asked for one hears of it.
    const spoken = !down ? words[status.phase] : this.askedAfter === status.failures ? "Trying now" : "No connection";
    return html`<span class="link" data-link=${status.phase}
      ><span class="dot" data-link=${status.phase}></span><span class="word">${words[status.phase]}${online && rtt_ms !== null ? " ·" : ""}</span>${online && rtt_ms !== null ? html`<span>${rtt_ms} ms</span>` : nothing}
      ${down ? html`<button type="button" class="small" aria-disabled=${!mayHurry(status)} @click=${() => this.tryNow()}>Try now</button>` : nothing}
      ${status.phase === "stopped" ? html`<button type="button" class="small" @click=${() => this.desk.link.start()}>Try again</button>` : nothing}</span
      ><span class="spoken" role="status">${spoken}</span>`;
  }

  /** The button stays where it is while the attempt lasts, and so does the focus on it. */
  private tryNow(): void {
    const { status } = this.desk.link;
    if (!mayHurry(status)) return;
    this.askedAfter = status.failures;
    this.desk.link.tryNow();
    this.desk.draw();
  }
}
