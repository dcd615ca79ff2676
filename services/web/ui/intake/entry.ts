/** What the station shows of a scan. */
import type { Answer, Candidate, Cue, Problem, Status } from "../lib/api";
import type { Item } from "../lib/outbox";

export interface Entry {
  id: string;
  code: string;
  kind: string;
  at: number;
  carrier?: string | undefined;
  state: Status | "waiting";
  /** The piece had come in before this scan. */
  again: boolean;
  cue?: Cue | undefined;
  /** The cue was worked out on this device, without the engine. */
  local?: boolean;
  parcel?: string | undefined;
  problem?: Problem | undefined;
  candidates: Candidate[];
  /** The arrival was taken back, as the engine knows or will be told. */
  undone?: "waiting" | "done" | undefined;
}

const OURS = ["arrive", "disinfect_start", "disinfect_stop", "sort"];

export const isOurs = (item: Item) => OURS.includes(item.scan.kind);

export function entryOf({ scan, answer, note, state }: Item): Entry {
  return {
    id: scan.command_id,
    code: scan.code ?? scan.container ?? note,
    kind: scan.kind,
    at: Date.parse(scan.occurred_at),
    carrier: scan.carrier,
    state: state === "waiting" ? "waiting" : (answer?.status ?? "waiting"),
    again: scan.kind === "arrive" && answer?.status === "duplicate",
    cue: answer?.cue,
    parcel: answer?.parcel,
    problem: answer?.problem,
    candidates: answer?.candidates ?? [],
  };
}

/** An arrival that counts: of a piece that was not here before, and is still here. */
export const counts = (entry: Entry) =>
  entry.kind === "arrive" && !entry.undone && !entry.again && entry.state !== "refused";

/** An arrival that can be taken back. */
export const canUndo = (entry: Entry) => entry.kind === "arrive" && !entry.undone && entry.state !== "refused";

/** Marks an arrival as taken back, or not after all, and with it every other scan of the same arrival. */
export function markUndone(entries: readonly Entry[], entry: Entry, undone: Entry["undone"]) {
  const before = undone === "waiting" ? undefined : "waiting";
  for (const one of entries) {
    const isSame = one.id === entry.id || (!!entry.parcel && one.parcel === entry.parcel);
    if (one.kind === "arrive" && one.undone === before && isSame) one.undone = undone;
  }
}

/** What the engine's answer to a scan, or to a later step of its piece, says of the entry. */
export function applyAnswer(entries: readonly Entry[], entry: Entry, { scan }: Item, answer: Answer) {
  const isOwn = entry.id === scan.command_id;
  entry.problem = answer.problem;
  if (answer.status === "refused") {
    if (isOwn) entry.state = "refused";
    if (scan.kind === "undo_arrival") markUndone(entries, entry, undefined);
    return;
  }
  entry.state = answer.status;
  entry.problem = undefined;
  entry.local = false;
  if (isOwn) entry.again = scan.kind === "arrive" && answer.status === "duplicate";
  if (answer.cue) entry.cue = answer.cue;
  if (answer.parcel) entry.parcel = answer.parcel;
  if (scan.kind === "undo_arrival") markUndone(entries, entry, "done");
  entry.candidates = answer.candidates ?? [];
}
