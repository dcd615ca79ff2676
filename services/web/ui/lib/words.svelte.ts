import { en } from "../words/en";
import { zh, type Words } from "../words/zh";
import { settings } from "./settings.svelte";
import { dateOf, formatted } from "./zone.svelte";

/** The words in the language that is chosen now; the page keeps its state when it changes. */
export const words = (): Words => (settings.language === "en" ? en : zh);

/** What belongs to one page only: it lies beside the page and is not loaded by the others. */
export const said = <T>(both: { zh: T; en: T }): T => (settings.language === "en" ? both.en : both.zh);

/** Why nobody answers: this device has no network, or there is no server behind it. */
export const away = () => (navigator.onLine ? words().problem.unreachable : words().link.noNetwork);

/** A problem in the language that is chosen. */
export const told = (problem: { title: string; detail: string }) =>
  settings.language === "en" ? problem.detail : problem.title;

export const locale = () => (settings.language === "en" ? "en-GB" : "zh-CN");

/** How late it was in the community, such as 14:05. */
export const clock = (time: string | number | Date) =>
  formatted(locale(), time, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** A countdown, such as 9:05. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The community's day of a moment, such as 11月25日. */
export const day = (time: string | number | Date) => formatted(locale(), time, { month: "short", day: "numeric" });

/** The same of a day that is told without a time, such as 2026-11-25. */
export const dayOf = (date: string) =>
  new Intl.DateTimeFormat(locale(), { month: "short", day: "numeric", timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));

/** Day and time in figures, such as 11/25 14:05. */
export const dayAndClock = (time: string | number | Date) =>
  `${formatted(locale(), time, { month: "numeric", day: "numeric" })} ${clock(time)}`;

/** Whether a moment lies in the community's day that is now. */
export const isToday = (time: string | number | Date) => dateOf(time) === dateOf(Date.now());
