/**
 * Sends the outbox, in order, and knows how the connection stands. It sends when something is kept,
 * when the page opens, when it becomes visible and when the network comes back; browsers promise
 * nothing about work in the background.
 */
import { api, ask, Refused, Unreachable, type Answer, type Problem } from "./api";
import * as outbox from "./outbox";
import type { Item, NewPicture, NewScan, Picture } from "./outbox";
import { PICTURE_PATIENCE_MS } from "./picture";

const BATCH_MAX = 50;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000, 20_000];
const PING_MS = 15_000;
/** A device that takes longer to keep something is told to be slow. */
const KEEPING_MS = 2_000;

export type Link = "online" | "no_network" | "no_server";

/** Nothing is on its way before the first item, so the engine's log is not the one that it was. */
const isOutOfStep = (answer: Answer) =>
  ["sequence-gap", "sequence-used"].includes(answer.problem?.code ?? "");

/** Hears of an answer; whether it knew what was answered, and a refusal is told. */
type Listener = (item: Item, answer: Answer) => boolean | void;

interface Answered { item: Item; answer: Answer }

/** What the windows of one browser tell each other: what was answered, and that a refusal is told. */
type News = { community: string; answered: Answered[] } | { told: string };

/** A refusal that no window has told by then is told by the one that sent it. */
const TOLD_MS = 2_000;

class Sync {
  link = $state<Link>(navigator.onLine ? "online" : "no_network");
  /** How many items are safe on this device, and the engine has not answered them yet. */
  waiting = $state(0);
  /** How many items are on their way into the outbox: a page that closes now may lose them. */
  keeping = $state(0);
  /** They have been on their way for long: nobody may close the page, or think that they were taken. */
  isSlowToKeep = $state(false);
  /** How many of them are on their way right now. */
  sending = $state(0);
  /** How many pictures the engine does not have yet. */
  pictures = $state(0);
  /** The engine does not take the batch as a whole; a person must look. */
  blocked = $state<Problem | null>(null);
  /** The engine's clock minus this device's, in milliseconds. */
  offset = $state(0);
  /** Counts up with every answer, so that lists know when to look again. */
  answered = $state(0);

  #community: string | null = null;
  #running = false;
  #again = false;
  #slow: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<Listener>();
  #untold = new Set<(item: Item, answer: Answer) => void>();
  /** Refusals that this window has sent and does not know, by their command. */
  #unknown = new Map<string, ReturnType<typeof setTimeout>>();
  #windows: BroadcastChannel | undefined;
  /** Whoever waits until nothing is on its way into the outbox. */
  #afterKeeping: (() => void)[] = [];

  /** Begins to look after a community's outbox. */
  start(community: string) {
    if (this.#community === community) return;
    const first = this.#community === null;
    this.#community = community;
    if (first) {
      this.#windows = "BroadcastChannel" in globalThis ? new BroadcastChannel("lastmeter-outbox") : undefined;
      this.#windows?.addEventListener("message", ({ data }) => void this.#hear(data as News));
      addEventListener("online", () => this.kick());
      addEventListener("offline", () => (this.link = "no_network"));
      addEventListener("pageshow", () => this.kick());
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") this.kick();
      });
      setInterval(() => void this.#ping(), PING_MS);
    }
    this.kick();
  }

