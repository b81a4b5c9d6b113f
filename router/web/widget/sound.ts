/**
 * One short tone, once per browser however many tabs are open.
 *
 * Owns: the audio context, which a click must unlock; the keys that sounded already.
 * Does not know: what the tone means, who muted it.
 */
const APART_MS = 60_000;
const RANG = "fairline.rang";
/** What one tab notes down is not in the storage of the others at once: they wait so long for it. */
const NOTED_MS = 300;

let context: AudioContext | null = null;

/** Must run inside a click or a key, else browsers keep the page silent. */
export function unlock(): void {
  context ??= new AudioContext();
  context.resume().catch(() => {});
}

/** Plays the tone for `key` unless a tab of this browser did so before. */
export function ring(key: string): void {
  if (context?.state !== "running") return;
  if (!navigator.locks) return play(context);
  const sounding = context;
  void navigator.locks.request(RANG, async () => {
    if (!isFirst(key)) return;
    play(sounding);
    await new Promise((noted) => setTimeout(noted, NOTED_MS));
  });
}

/** Under the lock: tabs come here one after the other, a slow one perhaps much later. */
function isFirst(key: string): boolean {
  try {
    const [last, at] = (localStorage.getItem(RANG) ?? "").split(" ");
    if (last === key && Date.now() - Number(at) < APART_MS) return false;
    localStorage.setItem(RANG, `${key} ${Date.now()}`);
  } catch {
    // storage is forbidden: each tab sounds for itself
  }
  return true;
}

function play(sounding: AudioContext): void {
  for (const [pitch, start] of [[659, 0], [880, 0.14]] as const) {
    const tone = sounding.createOscillator();
    const loudness = sounding.createGain();
    const at = sounding.currentTime + start;
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(0.12, at + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.45);
    tone.connect(loudness).connect(sounding.destination);
    tone.start(at);
    tone.stop(at + 0.5);
  }
}
