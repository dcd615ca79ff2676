import { en } from "../words/en";
import { zh, type Words } from "../words/zh";
import { settings } from "./settings.svelte";

/** The words in the language that is chosen now; the page keeps its state when it changes. */
export const words = (): Words => (settings.language === "en" ? en : zh);

/** What belongs to one page only: it lies beside the page and is not loaded by the others. */
export const said = <T>(both: { zh: T; en: T }): T => (settings.language === "en" ? both.en : both.zh);

/** Why nobody answers: this device has no network, or there is no server behind it. */
export const away = () => (navigator.onLine ? words().problem.unreachable : words().link.noNetwork);

/** A problem in the language that is chosen. */
export const told = (problem: { title: string; detail: string }) =>
  settings.language === "en" ? problem.detail : problem.title;

const locale = () => (settings.language === "en" ? "en-GB" : "zh-CN");

export const clock = (time: string | number | Date) =>
  new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit", hour12: false }).format(
    new Date(time),
  );

/** A countdown, such as 9:05. */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A day, such as 11月25日. */
export const day = (time: string | number | Date) =>
  new Intl.DateTimeFormat(locale(), { month: "short", day: "numeric" }).format(new Date(time));

/** Whether a moment lies in the local day of this device that is now. */
export const isToday = (time: string | number | Date) =>
  new Date(time).toDateString() === new Date().toDateString();
