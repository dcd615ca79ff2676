/** An import without its looks: the rows, what each would do, what was chosen, and how far it is. */
import { ask, Refused, type Door, type Problem } from "../lib/api";
import { settings } from "../lib/settings.svelte";
import { uuidv7 } from "../lib/uuid";
import { here, moment } from "./asking.svelte";
import type { Household } from "./shapes";
import type { Kind } from "./table";

export type Outcome = "new" | "change" | "same" | "conflict" | "unreadable" | "done";
export interface Difference { field: string; from?: string; to: string; known_by?: string; known_on?: string; needs_second: boolean }

/** What one row, or one order of several rows, would do, or did. */
export interface Looked {
  lines: number[]; outcome: Outcome; household?: string; revision?: number; order?: string; door?: Door;
  differences: Difference[]; items: { item: string; quantity: number; category: string }[]; pieces?: number;
  problem?: Problem; candidates: Household[];
  /** Made once for a row, so that sending it again does it once. */
  command: string;
  skipped: boolean;
}

export const ROWS_MAX = 5_000;
const BATCH_MAX = 40;
type Row = Record<string, unknown>;
interface HouseholdAnswer extends Omit<Looked, "lines" | "items"> { line: number }

export class Importing {
  rows: Row[] = [];
  looked = $state<Looked[]>([]);
  busy = $state<"previewing" | "importing" | null>(null);
  problem = $state<Problem | null>(null);
  /** Nobody answered; what was imported stays. */
  lost = $state(false);
  /** Whether something has been sent to be carried out, not only looked at. */
  began = $state(false);
  finished = $state(false);
  total = $state(0);

  constructor(readonly kind: Kind) {}

  get done() {
    return this.looked.filter((one) => one.outcome === "done").length;
  }

  /** What would be carried out now. */
  get ready() {
    return this.looked.filter((one) => !one.skipped && (one.outcome === "new" || one.outcome === "change"));
  }

  #row = (line: number) => this.rows.find((row) => row.line === line)!;

  async #ask<T>(path: string, body: unknown): Promise<T | null> {
    try {
      return await ask<T>(here(path), { body });
    } catch (error) {
      if (error instanceof Refused) this.problem = error.problem;
      else this.lost = true;
      return null;
    }
  }

  async preview(rows: Row[]) {
    this.rows = rows;
    [this.busy, this.problem, this.lost, this.finished, this.began] = ["previewing", null, false, false, false];
    const looked = await this.#look(rows);
    if (looked) this.looked = looked;
    this.busy = null;
  }

  async #look(rows: Row[]): Promise<Looked[] | null> {
    const fresh = { command: "", skipped: false };
    if (this.kind === "households") {
      const answer = await this.#ask<{ rows: HouseholdAnswer[] }>("imports/households/preview", { actor: settings.badge, rows });
      return answer?.rows.map(({ line, ...one }) => ({ ...one, ...fresh, lines: [line], items: [], command: uuidv7() })) ?? null;
    }
    const answer = await this.#ask<{ orders: Looked[] }>("imports/orders/preview", { actor: settings.badge, rows });
    return answer?.orders.map((one) => ({ ...one, ...fresh, differences: [], command: uuidv7() })) ?? null;
  }

  /** A person has decided what a row means; it is looked at again. */
  async choose(one: Looked, choice: "new" | { is: string }) {
    for (const line of one.lines) {
      const row = this.#row(line);
      if (this.kind === "households") row.choice = choice;
      else if (choice !== "new") row.household = choice.is;
    }
    await this.lookAgain(one);
  }

  /** Looks again at an entry, together with all that may now be one order with it. */
  async lookAgain(one: Looked) {
    [this.problem, this.lost] = [null, false];
    const together = this.#together(one);
    const again = await this.#look(together.flatMap((other) => this.#rowsOf(other)));
    if (!again) return;
    const skipped = new Set(together.filter((other) => other.skipped).flatMap((other) => other.lines));
    for (const other of again) other.skipped = other.lines.every((line) => skipped.has(line));
    const at = this.looked.indexOf(together[0]!);
    this.looked = [
      ...this.looked.slice(0, at).filter((other) => !together.includes(other)), ...again,
      ...this.looked.slice(at).filter((other) => !together.includes(other)),
    ];
  }

  /**
   * Rows are one order when they have its number, or none and the same household; what a person chose for
   * a row may put it with others. So an entry is looked at with those that share either.
   */
  #together(one: Looked): Looked[] {
    if (this.kind === "households") return [one];
    const marks = (of: Looked) => [of.household, ...this.#rowsOf(of).flatMap((row) => [row.number, row.household])].filter(Boolean);
    const wanted = new Set(marks(one));
    return this.looked.filter((other) => other === one || (other.outcome !== "done" && marks(other).some((mark) => wanted.has(mark))));
  }

  /** All rows of an order that now belong together, or the one row of a household. */
  #rowsOf(one: Looked): Row[] {
    return one.lines.map(this.#row);
  }

  async commit() {
    [this.busy, this.problem, this.lost, this.began] = ["importing", null, false, true];
    this.total = this.done + this.ready.length;
    while (!this.lost && !this.problem) {
      const batch = this.ready.slice(0, BATCH_MAX);
      if (batch.length === 0) break;
      const answers = await this.#send(batch);
      if (!answers) break;
      batch.forEach((one, at) => {
        const answer = answers[at];
        if (!answer) return;
        if (answer.problem?.retry) this.lost = true;
        else {
          Object.assign(one, { outcome: answer.outcome, problem: answer.problem });
          if (answer.outcome === "conflict" && answer.differences) one.differences = answer.differences;
          if (answer.revision !== undefined) one.revision = answer.revision;
        }
      });
    }
    moment.deeds += 1;
    this.busy = null;
    this.finished = !this.lost && !this.problem;
  }

  async #send(batch: Looked[]): Promise<Partial<Looked>[] | null> {
    const actor = settings.badge;
    if (this.kind === "households") {
      const rows = batch.map((one) => {
        // A new household's id is made once, and kept for every retry.
        one.household ??= uuidv7();
        return { command_id: one.command, household: one.household, expected_revision: one.revision ?? null, row: this.#row(one.lines[0]!) };
      });
      return (await this.#ask<{ rows: Partial<Looked>[] }>("imports/households", { actor: settings.badge, rows }))?.rows ?? null;
    }
    const orders = batch.map((one) => ({ command_id: one.command, order: one.order, rows: this.#rowsOf(one) }));
    return (await this.#ask<{ orders: Partial<Looked>[] }>("imports/orders", { actor, orders }))?.orders ?? null;
  }
}
