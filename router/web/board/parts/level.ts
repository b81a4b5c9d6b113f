/**
 * A level as an icon with a word, so that nobody depends on the colour.
 */
import { html, type TemplateResult } from "lit";
import { icon, type IconName } from "../../desktop/parts/icons.js";
import type { Level } from "../limits.js";
import { LEVELS } from "../words.js";

const ICONS: Record<Level, IconName> = { good: "check", warn: "warn", bad: "bad", none: "flat" };

export function levelMark(level: Level): TemplateResult {
  return html`<span class="level" data-level=${level}>${icon(ICONS[level])}<span class="spoken">${LEVELS[level]}</span></span>`;
}
