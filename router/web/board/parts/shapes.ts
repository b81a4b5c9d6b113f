/**
 * What an agent does, as a shape: readable without colour, with an outline that thickens in time.
 */
import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";

const SHAPES: Record<string, SVGTemplateResult> = {
  free: svg`<circle cx="12" cy="12" r="8"></circle>`,
  offered: svg`<path d="M12 3l9 9-9 9-9-9z"></path>`,
  serving: svg`<rect x="4" y="4" width="16" height="16" rx="2"></rect>`,
  wrap_up: svg`<path d="M12 4l9 16H3z"></path>`,
  busy: svg`<path d="M8 4h8l4 8-4 8H8l-4-8z"></path>`,
  dnd: svg`<path d="M8 4h8l4 8-4 8H8l-4-8zM8 12h8"></path>`,
  away: svg`<circle cx="12" cy="12" r="8" stroke-dasharray="4 3"></circle>`,
  lost: svg`<path d="M6 6l12 12M18 6L6 18"></path>`,
};
const QUARTER_MS = 900_000;

export function shape(state: string, age = 0): TemplateResult {
  const width = 2 + Math.min(2.5, (age / QUARTER_MS) * 2.5);
  return html`<svg viewBox="0 0 24 24" class="shape" data-state=${state} aria-hidden="true" stroke-width=${width.toFixed(1)}>${SHAPES[state] ?? SHAPES.away}</svg>`;
}
