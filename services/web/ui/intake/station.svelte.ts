/**
 * The intake station without its looks: what a scan, a key and an answer do.
 *
 * Every scan goes through the outbox, with a network and without one. The line never stops: an
 * error stays until somebody has seen it, and the next piece can be scanned all the same.
 */
import { api, ask, type Answer, type Category, type Cold, type Problem, type Size } from "../lib/api";
import type { Item, NewScan } from "../lib/outbox";
import * as outbox from "../lib/outbox";
import { settings } from "../lib/settings.svelte";
import { sound, speak } from "../lib/sound";
import { sync } from "../lib/sync.svelte";
import { words } from "../lib/words.svelte";
import { momentOf } from "../lib/zone.svelte";
import { applyAnswer, canUndo, counts, entryOf, markUndone, retold, type Entry } from "./entry";
import { COLDS, type Mode } from "./keys";
import type { IntakePoint } from "./point";
import { localCue } from "./point";

export interface Fault { id: number; title: string; detail: string; code: string }

/** For whom every next piece is. */
export interface Target { text: string; fields: Pick<NewScan, "door" | "household" | "address" | "phone_tail"> }

/** A scan that could not be taken without its carrier. */
interface Unsent { code: string; said: NewScan; problem: Problem }

/** What stays chosen from one piece to the next, also when the page is opened again. */
interface Chosen {
  category: Category; carrier: string | null; table: string | null;
  /** An older page kept neither. */
  pieceOf?: number; target?: Target | null;
}

/** A target that names nobody's phone or words: those do not stay on the device. */
const isPlace = ({ fields }: Target) => !fields.phone_tail && !fields.address;

export type Panel = "none" | "address" | "carrier" | "target" | "sender" | "typed" | "camera" | "photo" | "help";

const ENTRIES_MAX = 400;
const RATE_WINDOW_MS = 5 * 60_000;
/** An answer that comes later than this is not sounded: its piece is long on the table. */
const FRESH_MS = 8_000;
const REFRESH_MS = 20_000;

export class Station {
  mode = $state<Mode>("arrive");
  category = $state<Category>("parcel_goods");
  size = $state<Size>("bag");
  cold = $state<Cold>("ambient");
  carrier = $state<string | null>(null);
  table = $state<string | null>(null);
  onBehalf = $state(false);
  /** Who sent the next piece, when that is somebody to be named. */
  sender = $state("");
  pieceOf = $state(1);
  target = $state<Target | null>(null);
  entries = $state<Entry[]>([]);
  current = $state<Entry | null>(null);
  faults = $state<Fault[]>([]);
  notice = $state("");
  point = $state<IntakePoint | null>(null);
  pointAt = $state(0);
  now = $state(Date.now());
  /** Scans that wait for their carrier to be chosen, with all that was said of them. */
  pending = $state<Unsent[]>([]);

  #community: string | null = null;
  #panel = $state<Panel>("none");
  #faults = 0;
  /** Pieces of several that are on their way into the outbox, the newest first. */
  #numbered: { code: string; piece: { number: number; of: number } }[] = [];
  #listening: (() => void) | undefined;
  #timers: ReturnType<typeof setInterval>[] = [];

