/**
 * Asks what a look is for, where the tenant demands a purpose.
 */
import { html, nothing, type TemplateResult } from "lit";
import { spaced } from "../../desktop/words.js";
import type { Control } from "../control.js";

export function purposeField(control: Control, changed: () => void): TemplateResult | typeof nothing {
  const { purposes } = control;
  if (purposes.length === 0) return nothing;
  const choose = (event: Event): void => {
    control.purpose = (event.target as HTMLSelectElement).value;
    changed();
  };
  return html`<label class="field">What do you look for?<select @change=${choose}>
    <option value="" ?selected=${!control.purpose}>Choose a purpose …</option>
    ${purposes.map((one) => html`<option value=${one} ?selected=${one === control.purpose}>${spaced(one)}</option>`)}</select>
    <small>It goes into the audit trail, with your name and the time.</small></label>`;
}

export const mayLook = (control: Control): boolean => control.purposes.length === 0 || control.purpose !== "";
