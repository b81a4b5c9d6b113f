/**
 * How the agent likes the desktop.
 */
import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import type { Panel } from "../desk.js";
import type { Occasion, Theme, Tone } from "../settings.js";
import { Dialog } from "./dialog.js";

const OCCASIONS: [Occasion, string][] = [
  ["offer", "An offer, until seen"], ["assigned", "A conversation becomes yours"], ["message", "A message elsewhere"], ["missed", "A missed offer"],
];
const TONES: [Tone, string][] = [["chime", "Chime"], ["bell", "Bell"], ["knock", "Knock"], ["none", "Silent"]];
const THEMES: [Theme, string][] = [["auto", "As the system"], ["light", "Light"], ["dark", "Dark"]];

@customElement("desk-settings")
export class SettingsDialog extends Dialog {
  protected override readonly panels: readonly Panel[] = ["settings"];
  protected override readonly heading = "Settings";

  protected override content(): TemplateResult {
    const { liked } = this.desk.settings;
    return html`<div class="settings"><fieldset><legend>Theme</legend><div class="ways">${THEMES.map(([theme, label]) => html`<label><input type="radio" name="theme" value=${theme}
          .checked=${theme === liked.theme} @change=${() => this.desk.settings.set({ theme })}><span>${label}</span></label>`)}</div></fieldset>
      <fieldset><legend>Sound</legend>${this.sound()}
        <label class="range"><span>Volume</span><input type="range" min="0" max="100" step="5" .value=${String(liked.volume)} @input=${this.volume}></label>
        ${OCCASIONS.map(([occasion, label]) => this.tone(occasion, label))}
        <p class="hint">However many tabs are open, one of them sounds.</p></fieldset>
      <fieldset><legend>Notifications</legend>${this.check("Notify me while nobody looks at the desktop, with a button to accept", liked.notify, () => void this.notify())}</fieldset>
      <fieldset><legend>Keys and colleagues</legend>${this.check("Single letters do things while no field has the focus", liked.singleKeys, () => this.desk.settings.set({ singleKeys: !liked.singleKeys }))}
        ${this.check("Show colleagues under the conversations", liked.team, () => this.desk.settings.set({ team: !liked.team }))}
        <button type="button" @click=${() => this.desk.open("replies")}>Edit ready replies</button></fieldset></div>`;
  }

  private sound(): TemplateResult {
    const { sounds } = this.desk.alerts;
    return sounds.ready
      ? html`<p class="hint">The sound is on.</p>`
      : html`<p class="hint">The browser keeps this page silent until you click. <button type="button" class="small" @click=${this.unlock}>Switch the sound on</button></p>`;
  }

  private tone(occasion: Occasion, label: string): TemplateResult {
    const { tones } = this.desk.settings.liked;
    return html`<div class="tone"><label for=${`tone-${occasion}`}>${label}</label><select id=${`tone-${occasion}`} @change=${(event: Event) => this.choose(occasion, event)}>${TONES.map(([tone, name]) =>
      html`<option value=${tone} ?selected=${tone === tones[occasion]}>${name}</option>`)}</select>
      <button type="button" class="small" aria-label=${`Try: ${label}`} @click=${() => this.test(tones[occasion])}>Try</button></div>`;
  }

  private check(label: string, on: boolean, act: () => void): TemplateResult {
    return html`<label class="check"><input type="checkbox" .checked=${on} @change=${act}><span>${label}</span></label>`;
  }

  private choose(occasion: Occasion, event: Event): void {
    const tone = (event.target as HTMLSelectElement).value as Tone;
    this.desk.settings.set({ tones: { ...this.desk.settings.liked.tones, [occasion]: tone } });
    this.test(tone);
  }

  private test(tone: Tone): void {
    this.unlock();
    this.desk.alerts.sounds.play(tone, this.desk.settings.liked.volume);
  }

  private unlock(): void {
    this.desk.alerts.sounds.unlock();
    this.desk.draw();
  }

  private volume(event: Event): void {
    this.desk.settings.set({ volume: Number((event.target as HTMLInputElement).value) });
    this.desk.draw();
  }

  private async notify(): Promise<void> {
    const wanted = !this.desk.settings.liked.notify;
    this.desk.settings.set({ notify: wanted });
    if (wanted && !(await this.desk.alerts.allow())) {
      this.desk.settings.set({ notify: false });
      this.desk.tell("The browser does not allow notifications for this page.");
    }
    this.desk.draw();
  }
}
