/**
 * Everything by name: commands, conversations.
 *
 * Owns: the list that narrows down. Does not know: what the entries do.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { deedsOf, goals, type Deed } from "../deeds.js";
import type { Panel } from "../desk.js";
import { Dialog } from "./dialog.js";

const SHOWN = 40;

@customElement("desk-palette")
export class Palette extends Dialog {
  protected override readonly panels: readonly Panel[] = ["palette"];
  protected override readonly heading = "Commands";
  protected override readonly kind = "palette";
  @state() private sought = "";
  @state() private picked = 0;

  protected override opened(): void {
    this.sought = "";
    this.picked = 0;
  }

  protected override content(): TemplateResult {
    const found = this.found();
    return html`<input type="search" autofocus role="combobox" aria-expanded="true" aria-controls="commands" aria-activedescendant=${`command-${this.picked}`}
        aria-label="Command or conversation" placeholder="What do you want to do?" .value=${this.sought} @input=${this.seek} @keydown=${this.key}>
      <div class="targets" role="listbox" id="commands" aria-label="Commands" tabindex="-1">${found.map((deed, place) => this.row(deed, place, found[place - 1]))}
        ${found.length ? nothing : html`<p class="empty">No command of that name.</p>`}</div>`;
  }

  private found(): Deed[] {
    const words = this.sought.toLowerCase().split(/\s+/).filter(Boolean);
    return [...deedsOf(this.desk), ...goals(this.desk)]
      .filter(({ name, possible }) => possible !== false && words.every((word) => name.toLowerCase().includes(word)))
      .slice(0, SHOWN);
  }

  private row({ name, key, group }: Deed, place: number, before: Deed | undefined): TemplateResult {
    return html`${before?.group === group ? nothing : html`<p class="group" role="presentation">${group}</p>`}
      <div role="option" class="target" id=${`command-${place}`} aria-selected=${String(place === this.picked)} @click=${() => this.run(place)}>
        <span class="text">${name}</span>${key ? html`<kbd>${key.length === 1 ? key.toUpperCase() : key}</kbd>` : nothing}</div>`;
  }

  private seek(event: Event): void {
    this.sought = (event.target as HTMLInputElement).value;
    this.picked = 0;
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const count = this.found().length;
    if (step && count) {
      this.picked = (this.picked + step + count) % count;
      void this.updateComplete.then(() => this.find(`#command-${this.picked}`)?.scrollIntoView({ block: "nearest" }));
    } else if (event.key === "Enter") this.run(this.picked);
    else return;
    event.preventDefault();
  }

  private run(place: number): void {
    const deed = this.found()[place];
    this.close();
    // The dialog gives the focus back first; what the deed opens takes it from there.
    setTimeout(() => deed?.act());
  }
}
