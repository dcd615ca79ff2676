/**
 * What this device has to tell, kept until the engine has answered each item.
 *
 * A scan's id is made and kept before anybody is told "done". Each device numbers its scans without
 * gaps; the number and the scan are written in one transaction. Whatever is not answered is sent
 * again, in order, with the same ids, so that nothing happens twice.
 */
import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Answer, Problem, Scan } from "./api";
import { uuidv7 } from "./uuid";

export interface Item {
  /** Counts up over all communities of this device; the order of sending. */
  order: number;
  community: string;
  actor: string;
  scan: Scan;
  /** What the person saw when it was kept, for lists that must work offline. */
  note: string;
  state: "waiting" | "answered";
  answer?: Answer;
  answered_at?: number;
}

export type PhotoKind = "label" | "damage" | "at_door";

/** A picture that was taken; the picture itself is let go once the engine has it, or will not. */
export interface Picture {
  order: number;
  community: string;
  actor: string;
  /** The command's id, the same on every retry. */
  id: string;
  /** The piece; while only its arrival is known, the id of that scan. */
  about: { parcel: string } | { arrival: string };
  kind: PhotoKind;
  occurred_at: string;
  /** What the person saw when it was taken, and the run that it belongs to. */
  note: string;
  run?: string;
  state: "waiting" | "answered";
  file?: Blob;
  problem?: Problem;
}

export interface Device {
  community: string;
  id: string;
  next: number;
}

interface Stores extends DBSchema {
  items: {
    key: number;
    value: Item;
    indexes: { waiting: [string, string, number]; state: string };
  };
  devices: { key: string; value: Device };
  kept: { key: string; value: unknown };
  pictures: { key: number; value: Picture; indexes: { waiting: [string, string, number] } };
}

/** So many pictures wait at most, about 15 MB: a phone with a full disk would lose its scans as well. */
export const PICTURES_WAITING_MAX = 60;
/** So many answered ones are remembered, without the pictures themselves. */
const PICTURES_ANSWERED_MAX = 100;

/** Answered items are kept for the list of what this device sent. */
export const ANSWERED_KEPT_MAX = 400;

let opened: Promise<IDBPDatabase<Stores>> | undefined;

const database = () =>
  (opened ??= openDB<Stores>("lastmeter", 2, {
    upgrade(db, before) {
      if (before < 2) {
        const pictures = db.createObjectStore("pictures", { keyPath: "order", autoIncrement: true });
        pictures.createIndex("waiting", ["community", "state", "order"]);
      }
      if (before >= 1) return;
      const items = db.createObjectStore("items", { keyPath: "order", autoIncrement: true });
      items.createIndex("waiting", ["community", "state", "order"]);
      items.createIndex("state", "state");
      db.createObjectStore("devices", { keyPath: "community" });
      db.createObjectStore("kept");
    },
    // Another window has a newer version of this page: it must not wait for this one.
    blocking: (_before, _after, event) => (event.target as IDBDatabase).close(),
  }));

const newDevice = (community: string): Device => ({
  community,
  id: `web-${uuidv7().replaceAll("-", "").slice(8, 28)}`,
  next: 1,
});

export type NewScan = Omit<Scan, "command_id" | "sequence" | "occurred_at">;

/** Keeps scans, in one transaction with their numbers. They are safe when this returns. */
export async function keep(
  community: string,
  actor: string,
  scans: readonly { scan: NewScan; note: string }[],
): Promise<Item[]> {
  const db = await database();
  const transaction = db.transaction(["items", "devices"], "readwrite", { durability: "strict" });
  const devices = transaction.objectStore("devices");
  const device = (await devices.get(community)) ?? newDevice(community);
  const items: Item[] = [];
  for (const { scan, note } of scans) {
    const item = {
      community,
      actor,
      note,
      state: "waiting",
      scan: {
        command_id: uuidv7(),
        sequence: device.next++,
        occurred_at: new Date().toISOString(),
        // A screen's own state may be a proxy, which the database does not take.
        ...(JSON.parse(JSON.stringify(scan)) as NewScan),
      },
    } as Item;
    item.order = await transaction.objectStore("items").add(item);
    items.push(item);
  }
  await devices.put(device);
  await transaction.done;
  return items;
}

export async function device(community: string): Promise<Device> {
  const db = await database();
  return (await db.get("devices", community)) ?? newDevice(community);
}

/** The oldest items that wait, in order. */
export async function waiting(community: string, limit: number): Promise<Item[]> {
  const db = await database();
  const range = IDBKeyRange.bound([community, "waiting", 0], [community, "waiting", Infinity]);
  return db.getAllFromIndex("items", "waiting", range, limit);
}

export async function countWaiting(community: string): Promise<number> {
  const db = await database();
  const range = IDBKeyRange.bound([community, "waiting", 0], [community, "waiting", Infinity]);
  return db.countFromIndex("items", "waiting", range);
}

/** Communities for which something waits. */
export async function communitiesWaiting(): Promise<string[]> {
  const db = await database();
  const items = await db.getAllFromIndex("items", "state", "waiting", 1000);
  return [...new Set(items.map((item) => item.community))];
}

