/**
 * One short tone, once per browser however many tabs are open.
 *
 * Owns: the audio context, which a click must unlock. Does not know: what the tone means.
 */
let context = null;

/** Must run inside a click or a key, else browsers keep the page silent. */
export function unlock() {
  context ??= new AudioContext();
  context.resume().catch(() => {});
}

/** Plays the tone for `key` unless another tab of this browser just did. */
export function ring(key) {
  if (context?.state !== "running") return;
  if (!navigator.locks) {
    play();
    return;
  }
  navigator.locks.request(`fairline.ring.${key}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    play();
    await new Promise((done) => setTimeout(done, 2_000));
  });
}

function play() {
  for (const [pitch, start] of [[659, 0], [880, 0.14]]) {
    const tone = context.createOscillator();
    const loudness = context.createGain();
    const at = context.currentTime + start;
    tone.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(0.12, at + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.45);
    tone.connect(loudness).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.5);
  }
}
