import { en } from "../words/en";
import { zh, type Words } from "../words/zh";
import { settings } from "./settings.svelte";

/** The words in the language that is chosen now; the page keeps its state when it changes. */
export const words = (): Words => (settings.language === "en" ? en : zh);

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
