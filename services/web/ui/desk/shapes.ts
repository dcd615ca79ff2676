/** The shapes that the desk reads, as far as it uses them. */
import type { Category, Colour, Door } from "../lib/api";

export interface Figures {
  expected: number; at_gate: number; disinfecting: number; to_sort: number; on_shelf: number; loaded: number;
  at_foot: number; failed: number; held: number; missing: number; handed_off_today: number;
}
export interface Board {
  at: string; total: { pieces: Figures; exceptions: number }; runs_out: number; runs_waiting: number;
  grids: { grid: string | null; colour: Colour | null; figures: { pieces: Figures; exceptions: number } }[];
}
export interface Waybill { carrier: string; number: string }
export interface PieceLine {
  parcel: string; waybill: Waybill | null; category: Category; spot: string; in_spot_since: string; arrived_at: string | null;
  door: Door | null; grid: string | null; run: string | null; exception: boolean;
}
export interface PieceList { at: string; count: number; pieces: (PieceLine & { label: string })[] }
export interface CareEntry {
  parcel: string; reasons: string[]; since: string; age_seconds: number; waybill: Waybill | null; category: Category;
  spot: string; run: string | null; door: Door | null; grid: string | null; failed_attempts: number; owner: string | null;
}
export interface ShelfEntry {
  parcel: string; waybill: Waybill | null; category: Category; spot: string; door: Door | null; must_not_stay: boolean;
  reason: string | null; owner: string | null;
}
export interface ZeroShelf { day: string; is_complete: boolean; without_reason: number; must_not_stay: number; pieces: ShelfEntry[] }
export interface Volunteer {
  id: string; revision: number; name: string | null; grid: string | null; roles: string[]; protection: boolean;
  carry_limit: { pieces: number; weight_grams: number; volume_millilitres: number };
  status: string; status_until: string | null; shifts: { from: string; until: string }[]; breaks: { from: string; until: string }[]; available: boolean;
  revoked: boolean; pool: string; run: string | null;
}
export interface RunLine {
  run: string; phase: string; grid: string | null; day: string | null; courier: string | null; stops: number;
  stops_ended: number; pieces_on_board: number; pieces_delivered: number; revision: number;
}
export interface Household { household: string; doors: Door[]; people: number | null; status: string | null; phone_only: boolean }
export interface Found {
  pieces: { label: string; piece: PieceLine }[];
  doors: { door: Door; grid: string; households: string[] }[];
  households: Household[]; volunteers: Volunteer[]; runs: RunLine[]; more: boolean;
}
export interface GridPlan {
  grid: string | null; due: number; assigned: number; done: number; left_over: number;
  left_over_by_reason: Record<string, number>;
  left_over_pieces: { parcel: string; category: Category; door: Door | null; spot: string; reason: string }[];
  runs: { run: string; phase: string; courier: string | null; load_percent: number; stops: number; pieces_delivered: number; load: { pieces: number } }[];
}
export interface DeliveryPlan { day: string; windows: { opens: string | null; closes: string | null; grids: GridPlan[] }[] }
export interface Sentence { zh: string; en: string }
export interface PlannedRun {
  run: string; wave?: { number: number; sentence: Sentence }; grid: string; phase: string; opens: string; closes: string;
  pieces: number; stops: number; effort: { floors: number }; volunteer?: string; helper?: string; sentence?: Sentence; asked: number;
}
export interface Unplanned { parcel: string; label: string; category: Category; door?: Door; grid?: string; code: string; sentence: Sentence }
export interface Planning {
  day: string; runs: PlannedRun[]; unplanned: Unplanned[]; unplanned_count: number; unplanned_by_reason: Record<string, number>;
  shortages: { grid: string; pieces: number; sentence: Sentence }[];
}
export interface Preview extends Planning { version: string; sentence?: Sentence }
export interface Trail {
  steps: { position: number; occurred_at: string; recorded_at: string; chinese: string; english: string; actor: string }[];
}

export interface ArrivalEntry {
  slot: string; from: string; party: string; label: string; pieces: number | null; category: Category | null;
  status: "booked" | "overdue" | "arrived" | "missed" | "withdrawn"; since: string;
  /** The day on which it comes instead. */
  moved_to: string | null;
}
export interface ArrivalHour {
  from: string; until: string; opens: string; is_offered: boolean; is_now: boolean; is_over: boolean; used: number; free: number | null;
  slots: ArrivalEntry[];
}
export interface ArrivalDay {
  day: string; per_hour: number | null; expected: number; overdue: number; arrived: number; missed: number; hours: ArrivalHour[];
}

export const doorName = (door: Door) => `${door.building}-${door.unit}-${door.room}`;
/** The places that the board counts together as "on the way". */
export const OUT = "loaded,at_foot";

/** What to call a volunteer: the name, or the beginning of the id where it is not known. */
export const nameOf = (people: readonly Volunteer[] | null, id: string | null | undefined): string | null =>
  people?.find((one) => one.id === id)?.name ?? id?.slice(0, 8) ?? null;