  onAnswer(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Refusals that no window's listener knew, such as those of a window that was closed. */
  onUntold(listener: (item: Item, answer: Answer) => void): () => void {
    this.#untold.add(listener);
    return () => this.#untold.delete(listener);
  }

  /** Keeps scans and sends them. They are safe when this returns; answers come by `onAnswer`. */
  async put(actor: string, scans: readonly { scan: NewScan; note: string }[]): Promise<Item[]> {
    if (!this.#community) throw new Error("no community was chosen");
    this.keeping += scans.length;
    this.#slow ??= setTimeout(() => (this.isSlowToKeep = true), KEEPING_MS);
    try {
      const items = await outbox.keep(this.#community, actor, scans);
      this.waiting += items.length;
      return items;
    } finally {
      this.keeping -= scans.length;
      if (this.keeping === 0) this.#kept();
      this.kick();
    }
  }

  #kept() {
    clearTimeout(this.#slow);
    this.#slow = undefined;
    this.isSlowToKeep = false;
    // A turn later: whoever kept them lists them first.
    for (const goOn of this.#afterKeeping.splice(0)) setTimeout(goOn);
  }

  /**
   * Keeps pictures and sends them after all scans. They are safe when this returns.
   * @throws {outbox.NoRoom}
   */
  async putPictures(actor: string, taken: readonly NewPicture[]): Promise<void> {
    if (!this.#community) throw new Error("no community was chosen");
    await outbox.keepPictures(this.#community, actor, taken);
    this.pictures += taken.length;
    this.kick();
  }

  /** Sends now what waits. */
  kick() {
    clearTimeout(this.#retry);
    this.#again = true;
    if (!this.#running) void this.#run();
  }

  async #run() {
    this.#running = true;
    try {
      while (this.#again) {
        this.#again = false;
        const send = () => this.#drain();
        // Two windows of one browser share one outbox; only one of them sends at a time.
        await (navigator.locks ? navigator.locks.request("lastmeter-outbox", send) : send());
      }
    } finally {
      this.#running = false;
      this.sending = 0;
    }
  }

  async #drain() {
    const community = this.#community;
    if (!community) return;
    for (;;) {
      const waiting = await outbox.countWaiting(community);
      if (this.keeping === 0) this.waiting = waiting;
      this.pictures = await outbox.countPictures(community);
      const items = await outbox.waiting(community, BATCH_MAX);
      const picture = items.length === 0 ? await outbox.nextPicture(community) : undefined;
      if (items.length === 0 && !picture) return void (await this.#ping());
      this.sending = items.length;
      try {
        if (picture) await this.#sendPicture(picture);
        else if (!(await this.#send(community, items))) return this.#later();
      } catch (error) {
        if (error instanceof Unreachable) this.#lost();
        else if (error instanceof Refused) {
          this.link = "online";
          this.blocked = error.problem;
        } else throw error;
        return this.#later();
      } finally {
        this.sending = 0;
      }
    }
  }

  /** Sends one batch; whether all of it was answered. */
  async #send(community: string, items: Item[]): Promise<boolean> {
    const device = await outbox.device(community);
    const actor = items[0]!.actor;
    const batch = { community, actor, device: device.id, sent_at: new Date().toISOString() };
    const scans = items.map((item) => ({ ...item.scan, actor: item.actor }));
    const reply = await ask<{ answers: Answer[]; server_time: string }>("/api/v1/scans", {
      body: { ...batch, scans },
    });
    this.#found();
    this.offset = Date.parse(reply.server_time) - Date.now();
    const until = reply.answers.findIndex((a) => a.status === "deferred" || isOutOfStep(a));
    const count = until < 0 ? items.length : until;
    const answered = items.slice(0, count).map((item, at) => ({ item, answer: reply.answers[at]! }));
    await outbox.answer(answered);
    this.waiting = Math.max(0, this.waiting - count);
    this.#tell(community, answered);
    if (until < 0) return true;
    if (until === 0 && isOutOfStep(reply.answers[0]!)) {
      await outbox.renumber(community);
      return true;
    }
    return until > 0;
  }

  /** This window sent for all of them, so it tells the others. */
  #tell(community: string, answered: Answered[]) {
    this.answered += answered.length;
    this.#windows?.postMessage({ community, answered } satisfies News);
    for (const { item, answer } of answered) {
      if (this.#isKnown(item, answer) || answer.status !== "refused") continue;
      const id = item.scan.command_id;
      const tell = () => this.#unknown.delete(id) && this.#untold.forEach((listener) => listener(item, answer));
      this.#unknown.set(id, setTimeout(tell, TOLD_MS));
    }
  }

  /** Another window of this browser has sent what waited, perhaps what this one kept. */
  async #hear(news: News) {
    if ("told" in news) {
      clearTimeout(this.#unknown.get(news.told));
      return void this.#unknown.delete(news.told);
    }
    if (news.community !== this.#community) return;
    // The answer may be here before this window's own scan is known to be kept.
    if (this.keeping > 0) await new Promise<void>((goOn) => this.#afterKeeping.push(goOn));
    this.answered += news.answered.length;
    for (const { item, answer } of news.answered) {
      const isTold = this.#isKnown(item, answer) && answer.status === "refused";
      if (isTold) this.#windows?.postMessage({ told: item.scan.command_id } satisfies News);
    }
    const waiting = await outbox.countWaiting(news.community);
    if (this.keeping === 0) this.waiting = waiting;
  }

  #isKnown(item: Item, answer: Answer): boolean {
    return [...this.#listeners].map((listener) => listener(item, answer)).includes(true);
  }

  /** Sends one picture, once the engine knows its piece. What it refuses for good is not sent again. */
  async #sendPicture(picture: Picture): Promise<void> {
    const { about, community, file } = picture;
    const parcel = "parcel" in about ? about.parcel : await outbox.pieceOf(about.arrival, community);
    let problem: Problem | null = parcel && file ? null : NO_PIECE;
    if (parcel && file) {
      const query = new URLSearchParams({
        command_id: picture.id, actor: picture.actor, kind: picture.kind, occurred_at: picture.occurred_at, sent_at: new Date().toISOString(),
      });
      try {
        const headers = { "content-type": "image/jpeg" };
        await ask(api(community, `parcels/${parcel}/photos?${query}`), { file, headers, patience: PICTURE_PATIENCE_MS });
        this.#found();
      } catch (error) {
        if (!(error instanceof Refused) || error.problem.retry) throw error;
        problem = error.problem;
      }
    }
    await outbox.answerPicture(picture, problem);
    this.answered += 1;
  }

  async #ping() {
    if (!navigator.onLine) return void (this.link = "no_network");
    try {
      const answer = await fetch("/livez", { signal: AbortSignal.timeout(5_000), cache: "no-store" });
      if (!answer.ok) throw new Unreachable("livez");
      const back = this.link !== "online";
      this.#found();
      if (back && this.waiting > 0) this.kick();
    } catch {
      this.#lost();
    }
  }

  #found() {
    this.link = "online";
    this.blocked = null;
    this.#failures = 0;
  }

  #lost() {
    this.link = navigator.onLine ? "no_server" : "no_network";
  }

  #later() {
    const delay = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)]!;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.kick(), delay);
  }
}

const NO_PIECE: Problem = {
  type: "", code: "photo-without-piece", status: 0, retry: false,
  title: "物件没有收下，照片未保存", detail: "the piece was not taken, so its photo was not kept",
};

export const sync = new Sync();

/** Lets this page start without a network, where the browser can do that. */
export function keepPages() {
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").catch(() => {
      // Without HTTPS there is no service worker; the outbox works all the same.
    });
  }
}
