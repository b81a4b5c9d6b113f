/**
 * The wallboard as a whole: head, tiles, queues beside agents, foot, and the panel over it.
 *
 * Owns: the head with the age of the figures. Does not know: any part's inside.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { isRetrying, mayHurry } from "../../client/pace.js";
import { icon } from "../../desktop/parts/icons.js";
import { toastBar } from "../../staff/toast-bar.js";
import { Part } from "./part.js";
import "./calls.js";
import "./foot.js";
import "./mosaic.js";
import "./queue-table.js";
import "./side-panel.js";
import "./wall-tiles.js";

@customElement("fairline-board")
export class App extends Part {
  override render(): TemplateResult | typeof nothing {
    const { wall } = this;
    if (!wall.signedIn) return nothing;
    return html`<main class="wall ${wall.isStale ? "stale" : ""}">${this.head()}
      <wall-calls .wall=${wall}></wall-calls><div class="body">${wall.hasFigures ? html`<wall-tiles .wall=${wall}></wall-tiles>
        <div class="halves"><wall-queues .wall=${wall}></wall-queues><wall-mosaic .wall=${wall}></wall-mosaic></div>
        <wall-foot .wall=${wall}></wall-foot>` : html`<p class="empty" role="status">Waiting for the first figures …</p>`}</div></main>
      <wall-panel .wall=${wall}></wall-panel>
      ${toastBar(wall.toasts)}`;
  }

  private head(): TemplateResult {
    const { wall } = this;
    const dark = wall.isDark;
    return html`<header class="top"><h1>${wall.model.you?.tenant ? html`Right now <small>${wall.model.you.tenant}</small>` : "Right now"}</h1>
      ${this.views()}${this.ending()}${this.stamp()}${this.again()}<time class="now">${this.siteTime()}</time>
      <button type="button" class="tool" aria-label=${dark ? "Light" : "Dark"} title=${dark ? "Light" : "Dark"} @click=${() => wall.turnTheme()}>${icon("sun")}</button>
      <button type="button" class="tool" aria-pressed=${wall.rings} aria-label="Sound" title=${wall.rings ? "Alerts ring" : "Alerts are silent"} @click=${() => wall.turnSound()}>${icon(wall.rings ? "sound" : "silent")}</button>
      <button type="button" class="tool" aria-label="Full screen" title="Full screen" @click=${this.fill}>${icon("full")}</button>
      <button type="button" class="tool" aria-label="Thresholds" title="Thresholds" @click=${() => wall.open({ sort: "limits" })}>${icon("gear")}</button>
      <button type="button" class="tool" aria-label="Sign out" title="Sign out" @click=${() => wall.signOut()}>${icon("out")}</button></header>`;
  }

  private views(): TemplateResult {
    const { views } = this.wall;
    const shown = views.now?.name ?? "";
    return html`${views.list.length ? html`<select class="view" aria-label="View" @change=${(event: Event) => views.choose((event.target as HTMLSelectElement).value)}>
        <option value="" ?selected=${!shown}>Everything</option>${views.list.map(({ name }) => html`<option value=${name} ?selected=${name === shown}>${name}</option>`)}</select>` : nothing}
      <button type="button" class="tool" aria-label="Views" title="Views" @click=${() => this.wall.open({ sort: "views" })}>${icon("views")}</button>`;
  }

  /** Where nothing renews the sign-in the wall would go dark unawares. */
  private ending(): TemplateResult | typeof nothing {
    const left = this.wall.ending;
    return left === null ? nothing : html`<p class="stamp ending" role="status">${icon("warn")}Sign-in ends in ${Math.ceil(left / 60_000)} min</p>`;
  }

  /** The word is announced where it changes; the seconds are only seen. */
  private stamp(): TemplateResult {
    const { wall } = this;
    const { phase, reason } = wall.connection.status;
    const online = phase === "online";
    const state = phase === "stopped" ? reason || "not connected" : !wall.isStale ? "live" : wall.behind ? "the server is busy" : online ? "no news" : "no connection";
    const seconds = wall.age / 1_000;
    const age = seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
    const old = wall.isStale && wall.hasFigures;
    const live = !wall.isStale && phase !== "stopped";
    return html`<p class="stamp" data-live=${live}>${icon(live ? "check" : "bad")}<b role="status">${state}</b>
      ${wall.hasFigures ? html`<span class="age" aria-hidden="true">${old ? `figures are ${age} old` : age}</span>` : nothing}</p>`;
  }

  /** It stays where it is while the attempt lasts, and so does the focus on it. */
  private again(): TemplateResult | typeof nothing {
    const { connection, isStale } = this.wall;
    if (connection.status.phase === "stopped") return html`<button type="button" class="again" @click=${() => this.wall.startAgain()}>Try again</button>`;
    if (!isStale || !isRetrying(connection.status)) return nothing;
    return html`<button type="button" class="again" aria-disabled=${!mayHurry(connection.status)} @click=${() => connection.tryNow()}>Try now</button>`;
  }

  /** The clock on the wall is the site's. */
  private siteTime(): string {
    const zone = this.wall.house?.zone;
    const timeZone = zone && zone !== "UTC" ? { timeZone: zone } : {};
    return new Date(this.wall.model.now()).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", ...timeZone });
  }

  private fill(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void document.documentElement.requestFullscreen().catch(() => {});
  }
}

