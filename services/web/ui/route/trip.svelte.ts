/**
 * A courier's trip without its looks: the sheet as the engine gave it last, and on top of it what
 * this phone has done since. Whatever is done is kept in the outbox first, so the stairwell needs no
 * signal; a piece is green only when the engine has answered.
 */
import { api, ask, Refused, Unreachable, type Category, type Cold, type Colour, type Door, type Problem, type Size } from "../lib/api";
import * as outbox from "../lib/outbox";
import type { Item, NewScan } from "../lib/outbox";
import { settings } from "../lib/settings.svelte";
import { sound } from "../lib/sound";
import { sync } from "../lib/sync.svelte";
import { uuidv7 } from "../lib/uuid";

export type PieceStatus = "planned" | "on_board" | "failed" | "delivered" | "returned" | "lost";
export type Exception = "no_answer" | "wrong_door" | "damaged_or_short" | "refused" | "zone_closed";
export type Receiver = "left_at_door" | "resident" | "neighbour" | "guard";

export interface Piece {
  parcel: string;
  label: string;
  category?: Category;
  size?: Size;
  cold?: Cold;
  on_behalf: boolean;
  urgent: boolean;
  status: PieceStatus;
}

export interface Stop { door: Door; floor?: number; lift: boolean; outcome?: string; pieces: Piece[] }

export interface Sheet {
  run: string;
  revision: number;
  phase: "planned" | "offered" | "accepted" | "departed" | "closed" | "cancelled";
  grid?: string;
  colour?: Colour;
  volunteer?: string;
  limit: { pieces: number };
  opens?: string;
  closes?: string;
  stops: Stop[];
  edition: number;
  edition_seen: number;
  /** What others changed since the edition that was seen, and why. */
  changes: { door: Door; change: Change["kind"]; sentence: Sentence }[];
  /** Buildings to leave out for now. */
  paused: Paused[];
  /** What to know at the stop that is next. */
  notes: { door: Door; note: string }[];
  plan: { building: string; position: { east_dm: number; north_dm: number } }[];
}

/** What this phone did with a piece, and whether the engine knows. */
export interface Done { status: PieceStatus; sent: boolean }
/** What the engine did not take of this phone, and why. */
export interface NotTaken { parcel: string; name: string; problem: Problem }

export interface Sentence { zh: string; en: string }
/** A building whose zone lets nobody in now. */
export interface Paused { building: string; until?: string; sentence: Sentence }
/** What changed at a door, since when this phone knows, and why, where the engine tells. */
export interface Change { door: string; kind: "added" | "removed" | "pieces" | "moved"; at: number; why?: Sentence }

interface Kept { sheet: Sheet; at: number; seen: string[]; changes: Change[]; pin: string; edition?: number }

const REFRESH_MS = 10_000;
/** What was answered so long before a sheet was written is in it. */
const KNOWN_MS = 30_000;
const STATUS: Record<string, PieceStatus> = {
  load: "on_board", hand_off: "delivered", fail: "failed", reopen: "on_board", unload: "planned",
};

export const doorName = (door: Door) => `${door.building}-${door.unit}-${door.room}`;

export class Trip {
  sheet = $state<Sheet | null>(null);
  at = $state(0);
  done = $state<Record<string, Done>>({});
  /** Why the engine did not let this run go. */
  stayed = $state.raw<Problem | null>(null);
  /** The latest touch of these pieces was not taken. */
  notTaken = $state.raw<NotTaken[]>([]);
  changes = $state<Change[]>([]);
  problem = $state<Problem | null>(null);
  unreachable = $state(false);
  /** The last touch could not be kept on this phone. */
  unkept = $state(false);
  /** The slip that this phone was opened with is out of date: another one was printed. */
  locked = $state(false);
  handedBack = $state(false);
  now = $state(Date.now());
  /** The pictures of this run that this phone took, the newest first. */
  pictures = $state.raw<outbox.Picture[]>([]);
  #seen: string[] = [];
  /** The edition of the route that somebody has read on this phone. */
  #edition = 0;
  #pin = "";
  /** This phone has said that it went: no sheet that was written before that takes it back. */
  #departed = false;
  /** Questions and looks are counted: one that was begun later knows more than one that ends later. */
  #asked = 0;
  #taken = 0;
  #looked = 0;
  #timers: ReturnType<typeof setInterval>[] = [];
  #listening: (() => void) | undefined;

