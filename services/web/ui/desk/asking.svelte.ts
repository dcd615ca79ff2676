/**
 * How the desk asks and acts. A question is asked again while somebody looks at its answer; what was
 * answered last stays in sight while the server is away. A deed is sent at once or not at all: what
 * the desk decides is decided against what it sees, so nothing of it waits in an outbox.
 */
import { api, ask, Refused, type Answer, type Problem } from "../lib/api";
import type { PhotoKind } from "../lib/outbox";
import { PICTURE_PATIENCE_MS } from "../lib/picture";
import { settings } from "../lib/settings.svelte";
import { uuidv7 } from "../lib/uuid";

const SLOW_MS = 2_500;

/** What the desk looks at: this moment, or one of the past. */
class Moment {
  asOf = $state<string | null>(null);
  /** Counts up with every deed, so that what is in sight is read again at once. */
  deeds = $state(0);
}
export const moment = new Moment();

/** A path with the moment in its query. */
export function dated(path: string): string {
  if (!moment.asOf) return path;
  return `${path}${path.includes("?") ? "&" : "?"}asOf=${encodeURIComponent(moment.asOf)}`;
}

export const here = (rest: string) => api(settings.community ?? "", rest);

export type Standing = "loading" | "slow" | "ready" | "unreachable" | "missing" | "forbidden" | "refused";

export class Question<T> {
  value = $state<T | null>(null);
  /** When the value was read. */
  at = $state(0);
  standing = $state<Standing>("loading");
  problem = $state<Problem | null>(null);
  #asked = 0;

  constructor(readonly path: () => string | null, readonly body?: () => unknown) {}

  async read(): Promise<void> {
    const path = this.path();
    if (path === null) return;
    const number = ++this.#asked;
    const slow = setTimeout(() => {
      if (this.#asked === number && this.value === null) this.standing = "slow";
    }, SLOW_MS);
    try {
      const body = this.body?.();
      const value = await ask<T>(path, body === undefined ? {} : { body });
      if (this.#asked !== number) return;
      [this.value, this.at, this.standing, this.problem] = [value, Date.now(), "ready", null];
    } catch (error) {
      if (this.#asked !== number) return;
      this.#failed(error);
    } finally {
      clearTimeout(slow);
    }
  }

  #failed(error: unknown) {
    if (!(error instanceof Refused)) {
      this.standing = "unreachable";
      return;
    }
    const { problem } = error;
    this.problem = problem;
    this.value = null;
    if (problem.code === "path-unknown") this.standing = "missing";
    else if (problem.status === 401 || problem.status === 403) this.standing = "forbidden";
    else this.standing = "refused";
  }

  /** Forgets the answer, because something else is asked now. */
  reset() {
    this.#asked += 1;
    [this.value, this.at, this.standing, this.problem] = [null, 0, "loading", null];
  }
}

/**
 * Keeps questions fresh for as long as the component lives; call it while the component starts. What is
 * dear to answer is asked anew only after a deed: `everyMs` is `null` then.
 */
export function keep(questions: readonly Question<unknown>[], everyMs: number | null = 5_000) {
  $effect(() => {
    for (const question of questions) {
      // Read again when its path or the moment changes, and after every deed.
      void question.path();
    }
    void moment.deeds;
    for (const question of questions) void question.read();
    if (moment.asOf || everyMs === null) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") for (const question of questions) void question.read();
    }, everyMs);
    return () => clearInterval(timer);
  });
}

/** So many scans the engine takes in one batch. */
const SCANS_MAX = 500;

/** What was sent and not answered for good: its id and its time, which are the same again on a retry. */
interface Kept { content: string; id: string; at: string }

const isDeferred = (answer: Answer) => answer.status === "deferred";

/** Something that the desk does, and what became of it. */
export class Deed {
  sending = $state(false);
  /** It was sent, and nobody answered: it may have happened. */
  lost = $state(false);
  problem = $state<Problem | null>(null);
  /** What to say of it, in the language that is chosen when it is read. */
  said = $state<(() => string) | null>(null);
  #kept: Kept | null = null;

