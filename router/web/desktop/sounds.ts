/**
 * Short tones, once per browser however many tabs are open.
 *
 * Owns: the audio context, which a click must unlock; the tones; who of the tabs sounds.
 * Does not know: what a tone means.
 */
import { Kept } from "./kept.js";
import type { Tone } from "./settings.js";

/** Pitch in Hz, start and length in s. */
const TONES: Record<Exclude<Tone, "none">, [number, number, number][]> = {
  chime: [[659, 0, 0.45], [880, 0.14, 0.5]],
  bell: [[988, 0, 0.7], [1976, 0, 0.35]],
  knock: [[220, 0, 0.12], [220, 0.16, 0.12]],
};
const APART_MS = 1_500;
/** What one tab notes down is not in the storage of the others at once: they wait so long for it. */
const NOTED_MS = 300;

export class Sounds {
  private context: AudioContext | null = null;
  private readonly rang = new Kept<Record<string, number>>("rang", {});

  /** Must run inside a click or a key, else browsers keep the page silent. */
  unlock(): void {
    this.context ??= new AudioContext();
    this.context.resume().catch(() => {});
  }

  get ready(): boolean {
    return this.context?.state === "running";
  }

  /** Plays the tone for `key`, unless a tab of this browser did so less than `apart_ms` ago. */
  ring(key: string, tone: Tone, volume: number, apart_ms = APART_MS): void {
    if (!this.ready || tone === "none" || volume === 0) return;
    const ring = (): boolean => {
      const now = Date.now();
      const rang = this.rang.latest;
      if (now - (rang[key] ?? 0) < apart_ms) return false;
      const recent = Object.entries(rang).filter(([, at]) => now - at < 60_000);
      this.rang.value = { ...Object.fromEntries(recent), [key]: now };
      this.play(tone, volume);
      return true;
    };
    if (!navigator.locks) return void ring();
    void navigator.locks.request("fairline.desktop.ring", async () => {
      if (ring()) await new Promise((noted) => setTimeout(noted, NOTED_MS));
    });
  }

  /** At once, for whoever tries the sound out. */
  play(tone: Tone, volume: number): void {
    if (!this.context || tone === "none") return;
    for (const [pitch, start, length] of TONES[tone]) this.note(this.context, pitch, start, length, volume / 400);
  }

  private note(context: AudioContext, pitch: number, start: number, length: number, loud: number): void {
    const tone = context.createOscillator();
    const loudness = context.createGain();
    const at = context.currentTime + start;
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(Math.max(loud, 0.002), at + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + length);
    tone.connect(loudness).connect(context.destination);
    tone.start(at);
    tone.stop(at + length + 0.05);
  }
}
