import type { Category, Cold, Size } from "../lib/api";

/** One key each; digits and letters that a scanner's burst is told from by its speed. */
export const CATEGORIES: [string, Category][] = [
  ["1", "meal"], ["2", "produce"], ["3", "parcel_goods"], ["4", "medicine"], ["5", "ration"],
];
export const SIZES: [string, Size][] = [
  ["q", "hand"], ["w", "bag"], ["e", "box"], ["r", "heavy"], ["t", "two_person"],
];
export const COLDS: Cold[] = ["ambient", "chilled", "frozen"];
export const CARRIERS: [string, string][] = [
  ["1", "sf"], ["2", "yto"], ["3", "zto"], ["4", "sto"], ["5", "yunda"], ["6", "jt"], ["7", "jd"],
  ["8", "ems"], ["9", "meituan"], ["0", "local"],
];
export const MODES = [["F1", "arrive"], ["F2", "disinfect"], ["F3", "sort"], ["F4", "expected"]] as const;
export type Mode = (typeof MODES)[number][1];
