import { settings } from "../lib/settings.svelte";
import { deskEn } from "../words/desk.en";
import { deskZh, type DeskWords } from "../words/desk.zh";

/** The desk's words in the language that is chosen now. */
export const deskWords = (): DeskWords => (settings.language === "en" ? deskEn : deskZh);

/** How long something lasts, in the coarsest unit that helps. */
export function age(seconds: number): string {
  const { minutes, hours, days } = deskWords().age;
  const all = Math.max(0, Math.floor(seconds / 60));
  if (all < 60) return minutes(all);
  if (all < 48 * 60) return hours(Math.floor(all / 60), all % 60);
  return days(Math.floor(all / 1440));
}

/** How long ago a moment is. */
export const since = (time: string, now: string | number = Date.now()) =>
  age((new Date(now).getTime() - Date.parse(time)) / 1000);

/** Who did something: a badge as it is, a volunteer by the end of the id, as the slips name one. */
export const who = (actor: string) =>
  /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(actor) ? deskWords().piece.volunteer(actor.slice(-4).toUpperCase()) : actor;

/** What stands between a name and its value. */
export const colon = () => (settings.language === "en" ? ": " : "：");

/** One of two sentences, as planning tells them. */
export const sentence = (one: { zh: string; en: string } | undefined) =>
  one ? (settings.language === "en" ? one.en : one.zh) : "";
