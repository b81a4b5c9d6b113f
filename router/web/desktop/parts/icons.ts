/**
 * Icons, each one path on a grid of 24 by 24.
 */
import { svg, html, type TemplateResult } from "lit";

const PATHS = {
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  sound: "M4 10v4h4l5 4V6L8 10H4zM17 9a4 4 0 0 1 0 6M19.5 6.5a8 8 0 0 1 0 11",
  silent: "M4 10v4h4l5 4V6L8 10H4zM17 10l4 4M21 10l-4 4",
  gear: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2M16.2 16.2l2.2 2.2M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2",
  help: "M9.5 9a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.7M12 16.5v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  out: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  move: "M4 8h12M13 5l3 3-3 3M20 16H8M11 13l-3 3 3 3",
  ask: "M8 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 19c0-4 2.5-6 5.5-6s5.5 2 5.5 6M18 8v6M15 11h6",
  end: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 7v5l3.5 2M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
  note: "M5 4h14v11l-5 5H5zM14 20v-5h5",
  reply: "M10 7l-5 5 5 5M5 12h8c4 0 6 2 6 6",
  quote: "M6 17c-1.5-1.3-2-2.8-2-5 0-3 1.8-5 4-6v4.5a3 3 0 1 1-2 6.5zM16 17c-1.5-1.3-2-2.8-2-5 0-3 1.8-5 4-6v4.5a3 3 0 1 1-2 6.5z",
  chat: "M4 5h16v11H10l-4 4v-4H4z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c0-4.5 3.5-6.5 7.5-6.5s7.5 2 7.5 6.5",
  queue: "M4 6h16M4 12h16M4 18h10",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0",
  why: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.6v.1",
  day: "M5 19V9M12 19V5M19 19v-7",
  bolt: "M13 3L5 13.5h6L10 21l8-10.5h-6z",
  back: "M15 5l-7 7 7 7",
  shield: "M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM8.8 12l2.3 2.3 4.2-4.5",
  warn: "M12 4L2.5 20h19zM12 10v4.5M12 17.3v.1",
  bad: "M8.5 3h7L21 8.5v7L15.5 21h-7L3 15.5v-7zM12 7.5v5.5M12 16.2v.1",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  flat: "M5 12h14",
  views: "M4 4.5h7v6H4zM14 4.5h6v6h-6zM4 13.5h7v6H4zM14 13.5h6v6h-6z",
  full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2.2M12 19.3v2.2M2.5 12h2.2M19.3 12h2.2M5.3 5.3l1.5 1.5M17.2 17.2l1.5 1.5M18.7 5.3l-1.5 1.5M6.8 17.2l-1.5 1.5",
  ear: "M7 10a5 5 0 1 1 9.5 2.2c-.9 1.8-2.5 2.3-2.5 4.3a3 3 0 0 1-5.5 1.7M10 10.5a2 2 0 1 1 3.4 1.4",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): TemplateResult {
  return html`<svg viewBox="0 0 24 24" class="icon" aria-hidden="true">${svg`<path d=${PATHS[name]} fill="none"
    stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round"></path>`}</svg>`;
}
