/**
 * What is told in passing, with what can be done about it.
 */
import { html, nothing, type TemplateResult } from "lit";
import { icon } from "../desktop/parts/icons.js";
import type { Toasts } from "../desktop/toasts.js";

export function toastBar({ current }: Toasts): TemplateResult {
  const seconds = Math.max(0, Math.ceil(((current?.until ?? 0) - Date.now()) / 1_000));
  return html`<div class="toast" role="status" ?hidden=${!current}><span>${current?.text ?? ""}</span>
    ${current?.action ? html`<button type="button" @click=${current.action.act}>${current.action.counts ? icon("back") : nothing}
      ${current.action.label}${current.action.counts ? html`<span aria-hidden="true">${seconds}</span>` : nothing}</button>` : nothing}</div>`;
}
