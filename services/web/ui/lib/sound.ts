/** Ears before eyes: three outcomes, three sounds that cannot be mistaken, and the words spoken. */
import { settings } from "./settings.svelte";

export type Outcome = "accepted" | "duplicate" | "error";

let context: AudioContext | undefined;

/** Frequency in hertz, start and length in seconds. */
const TUNES: Record<Outcome, [number, number, number][]> = {
  accepted: [[880, 0, 0.09], [1320, 0.09, 0.13]],
  duplicate: [[660, 0, 0.08], [660, 0.14, 0.08], [660, 0.28, 0.08]],
  error: [[220, 0, 0.28], [165, 0.28, 0.4]],
};

const BUZZES: Record<Outcome, number[]> = {
  accepted: [40],
  duplicate: [30, 50, 30],
  error: [250, 80, 250],
};

export function sound(outcome: Outcome) {
  document.documentElement.dataset.lastSound = outcome;
  navigator.vibrate?.(BUZZES[outcome]);
  if (!settings.sound || typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  void context.resume();
  const now = context.currentTime;
  for (const [frequency, start, length] of TUNES[outcome]) {
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.type = outcome === "error" ? "square" : "sine";
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, now + start);
    volume.gain.exponentialRampToValueAtTime(0.3, now + start + 0.01);
    volume.gain.exponentialRampToValueAtTime(0.0001, now + start + length);
    tone.connect(volume).connect(context.destination);
    tone.start(now + start);
    tone.stop(now + start + length + 0.02);
  }
}

/** Says it; what was being said is cut off, because the next piece is here already. */
export function speak(words: string, language: "zh-CN" | "en" = "zh-CN") {
  document.documentElement.dataset.lastSaid = words;
  if (!settings.sound || !("speechSynthesis" in window)) return;
  speechSynthesis.cancel();
  const speech = new SpeechSynthesisUtterance(words);
  speech.lang = language;
  speech.rate = 1.15;
  // A voice that lives on this device: some browsers' others ask a server far away.
  const voices = speechSynthesis.getVoices().filter((one) => one.localService);
  const voice = voices.find((one) => one.lang.startsWith(language.slice(0, 2)));
  if (voice) speech.voice = voice;
  speechSynthesis.speak(speech);
}
