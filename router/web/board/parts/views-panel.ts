/**
 * The supervisor's views: which there are, and what is in one.
 *
 * Owns: the form. Does not know: where a view is kept (views.ts), how it is drawn.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { ORDERS, VIEWS_MAX, type Order, type View } from "../views.js";
import { LONGER, queueName } from "../words.js";
import { Part } from "./part.js";

const FRESH: View = { name: "", queues: [], states: [], order: "time" };

@customElement("wall-views")
export class ViewsPanel extends Part {
  @state() private edited: View | null = null;
  /** The name of the view that is being changed; empty for a fresh one. */
  private formerly = "";

  override render(): TemplateResult {
    const { list, now } = this.wall.views;
    if (this.edited) return this.form(this.edited);
    return html`<ul class="rows">${list.map((one) => html`<li class="row"><div><b dir="auto">${one.name}${one === now ? " (shown)" : ""}</b><small>${this.about(one)}</small></div>
        <span class="deeds"><button type="button" aria-label=${`Show ${one.name}`} ?disabled=${one === now} @click=${() => this.wall.views.choose(one.name)}>Show</button>
          <button type="button" aria-label=${`Change ${one.name}`} @click=${() => this.edit(one)}>Change</button>
          <button type="button" aria-label=${`Remove ${one.name}`} @click=${() => void this.forget(one)}>Remove</button></span></li>`)}</ul>
      ${list.length ? nothing : html`<p class="empty">No views yet. A view shows some of the queues, and agents by what they are doing.</p>`}
      <div><button type="button" class="main" ?disabled=${list.length >= VIEWS_MAX} @click=${() => this.edit(FRESH)}>New view</button></div>
      <p class="hint">Kept by the server for you, on every screen where you sign in. Which one is shown is this screen's own.</p>`;
  }

  private about({ queues, states, order }: View): string {
    const names = this.wall.allQueues.filter(({ queue }) => queues.includes(queue)).map(queueName);
    return [names.join(", ") || "all queues", states.map((one) => LONGER[one]).join(", ") || "all agents", ORDERS[order]].join(" · ");
  }

  private form(view: View): TemplateResult {
    const taken = view.name !== this.formerly && this.wall.views.list.some(({ name }) => name === view.name);
    return html`<form class="card" @submit=${this.save}>
      <label class="field">Name<input required maxlength="40" .value=${view.name} @input=${(event: Event) => this.change({ name: (event.target as HTMLInputElement).value.trim() })}></label>
      ${taken ? html`<p class="effect" role="alert">There is a view of that name.</p>` : nothing}
      ${this.checks("Queues (none: all)", this.wall.allQueues.map((one) => [one.queue, queueName(one)]), view.queues, (queues) => this.change({ queues }))}
      ${this.checks("Agents who are (none: anything)", Object.entries(LONGER), view.states, (states) => this.change({ states }))}
      <label class="field">Agents in the order<select @change=${(event: Event) => this.change({ order: (event.target as HTMLSelectElement).value as Order })}>
        ${Object.entries(ORDERS).map(([order, words]) => html`<option value=${order} ?selected=${order === view.order}>${words}</option>`)}</select></label>
      <div class="answers"><button class="main" ?disabled=${!view.name || taken}>Keep</button><button type="button" @click=${() => this.edit(null)}>Cancel</button></div></form>`;
  }

  private checks(legend: string, choices: [string, string][], chosen: string[], changed: (chosen: string[]) => void): TemplateResult {
    const turn = (id: string, on: boolean): void => changed(on ? [...chosen, id] : chosen.filter((one) => one !== id));
    return html`<fieldset class="checks"><legend>${legend}</legend>${choices.map(([id, words]) => html`<label><input type="checkbox" .checked=${chosen.includes(id)}
      @change=${(event: Event) => turn(id, (event.target as HTMLInputElement).checked)}>${words}</label>`)}</fieldset>`;
  }

  private edit(view: View | null): void {
    this.edited = view;
    this.formerly = view?.name ?? "";
  }

  private change(changed: Partial<View>): void {
    this.edited = { ...this.edited!, ...changed };
  }

  private async save(event: Event): Promise<void> {
    event.preventDefault();
    const { views, toasts } = this.wall;
    const kept = await views.put(this.edited!, this.formerly || this.edited!.name);
    if (!kept) toasts.tell("The server could not keep the view; this screen shows it until it is closed.");
    this.edit(null);
  }

  private async forget({ name }: View): Promise<void> {
    if (!(await this.wall.views.remove(name))) this.wall.toasts.tell("The server could not forget the view now.");
  }
}