  constructor(readonly community: string, readonly run: string) {}

  /** Opens the sheet that this phone knows already, without asking anybody. */
  async open(): Promise<boolean> {
    const kept = await outbox.recall<Kept>(`run-${this.run}`);
    if (!kept) return false;
    [this.sheet, this.at, this.#seen, this.changes, this.#pin] = [kept.sheet, kept.at, kept.seen, kept.changes, kept.pin];
    this.#edition = kept.edition ?? 0;
    this.locked = !this.#pin;
    await this.#overlay();
    return true;
  }

  /** Asks for the sheet with the PIN on the slip. */
  async unlock(pin: string): Promise<boolean> {
    [this.#pin, this.locked] = [pin, false];
    await this.refresh();
    return this.sheet !== null && this.problem === null;
  }

  start() {
    sync.start(this.community);
    this.#listening = sync.onAnswer((item, answer) => {
      if (item.scan.run !== this.run) return;
      if (answer.status === "refused") sound("error");
      void this.#overlay().then(() => this.refresh());
    });
    this.#timers.push(setInterval(() => (this.now = Date.now()), 1000));
    this.#timers.push(setInterval(() => void this.refresh(), REFRESH_MS));
  }

  stop() {
    this.#listening?.();
    this.#timers.forEach(clearInterval);
  }