  /** The id and the time of a content: the same again while nobody has answered it. */
  #keep(content: unknown): Kept {
    const text = JSON.stringify(content);
    if (this.#kept?.content !== text) this.#kept = { content: text, id: uuidv7(), at: new Date().toISOString() };
    return this.#kept;
  }

  clear() {
    [this.lost, this.problem, this.said, this.#kept] = [false, null, null, null];
  }

  async #send<R>(content: unknown, send: (kept: Kept) => Promise<R>, isOver: (answer: R) => boolean = () => true): Promise<R | null> {
    if (this.sending) return null;
    const kept = this.#keep(content);
    [this.sending, this.lost, this.problem, this.said] = [true, false, null, null];
    try {
      const answer = await send(kept);
      if (isOver(answer)) this.#kept = null;
      moment.deeds += 1;
      return answer;
    } catch (error) {
      if (error instanceof Refused) {
        this.problem = error.problem;
        if (!error.problem.retry) this.#kept = null;
        moment.deeds += 1;
      } else this.lost = true;
      return null;
    } finally {
      this.sending = false;
    }
  }

  /** One scan; `null` when it was not taken, and then why is told. */
  async scan(kind: string, code: string, fields: Record<string, unknown> = {}): Promise<Answer | null> {
    const answers = await this.scans([{ kind, code, ...fields }]);
    return answers?.[0] ?? null;
  }

  /**
   * Several scans of one kind; refusals of single ones are told by their answers. What the engine has put
   * off is not done: the same deed again sends all of it with the same ids, and does the rest only.
   */
  async scans(scans: readonly Record<string, unknown>[]): Promise<Answer[] | null> {
    const send = async ({ id, at }: Kept) => {
      const all = scans.map((scan, n) => ({ command_id: scans.length === 1 ? id : numbered(id, n), occurred_at: at, ...scan }));
      const answers: Answer[] = [];
      while (answers.length < all.length) {
        const batch = all.slice(answers.length, answers.length + SCANS_MAX);
        const body = { community: settings.community, actor: settings.badge, sent_at: new Date().toISOString(), scans: batch };
        answers.push(...(await ask<{ answers: Answer[] }>("/api/v1/scans", { body })).answers);
      }
      return answers;
    };
    const answers = await this.#send(scans, send, (all) => !all.some(isDeferred));
    const only = answers?.length === 1 ? answers[0]! : null;
    if (only && (only.status === "refused" || isDeferred(only))) {
      this.problem = only.problem ?? null;
      return null;
    }
    return answers;
  }

  /** A command on a thing of the community. */
  async command(path: string, command: Record<string, unknown>, expected_revision?: number) {
    return this.#send([path, command, expected_revision], ({ id }) =>
      ask<{ already_so: boolean; revision?: number }>(here(`${path}/commands`), {
        body: { command_id: id, actor: settings.badge, command, ...(expected_revision === undefined ? {} : { expected_revision }) },
      }),
    );
  }

  /** A picture of a piece. `turn` counts the pictures that were chosen: another one is another deed. */
  async photograph(parcel: string, kind: PhotoKind, file: Blob, turn: number) {
    return this.#send([parcel, kind, turn], ({ id, at }) => {
      const query = new URLSearchParams({
        command_id: id, actor: settings.badge ?? "", kind, occurred_at: at, sent_at: new Date().toISOString(),
      });
      const headers = { "content-type": "image/jpeg" };
      return ask<{ already_so: boolean }>(here(`parcels/${parcel}/photos?${query}`), { file, headers, patience: PICTURE_PATIENCE_MS });
    });
  }

  /** Another route that takes a command id. */
  async post<R>(path: string, fields: Record<string, unknown>): Promise<R | null> {
    return this.#send([path, fields], ({ id }) =>
      ask<R>(here(path), { body: { command_id: id, actor: settings.badge, ...fields } }),
    );
  }
}

/** An id for each of several things that are sent under one: the last twelve digits are counted. */
function numbered(id: string, at: number): string {
  const last = Number.parseInt(id.slice(-8), 16);
  return id.slice(0, -8) + ((last + at) >>> 0).toString(16).padStart(8, "0");
}