  /** The piece on the screen, where there is one that something can be said of: no table, nothing refused. */
  readonly piece = $derived.by(() => {
    const one = this.current;
    if (!one || one.undone || one.state === "refused") return null;
    return one.cue || one.kind === "arrive" ? one : null;
  });
  readonly lastFive = $derived(this.entries.slice(0, 5));
  readonly #counted = $derived(this.entries.filter(counts));
  readonly #midnight = $derived(momentOf("00:00", this.now).getTime());
  /** How many pieces came in over this device today. */
  readonly arrived = $derived(this.#counted.filter((one) => one.at >= this.#midnight).length);
  readonly perMinute = $derived.by(() => {
    const since = this.now - RATE_WINDOW_MS;
    const recent = this.#counted.filter((one) => one.at > since);
    const first = recent.at(-1);
    if (!first || recent.length < 2) return recent.length;
    const minutes = Math.max(1, (this.now - first.at) / 60_000);
    return Math.round(recent.length / minutes);
  });

  get panel(): Panel {
    return this.#panel;
  }

  /** Pieces whose carrier nobody chose, when the question is put aside, were not taken: that is said. */
  set panel(next: Panel) {
    this.#panel = next;
    if (next === "carrier") return;
    for (const { code, problem } of this.pending.splice(0)) this.fault(problem.title, problem.detail, code);
  }

  /** Scans can be taken when this returns: what was chosen and sent before has been read. */
  async start(community: string) {
    this.stop();
    if (community !== this.#community) await this.#restore(community);
    this.#community = community;
    // Only now can an answer find the piece that it is about.
    const heard = [
      sync.onAnswer((item, answer) => this.#onAnswer(item, answer)),
      sync.onUntold((item, answer) => this.#onUntold(item, answer)),
    ];
    this.#listening = () => heard.forEach((end) => end());
    sync.start(community);
    this.#timers.push(setInterval(() => (this.now = Date.now()), 500));
    this.#timers.push(setInterval(() => void this.refresh(), REFRESH_MS));
    void this.refresh();
  }

  stop() {
    this.#listening?.();
    this.#timers.splice(0).forEach(clearInterval);
  }

  /** What this device chose and sent before the page was opened again; what cannot be read stops nobody. */
  async #restore(community: string) {
    const recall = <T>(name: string) => outbox.recall<T>(`${name}-${community}`).catch(() => undefined);
    const chosen = await recall<Chosen>("chosen");
    if (chosen) {
      [this.category, this.carrier, this.table] = [chosen.category, chosen.carrier, chosen.table];
      [this.pieceOf, this.target] = [chosen.pieceOf ?? 1, chosen.target ?? null];
    }
    const kept = await recall<{ point: IntakePoint; at: number }>("point");
    if (kept) [this.point, this.pointAt] = [kept.point, kept.at];
    const items = await outbox.latest(community, outbox.ANSWERED_KEPT_MAX).catch(() => []);
    const { entries, followed } = retold(items);
    [this.entries, this.current, this.#followed] = [entries, null, followed];
  }

  /** Reads what the intake point is now: tables, buildings, what is expected and what is held. */
  async refresh() {
    const community = settings.community;
    if (!community) return;
    try {
      this.point = await ask<IntakePoint>(api(community, "intake"));
      this.pointAt = Date.now();
      await outbox.remember(`point-${community}`, { point: this.point, at: this.pointAt });
    } catch {
      // The last reading stays; the header says how the connection stands.
    }
  }

  /** A code was scanned, in whatever way. */
  async scanned(code: string) {
    this.notice = "";
    if (["address", "sender", "photo"].includes(this.panel)) this.panel = "none";
    if (this.panel === "carrier" && this.pending.length === 0) this.panel = "none";
    if (this.mode === "disinfect") return this.#send("disinfect_start", code, { code });
    if (this.mode === "sort") return this.#send("sort", code, { code });
    this.mode = "arrive";
    return this.arrive(code);
  }

  async arrive(code: string | null) {
    const fields: Partial<NewScan> = { category: this.category, size: this.size, cold: this.cold };
    if (code) {
      fields.code = code;
      if (this.carrier) fields.carrier = this.carrier;
    }
    const numbered = this.pieceOf > 1 && code ? { code, piece: { number: this.#nextNumber(code), of: this.pieceOf } } : null;
    if (numbered) fields.piece = numbered.piece;
    if (this.onBehalf) fields.on_behalf = true;
    const sender = this.sender.trim();
    if (sender) fields.sender = sender;
    if (this.table) fields.container = this.table;
    if (this.target) Object.assign(fields, this.target.fields);
    // What is said of one piece is not said of the next one, however soon that is scanned.
    [this.size, this.cold, this.onBehalf, this.sender] = ["bag", "ambient", false, ""];
    if (numbered) this.#numbered.unshift(numbered);
    await this.#send("arrive", code ?? "", fields);
    this.#numbered = this.#numbered.filter((one) => one !== numbered);
  }

  /** Keeps what is chosen; called whenever that changes. */
  keepChosen() {
    const { category, carrier, table, pieceOf, target } = this;
    const chosen: Chosen = { category, carrier, table, pieceOf, target: target && isPlace(target) ? target : null };
    if (!this.#community) return;
    outbox.remember(`chosen-${this.#community}`, chosen).catch(() => {
      // It is chosen all the same, until the page is closed.
    });
  }

  /** The first number that no piece of the waybill has here; once all of them have come, from the first again. */
  #nextNumber(code: string): number {
    const waiting = this.pending.map(({ code, said }) => ({ code, piece: said.piece }));
    const taken = [...this.#numbered, ...waiting, ...this.entries.filter(canUndo)]
      .filter((one) => one.code === code && one.piece?.of === this.pieceOf)
      .map((one) => one.piece!.number);
    for (let number = 1; number <= this.pieceOf; number++) if (!taken.includes(number)) return number;
    return (taken[0]! % this.pieceOf) + 1;
  }

  /** Whether the scan was kept. */
  async #send(kind: string, code: string, fields: Partial<NewScan>, about?: Entry): Promise<boolean> {
    const note = about?.cue?.label ?? code;
    const scan = { kind, ...fields } as NewScan;
    const [item] = await this.#keep(scan, note);
    if (!item) return false;
    if (about) {
      if (sync.link !== "online") sound("accepted");
      this.#follow(about, item);
      return true;
    }
    const entry: Entry = { ...entryOf(item), cue: undefined };
    if (sync.link !== "online") this.#answerLocally(entry);
    this.entries = [entry, ...this.entries].slice(0, ENTRIES_MAX);
    this.current = this.entries[0]!;
    return true;
  }

  /** Keeps a scan on the device. One that cannot be kept is told: nobody may think that it was taken. */
  async #keep(scan: NewScan, note: string): Promise<Item[]> {
    try {
      return await sync.put(settings.badge ?? "desk", [{ scan, note }]);
    } catch {
      const { notKept, notKeptHint } = words().intake;
      sound("error");
      this.fault(notKept, notKeptHint, note);
      return [];
    }
  }

  /** A later step of a piece that stands on the screen: its answer updates that entry. */
  #follow(entry: Entry, item: Item) {
    this.#followed.set(item.scan.command_id, entry.id);
  }

  #followed = new Map<string, string>();

  #answerLocally(entry: Entry) {
    const cue = this.point ? localCue(this.point, entry.code, this.target) : null;
    if (cue) {
      [entry.cue, entry.local] = [cue, true];
      sound("accepted");
      speak(cue.say_chinese);
    } else {
      sound("accepted");
    }
  }

  /** Whether the answer is about a piece that this page knows. */
  #onAnswer(item: Item, answer: Answer): boolean {
    const id = this.#followed.get(item.scan.command_id) ?? item.scan.command_id;
    const entry = this.entries.find((one) => one.id === id);
    if (entry) this.#onAnswerTo(entry, item, answer);
    return entry !== undefined;
  }

  #onAnswerTo(entry: Entry, item: Item, answer: Answer) {
    const followUp = entry.id !== item.scan.command_id;
    const fresh = Date.now() - Date.parse(item.scan.occurred_at) < FRESH_MS;
    this.#followed.delete(item.scan.command_id);
    applyAnswer(this.entries, entry, item, answer);
    if (answer.status === "refused") return this.#onRefused(entry, item, answer, fresh);
    if (answer.pieces) void this.refresh();
    if (!fresh || (this.current?.id !== entry.id && !followUp)) return;
    const seenBefore = answer.status === "duplicate" && item.scan.kind === "arrive";
    sound(seenBefore ? "duplicate" : "accepted");
    if (entry.cue && !entry.undone) speak(entry.cue.say_chinese);
    const asks = entry.cue?.next === "find_recipient" || answer.status === "held";
    if (item.scan.kind === "arrive" && (asks || unknown(entry)) && !entry.undone && this.panel === "none") {
      this.panel = "address";
    }
    this.#stopIfTimeIsUp(entry, item, answer);
  }

  /** A piece that is scanned at the table a second time, when its time is up, is taken off. */
  #stopIfTimeIsUp(entry: Entry, item: Item, answer: Answer) {
    const until = answer.cue?.wait_until;
    const again = item.scan.kind === "disinfect_start" && answer.status === "duplicate";
    if (again && until && Date.parse(until) <= Date.now() + sync.offset) {
      void this.#send("disinfect_stop", entry.code, { code: entry.code }, entry);
    }
  }

