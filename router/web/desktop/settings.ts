/**
 * How an agent likes the desktop: theme, sounds, keys, notifications.
 *
 * Owns: the settings with their defaults, the theme on the page.
 * Does not know: who asks. What the address adds (`?seat=`, `?card=`, `?replies=`) is read here.
 */
import { Kept } from "./kept.js";

export { ownPage } from "../staff/own-page.js";

export type Theme = "auto" | "light" | "dark";
export type Occasion = "offer" | "assigned" | "message" | "missed";
export type Tone = "chime" | "bell" | "knock" | "none";

export interface Liked {
  theme: Theme;
  volume: number;
  tones: Record<Occasion, Tone>;
  notify: boolean;
  singleKeys: boolean;
  /** Keys of the agent's own, by the deed's name; empty takes a deed its key. */
  keys: Record<string, string>;
  team: boolean;
}

const DEFAULTS: Liked = {
  theme: "auto",
  volume: 70,
  tones: { offer: "chime", assigned: "bell", message: "knock", missed: "none" },
  notify: false,
  singleKeys: true,
  keys: {},
  team: true,
};

export class Settings {
  private readonly kept = new Kept<Partial<Liked>>("settings", {});

  constructor() {
    this.apply();
    addEventListener("storage", () => this.apply());
  }

  get liked(): Liked {
    return { ...DEFAULTS, ...this.kept.value, tones: { ...DEFAULTS.tones, ...this.kept.value.tones } };
  }

  set(changed: Partial<Liked>): void {
    this.kept.value = { ...this.kept.value, ...changed };
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.liked.theme;
  }
}

export const seat = (): string => (new URLSearchParams(location.search).get("seat") ?? "").replaceAll(/[^\w-]/g, "").slice(0, 32);
