/** What the station shows of a scan, and how it is told again from what this device has kept. */
import type { Answer, Candidate, Cue, Problem, Scan, Status } from "../lib/api";
import type { Item } from "../lib/outbox";

export interface Entry {
  id: string;
  code: string;
  kind: string;
  at: number;
  carrier?: string | undefined;
  /** Which of its waybill's pieces it is. */
  piece?: Scan["piece"];
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
const LATER = ["undo_arrival", "identify", "damage"];

export function entryOf({ scan, answer, note, state }: Item): Entry {
  return {
    id: scan.command_id,
    code: scan.code ?? scan.container ?? note,
    kind: scan.kind,
    at: Date.parse(scan.occurred_at),
    carrier: scan.carrier,
    piece: scan.piece,
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

/**
 * The entries of what this device has kept, and for each later step that still waits the entry that it
 * is about. The items come as they are kept, the newest first.
 */
export function retold(items: readonly Item[]): { entries: Entry[]; followed: Map<string, string> } {
  const entries: Entry[] = [];
  const followed = new Map<string, string>();
  for (const item of [...items].reverse()) {
    const { scan, answer } = item;
    if (OURS.includes(scan.kind)) entries.unshift(entryOf(item));
    if (!LATER.includes(scan.kind)) continue;
    const isNamed = (one: Entry) => scan.code !== undefined && [one.code, one.cue?.label].includes(scan.code);
    const entry = entries.find((one) => isNamed(one) && (scan.kind !== "undo_arrival" || canUndo(one)));
    if (!entry) continue;
    if (scan.kind === "undo_arrival") markUndone(entries, entry, "waiting");
    if (item.state === "waiting") followed.set(scan.command_id, entry.id);
    else if (answer) applyAnswer(entries, entry, item, answer);
  }
  return { entries, followed };
}