  async refresh() {
    // A PIN that was wrong is not tried again and again: that would close the run for everybody.
    if (!this.#pin) return;
    const turn = ++this.#asked;
    try {
      const path = api(this.community, `runs/${this.run}/sheet`);
      const sheet = await ask<Sheet>(path, { body: { pin: this.#pin } });
      if (turn < this.#taken) return;
      this.#taken = turn;
      this.#takeOver(sheet);
      [this.problem, this.unreachable] = [null, false];
    } catch (error) {
      // What is told by now is newer than this failure.
      if (turn < this.#taken) return;
      if (error instanceof Unreachable) return void (this.unreachable = true);
      if (!(error instanceof Refused)) throw error;
      this.problem = error.problem;
      if (error.problem.code.startsWith("pin-")) {
        [this.#pin, this.locked] = ["", true];
        await this.#keep();
      }
    }
  }

  #takeOver(sheet: Sheet) {
    const doors = sheet.stops.map((stop) => doorName(stop.door));
    const ended = sheet.phase === "closed" || sheet.phase === "cancelled";
    // Whoever opens a sheet for the first time has read it as it is.
    if (!this.sheet) this.#edition = sheet.edition;
    else if (!ended) this.#mark(sheet, doors);
    this.#seen = doors;
    [this.sheet, this.at] = [sheet, Date.now()];
    this.#goOn();
    void this.#keep();
    void this.#overlay();
    if (this.#edition > sheet.edition_seen && !ended) void this.#tellSeen();
  }

  #goOn() {
    if (this.#departed && this.sheet?.phase === "accepted") this.sheet = { ...this.sheet, phase: "departed" };
  }

  /** A change is never silent: it stays marked until somebody has touched it. */
  #mark(sheet: Sheet, doors: readonly string[]) {
    const at = Date.now();
    const told = sheet.edition > this.#edition ? sheet.changes : [];
    const why = (door: string) => told.find((one) => doorName(one.door) === door)?.sentence;
    const found: Change[] = [
      ...doors.filter((door) => !this.#seen.includes(door)).map((door): Change => ({ door, kind: "added", at })),
      ...this.#seen.filter((door) => !doors.includes(door)).map((door): Change => ({ door, kind: "removed", at })),
      ...told.map(({ door, change }): Change => ({ door: doorName(door), kind: change, at })),
    ];
    const isNew = (one: Change, index: number, all: readonly Change[]) =>
      [...this.changes, ...all.slice(0, index)].every((known) => known.door !== one.door || known.kind !== one.kind);
    const fresh = found.filter(isNew).map((one) => ({ ...one, ...(why(one.door) ? { why: why(one.door)! } : {}) }));
    if (fresh.length === 0) return;
    // A door that came back is not struck out any more.
    const doorsNow = new Set(fresh.map((one) => one.door));
    this.changes = [...this.changes.filter((one) => !doorsNow.has(one.door)), ...fresh];
    sound("duplicate");
  }

  /** The desk sees that the route was read; what does not get through is told with the next sheet. */
  async #tellSeen() {
    try {
      const command = { kind: "see_sheet", sheet: this.#edition };
      await ask(api(this.community, `runs/${this.run}/commands`), { body: { command_id: uuidv7(), actor: this.actor, command } });
    } catch {
      // It is asked for again with the next sheet.
    }
  }

  async #keep() {
    const { sheet, at, changes } = this;
    const rest = { seen: this.#seen, changes, pin: this.#pin, edition: this.#edition };
    if (sheet) await outbox.remember(`run-${this.run}`, { sheet, at, ...rest } satisfies Kept);
  }

  /** Somebody has read what changed. */
  seeChanges() {
    this.changes = [];
    this.#edition = this.sheet?.edition ?? this.#edition;
    void this.#keep();
    void this.refresh();
  }

  /** The buildings that are left out now, of those that this trip goes to. */
  get paused(): readonly Paused[] {
    return this.sheet?.paused ?? [];
  }

  /** What this phone did, the latest last, on top of the engine's sheet. */
  async #overlay() {
    const turn = ++this.#looked;
    const latest = await outbox.latest(this.community, outbox.ANSWERED_KEPT_MAX);
    if (turn < this.#looked) return;
    const items = latest.filter((one) => one.scan.run === this.run).reverse();
    const departure = items.findLast((one) => one.scan.kind === "depart");
    // A sheet that was written well after the engine's answer knows better, as after a restored backup.
    // When the touch was says nothing: it is old after any time without a signal.
    const isOld = (answered_at = Infinity) => answered_at < this.at - KNOWN_MS;
    const isRefused = departure?.answer?.status === "refused";
    this.#departed = departure !== undefined && !isRefused && !isOld(departure.answered_at);
    this.stayed = (isRefused && departure?.answer?.problem) || null;
    this.#goOn();
    const done: Record<string, Done> = {};
    const notTaken = new Map<string, NotTaken>();
    for (const { note: parcel, scan, state, answer, answered_at } of items) {
      const status = STATUS[scan.kind];
      if (!status) continue;
      // Whatever was said of the touch before is over with this one.
      notTaken.delete(parcel);
      if (answer?.status === "refused") {
        const name = scan.door ? doorName(scan.door) : (scan.code ?? "");
        if (answer.problem) notTaken.set(parcel, { parcel, name, problem: answer.problem });
      } else if (!isOld(answered_at)) done[parcel] = { status, sent: state === "answered" };
    }
    [this.done, this.notTaken] = [done, [...notTaken.values()]];
    await this.#countPictures();
  }

  /** Looks anew at what became of the pictures. */
  lookAtPictures = () => this.#countPictures();

  statusOf(piece: Piece): PieceStatus {
    return this.done[piece.parcel]?.status ?? piece.status;
  }

  /** Whether the engine has not answered yet what this phone did with the piece. */
  isPending(piece: Piece): boolean {
    return this.done[piece.parcel]?.sent === false;
  }

  get actor(): string {
    return this.sheet?.volunteer ?? settings.badge ?? `run-${this.run.slice(0, 8)}`;
  }

  /** Keeps scans on this phone, and says whether it could: a touch that is lost may not look like one that counts. */
  async #keepScans(scans: { scan: NewScan; note: string }[]): Promise<boolean> {
    try {
      await sync.put(this.actor, scans);
      this.unkept = false;
    } catch {
      this.unkept = true;
      sound("error");
    }
    return !this.unkept;
  }

  async #put(pieces: readonly Piece[], kind: string, fields: Partial<NewScan>): Promise<boolean> {
    const scans = pieces.map((piece) => ({
      scan: { kind, code: piece.label, run: this.run, ...fields } as NewScan,
      note: piece.parcel,
    }));
    if (scans.length === 0) return true;
    if (!(await this.#keepScans(scans))) return false;
    await this.#overlay();
    navigator.vibrate?.(40);
    return true;
  }

  load = (pieces: readonly Piece[]) => this.#put(pieces, "load", {});
  unload = (pieces: readonly Piece[]) => this.#put(pieces, "unload", {});
  fail = (pieces: readonly Piece[], failure: Exception) => this.#put(pieces, "fail", { failure });
  reopen = (pieces: readonly Piece[]) => this.#put(pieces, "reopen", { reopen: "mistake" });
  handOff = (stop: Stop, pieces: readonly Piece[], received_by: Receiver) =>
    this.#put(pieces, "hand_off", { door: stop.door, received_by });

  /** Keeps a picture of what was left at a door, for every piece of it: each has a trail of its own. */
  async photograph(door: Door, pieces: readonly Piece[], file: Blob): Promise<void> {
    const taken = pieces.map(({ parcel }) => ({ about: { parcel }, kind: "at_door" as const, file, note: doorName(door), run: this.run }));
    await sync.putPictures(this.actor, taken);
    await this.#countPictures();
    navigator.vibrate?.(40);
  }

  async #countPictures() {
    this.pictures = (await outbox.pictures(this.community)).filter((one) => one.run === this.run);
  }

  /** How many pictures of a door were taken, and whether one of them is not the engine's yet. */
  photosOf(door: Door): { count: number; pending: boolean } {
    const all = this.pictures.filter((one) => one.note === doorName(door) && !one.problem);
    return { count: new Set(all.map((one) => one.occurred_at)).size, pending: all.some((one) => one.state === "waiting") };
  }

  async depart(counted_pieces: number) {
    const scan = { kind: "depart", run: this.run, counted_pieces } as NewScan;
    if (!(await this.#keepScans([{ scan, note: "" }]))) return;
    await this.#overlay();
    await this.#keep();
  }

  /** Accepts, hands back or closes the run: these need the engine at once. */
  async command(command: Record<string, unknown>) {
    this.problem = null;
    try {
      await ask(api(this.community, `runs/${this.run}/commands`), {
        body: { command_id: uuidv7(), actor: this.actor, command },
      });
      // Whoever hands a run back reads it no longer.
      if (command.kind === "hand_back") return void (await this.#letGo());
      await this.refresh();
    } catch (error) {
      if (error instanceof Refused) this.problem = error.problem;
      else this.unreachable = true;
    }
  }

  async #letGo() {
    this.stop();
    [this.handedBack, this.#pin, this.sheet] = [true, "", null];
    await outbox.forget(`run-${this.run}`);
  }

  history = async (): Promise<Item[]> =>
    (await outbox.latest(this.community, 100)).filter((item) => item.scan.run === this.run);
}

/** Floors climbed for the doors that were reached: the highest of each stairwell, once. */
export function climbed(reached: readonly Stop[]): { floors: number; doors: number } {
  const highest = new Map<string, number>();
  for (const stop of reached) {
    if (stop.lift) continue;
    const stair = `${stop.door.building}-${stop.door.unit}`;
    highest.set(stair, Math.max(highest.get(stair) ?? 0, (stop.floor ?? 1) - 1));
  }
  return { floors: [...highest.values()].reduce((sum, floors) => sum + Math.max(0, floors), 0), doors: reached.length };
}