/** What is said of people is kept until the engine has it, and no longer. */
const withoutPeople = ({ sender: _, phone_tail: __, address: ___, ...scan }: Scan): Scan => scan;

/** Writes the engine's answers, and forgets the oldest answered items. */
export async function answer(answered: readonly { item: Item; answer: Answer }[]): Promise<void> {
  const db = await database();
  const transaction = db.transaction("items", "readwrite", { durability: "strict" });
  for (const { item, answer } of answered) {
    await transaction.store.put({ ...item, scan: withoutPeople(item.scan), state: "answered", answer, answered_at: Date.now() });
  }
  const keys = await transaction.store.index("state").getAllKeys("answered");
  for (const key of keys.slice(0, Math.max(0, keys.length - ANSWERED_KEPT_MAX))) {
    await transaction.store.delete(key);
  }
  await transaction.done;
}

/**
 * The engine misses numbers of this device that are not here any more: its log is another one. What
 * waits is numbered anew, under a new device; the ids stay, so nothing can happen twice.
 */
export async function renumber(community: string): Promise<void> {
  const db = await database();
  const transaction = db.transaction(["items", "devices"], "readwrite", { durability: "strict" });
  const device = newDevice(community);
  const range = IDBKeyRange.bound([community, "waiting", 0], [community, "waiting", Infinity]);
  const items = transaction.objectStore("items");
  for (const item of await items.index("waiting").getAll(range)) {
    await items.put({ ...item, scan: { ...item.scan, sequence: device.next++ } });
  }
  await transaction.objectStore("devices").put(device);
  await transaction.done;
}

/** The latest items of this device, the newest first. */
export async function latest(community: string, limit: number): Promise<Item[]> {
  // One question for all of them is many times faster than one for each.
  const all = await (await database()).getAll("items");
  return all.filter((item) => item.community === community).reverse().slice(0, limit);
}

/** What a screen keeps for working without a network, such as the last run it has seen. */
export async function remember(name: string, value: unknown): Promise<void> {
  const db = await database();
  await db.put("kept", JSON.parse(JSON.stringify(value)), name);
}

export async function recall<T>(name: string): Promise<T | undefined> {
  const db = await database();
  return (await db.get("kept", name)) as T | undefined;
}

export async function forget(name: string): Promise<void> {
  const db = await database();
  await db.delete("kept", name);
}

export type NewPicture = Pick<Picture, "about" | "kind" | "note" | "run"> & { file: Blob };

/** There is no room for another picture on this device. */
export class NoRoom extends Error {}

/** Keeps pictures, each with an id of its own. They are safe when this returns. */
export async function keepPictures(community: string, actor: string, taken: readonly NewPicture[]): Promise<void> {
  const db = await database();
  if ((await countPictures(community)) + taken.length > PICTURES_WAITING_MAX) throw new NoRoom("too many wait");
  const occurred_at = new Date().toISOString();
  const transaction = db.transaction("pictures", "readwrite", { durability: "strict" });
  try {
    for (const one of taken) {
      const picture = { ...one, community, actor, id: uuidv7(), occurred_at, state: "waiting" } as Picture;
      await transaction.store.add(picture);
    }
    await transaction.done;
  } catch (error) {
    if ((error as DOMException).name === "QuotaExceededError") throw new NoRoom(String(error));
    throw error;
  }
}

const ofPictures = (community: string, state: Picture["state"]) =>
  IDBKeyRange.bound([community, state, 0], [community, state, Infinity]);

export async function countPictures(community: string): Promise<number> {
  return (await database()).countFromIndex("pictures", "waiting", ofPictures(community, "waiting"));
}

/** The oldest picture that waits. */
export async function nextPicture(community: string): Promise<Picture | undefined> {
  const db = await database();
  return (await db.getAllFromIndex("pictures", "waiting", ofPictures(community, "waiting"), 1))[0];
}

/** The engine has a picture, or will not take it. */
export async function answerPicture({ file: _, ...picture }: Picture, problem: Problem | null): Promise<void> {
  const db = await database();
  const transaction = db.transaction("pictures", "readwrite", { durability: "strict" });
  await transaction.store.put({ ...picture, state: "answered", ...(problem ? { problem } : {}) });
  const answered = await transaction.store.index("waiting").getAllKeys(ofPictures(picture.community, "answered"));
  for (const key of answered.slice(0, Math.max(0, answered.length - PICTURES_ANSWERED_MAX))) await transaction.store.delete(key);
  await transaction.done;
}

/** The pictures that this device remembers, the newest first, without the pictures themselves. */
export async function pictures(community: string): Promise<Picture[]> {
  const db = await database();
  const all = await db.getAll("pictures");
  return all.filter((one) => one.community === community).reverse().map(({ file: _, ...one }) => one);
}

/** The piece that a scan of this device brought in, once the engine has said so. */
export async function pieceOf(scan: string, community: string): Promise<string | undefined> {
  const items = await latest(community, ANSWERED_KEPT_MAX);
  return items.find((item) => item.scan.command_id === scan)?.answer?.parcel;
}
