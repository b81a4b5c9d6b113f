/** The widget's few drawings, from paths on a 24 by 24 grid. */
import { svg, type SVGTemplateResult, html, type TemplateResult } from "lit/html.js";

const PATHS = {
  down: "M6 9.500l6 6 6-6",
  send: "M4.500 12l15.500-7.500-5.500 15.500-3-6.500zM11.500 13.500L20 4.500",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  check: "M5 12.500l4.500 4.500L19 7.500",
  save: "M12 4v11m0 0l-4.500-4.500M12 15l4.500-4.500M5 20h14",
  sound: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11",
  mute: "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5",
  reach: "M4 6h16v12H4zM4.500 6.500L12 13l7.500-6.500",
  clip: "M20 11.500l-7.800 7.800a5 5 0 0 1-7.100-7.100l8.500-8.500a3.300 3.300 0 0 1 4.700 4.700l-8.500 8.500a1.700 1.700 0 0 1-2.400-2.400l7.800-7.800",
  end: "M6.500 6.500l11 11M17.500 6.500l-11 11",
} as const;

export function icon(name: keyof typeof PATHS): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor"
    stroke-width=${name === "more" ? 3 : 2} stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name]}></path></svg>`;
}

const MOUTHS = ["M8 17q4-4 8 0", "M8 16.500q4-2 8 0", "M8 16h8", "M8 15.500q4 2 8 0", "M8 15q4 4 8 0"];

/** A face for a mark of 1 to 5: only its mouth differs. */
export function face(mark: number): TemplateResult {
  const parts: SVGTemplateResult = svg`<circle cx="12" cy="12" r="9.500"></circle><path d="M9 9.500v.5M15 9.500v.5"></path><path d=${MOUTHS[mark - 1]!}></path>`;
  return html`<svg class="smile" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round">${parts}</svg>`;
}
