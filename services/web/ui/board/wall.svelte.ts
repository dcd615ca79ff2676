/**
 * What the wall shows, without its looks: the board and the queues as they come, how they come, and
 * how sure it is that they are of now. Frames come by subscription; where nothing lets them through,
 * it asks every few seconds and says so. A past moment is asked for once.
 */
import { settings } from "../lib/settings.svelte";
import { Refused, type Problem } from "../lib/api";
import { graphql } from "../lib/graphql";
import { Live, type Document, type Link } from "../lib/live";
import {
  ASK, FOLLOW_BOARD, FOLLOW_QUEUES, PLAN, type Building, type Frame, type NowBoard, type Queue,
} from "./words";

export const POLL_MS = 5_000;
/** Quarter hours that can be looked back at. */
export const BACK_MAX = 96;
const QUARTER_MS = 900_000;
/** A countdown that has run out is asked for anew, not more often than this. */
const AGAIN_MS = 30_000;

interface Asked { community: { views: { at: string; nowBoard: NowBoard; buildingQueues: Queue[] } } | null }

export class Wall {
  board = $state.raw<NowBoard | null>(null);
  /** Nothing until they are told: a queue that nobody knows is none that is empty. */
  queues = $state.raw<Queue[] | null>(null);
  buildings = $state.raw<Building[]>([]);
  link = $state<Link>("opening");
  /** Nobody answered when it was last asked. */
  failing = $state(false);
  /** Why there is nothing to show of the moment or the community that was asked for. */
  problem = $state<Problem | null>(null);
  paused = $state(false);
  back = $state(0);
  now = $state(Date.now());
  /** When the board was told, by this device's clock. */
  toldAt = $state(0);
  /** Until when it is certain that nothing else was to be shown. */
  #sureAt = $state(0);
  #asking = 0;
  #askedAt = 0;
  #timers: ReturnType<typeof setInterval>[] = [];
  #plans: ReturnType<typeof setTimeout> | undefined;
  #live = new Live("/graphql", (link) => this.#linked(link));

  /** `missing` is told when there is no such community. */
  constructor(readonly missing: () => void) {}

  asOf = $derived(this.back === 0 ? null : new Date((Math.floor(Date.now() / QUARTER_MS) - this.back + 1) * QUARTER_MS).toISOString());
  elapsed = $derived(Math.max(0, Math.floor((this.now - this.toldAt) / 1000)));
  /** Seconds since it was last certain. */
  unsure = $derived(Math.max(0, Math.floor((this.now - this.#sureAt) / 1000)));

  start() {
    [this.problem, this.failing, this.board, this.queues] = [null, false, null, null];
    void this.#plan();
    this.follow();
    this.#timers.push(setInterval(() => this.#tick(), 1000));
    // Where nobody brings frames it asks; and a past moment that was not told is asked for again.
    this.#timers.push(setInterval(() => {
      if (this.#isLive ? this.link === "polling" : this.back > 0 && this.failing) void this.read();
    }, POLL_MS));
  }

  stop() {
    this.#live.stop();
    this.#timers.forEach(clearInterval);
    clearTimeout(this.#plans);
    this.#timers = [];
  }

  get #isLive() {
    return this.back === 0 && !this.paused;
  }

  /** Follows again, from now on. */
  follow() {
    const variables = { community: settings.community };
    this.#live.follow([
      { query: FOLLOW_BOARD, variables, next: (data: { nowBoard: Frame<NowBoard> }) => this.#take(data.nowBoard.view, null) },
      { query: FOLLOW_QUEUES, variables, next: (data: { buildingQueues: Frame<Queue[]> }) => this.#take(null, data.buildingQueues.view) },
    ] as Document<never>[]);
  }

  /** Shows how it was so many quarter hours ago; 0 is now, and goes on. Whoever looks elsewhere holds nothing any more. */
  look(back: number) {
    this.paused = false;
    this.back = Math.min(BACK_MAX, Math.max(0, back));
    // What stands there is of another moment; what could not be read then says nothing of this one.
    [this.failing, this.problem, this.board, this.queues] = [false, null, null, null];
    this.#asking += 1;
    this.#turn();
  }

  pause(paused: boolean) {
    this.paused = paused;
    this.#turn();
  }

  #turn() {
    if (this.#isLive) return this.follow();
    this.#live.stop();
    if (this.back > 0) void this.read();
  }

  #linked(link: Link) {
    this.link = link;
    if (link === "polling" && this.#isLive) void this.read();
  }

  #take(board: NowBoard | null, queues: Queue[] | null) {
    if (!this.#isLive) return;
    if (board) [this.board, this.toldAt] = [board, Date.now()];
    if (queues) this.queues = queues;
    [this.#sureAt, this.failing] = [Date.now(), false];
  }

  #tick() {
    this.now = Date.now();
    if (!this.#isLive) return;
    if (this.link === "live") this.#sureAt = this.now;
    const over = this.board?.windows.some(
      (one) => (one.isOpen ? one.closesInSeconds : one.opensInSeconds) <= this.elapsed,
    );
    if (over && this.now - this.#askedAt > AGAIN_MS) void this.read();
  }

  async read() {
    const asking = ++this.#asking;
    this.#askedAt = Date.now();
    try {
      const { community } = await graphql<Asked>(ASK, { community: settings.community, asOf: this.asOf });
      // Another moment was chosen meanwhile.
      if (asking !== this.#asking || (this.paused && this.back === 0)) return;
      if (!community) return this.#nobody();
      const { nowBoard, buildingQueues } = community.views;
      [this.board, this.queues, this.toldAt, this.#sureAt] = [nowBoard, buildingQueues, Date.now(), Date.now()];
      [this.failing, this.problem] = [false, null];
    } catch (error) {
      if (asking !== this.#asking) return;
      // What is not there is told once; everything else is tried again.
      if (!this.board && error instanceof Refused && !error.problem.retry) this.problem = error.problem;
      else this.failing = true;
    }
  }

  /** There is no such community: a wall of nothing would look like a quiet one. */
  #nobody() {
    this.#live.stop();
    this.problem = unknown(settings.community ?? "");
    this.missing();
  }

  async #plan() {
    try {
      const { community } = await graphql<{ community: { name: string; buildings: Building[] } | null }>(PLAN, { community: settings.community });
      if (!community) return this.#nobody();
      this.buildings = community.buildings;
      settings.setCommunity(settings.community!, community.name);
    } catch {
      // Without a plan the buildings stand in rows; it is asked for again with the next reading.
      this.#plans = setTimeout(() => void this.#plan(), POLL_MS);
    }
  }
}

const unknown = (community: string): Problem => ({
  type: "/problems/community-unknown", code: "community-unknown", status: 404, retry: false,
  title: `没有社区 ${community}：请核对地址，或在下面选择`, detail: `There is no community ${community}: check the address, or choose one below`,
});