  /** No page knows the piece, and what was refused is told all the same; a run's are told on its phone. */
  #onUntold(item: Item, { problem }: Answer) {
    if (item.scan.run) return;
    sound("error");
    this.fault(problem?.title ?? "", problem?.detail ?? "", item.scan.code ?? item.note);
  }

  #onRefused(entry: Entry, item: Item, { problem }: Answer, fresh: boolean) {
    if (problem?.code === "carrier-needed" && fresh) {
      const { command_id: _, sequence: __, occurred_at: ___, ...said } = item.scan;
      this.pending = [...this.pending, { code: entry.code, said, problem }];
      this.panel = "carrier";
      sound("duplicate");
      return;
    }
    sound("error");
    this.fault(problem?.title ?? "", problem?.detail ?? "", entry.code);
  }

  fault(title: string, detail: string, code: string) {
    this.faults = [...this.faults, { id: ++this.#faults, title, detail, code }];
  }

  acknowledge() {
    this.faults = this.faults.slice(1);
  }

  /** The carrier was chosen: for the pieces that wait, and for those that follow. */
  async chooseCarrier(carrier: string) {
    const unsent = this.pending.splice(0);
    this.carrier = carrier;
    this.panel = "none";
    for (const { code, said } of unsent) {
      // The scan that could not be taken without its carrier makes way for the one that can.
      this.entries = this.entries.filter((one) => one.code !== code || one.state !== "refused");
      const { kind, ...fields } = said;
      await this.#send(kind, code, { ...fields, carrier });
    }
  }

  /** How the engine finds an entry's piece: by its short code, else by the number and carrier on it. */
  #named(entry: Entry): Partial<NewScan> {
    if (entry.cue && !entry.local) return { code: entry.cue.label };
    return { code: entry.code, ...(entry.carrier ? { carrier: entry.carrier } : {}) };
  }

  /** Somebody found out for whom the piece on the screen is. */
  async identify(fields: Target["fields"]) {
    const entry = this.piece;
    if (!entry) return;
    this.panel = "none";
    await this.#send("identify", entry.code, { ...this.#named(entry), ...fields }, entry);
  }

  /** The piece on the screen is damaged, and goes on all the same. */
  async damage() {
    const entry = this.piece;
    if (entry) await this.#send("damage", entry.code, { ...this.#named(entry), usable: true }, entry);
  }

  async startTable(container: string) {
    await this.#sendTable("disinfect_start", container);
  }

  async stopTable(container: string) {
    await this.#sendTable("disinfect_stop", container);
  }

  /** Keeps a picture of the piece on the screen; what it is a picture of may still be on its way. */
  async photograph(kind: "label" | "damage", file: Blob): Promise<void> {
    const entry = this.piece;
    if (!entry) return;
    const about = entry.parcel ? { parcel: entry.parcel } : { arrival: entry.id };
    await sync.putPictures(settings.badge ?? "desk", [{ about, kind, file, note: entry.cue?.label || entry.code }]);
    sound("accepted");
  }

  async #sendTable(kind: string, container: string) {
    await this.#send(kind, container, { container });
  }

  /**
   * Takes the arrival on the screen back, while nothing else has happened to the piece; where that was
   * taken back already, the one before it. The screen moves to it.
   */
  async undo(): Promise<"done" | "nothing" | "not here"> {
    const shown = this.mode === "expected" ? null : this.current;
    if (shown?.kind !== "arrive") return this.entries.some(canUndo) ? "not here" : "nothing";
    const at = this.entries.findIndex((one) => one.id === shown.id);
    const entry = shown.undone ? this.entries.slice(at + 1).find(canUndo) : shown;
    if (!entry || !canUndo(entry)) return "nothing";
    // At once, so that the next touch does not take the same piece back again.
    markUndone(this.entries, entry, "waiting");
    [this.current, this.panel] = [entry, "none"];
    const isKept = await this.#send("undo_arrival", entry.code, this.#named(entry), entry);
    if (!isKept) markUndone(this.entries, entry, undefined);
    return "done";
  }

  cycleCold() {
    this.cold = COLDS[(COLDS.indexOf(this.cold) + 1) % COLDS.length]!;
  }

  /** The next table, and after the last one none. */
  cycleTable(tables: readonly string[]) {
    const at = this.table === null ? -1 : tables.indexOf(this.table);
    this.table = tables[at + 1] ?? null;
  }
}

const unknown = (entry: Entry) => entry.cue !== undefined && entry.cue.building === undefined;
