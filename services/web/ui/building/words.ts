import type { Category, Cold, Colour, Door, Size } from "../lib/api";
import type { Spot } from "../track/words";

export type CallReason = "something_comes" | "not_reached" | "isolated";
export type Phase = "planned" | "offered" | "accepted" | "departed" | "closed" | "cancelled";

export interface ComingPiece {
  parcel: string; category: Category; size: Size | null; cold: Cold | null; on_behalf: boolean; spot: Spot;
  window: { opens: string; closes: string; opens_at: string } | null;
}
export interface ComingDoor { door: Door; floor: number | null; pieces: ComingPiece[] }
export interface Trip {
  run: string; phase: Phase; day: string | null; opens: string | null; closes: string | null; wave: number | null;
  courier: string | null; pieces: number; doors: ComingDoor[];
}
export interface Page {
  building: string; grid: string | null; colour: Colour | null; at: string; trips: Trip[]; unplanned: ComingDoor[];
  days: number; quiet: { door: Door; delivered_at: string | null; days: number; ever_reached: boolean }[];
  calls: { door: Door; reasons: CallReason[] }[];
  figures: Record<string, number>;
}

const zhSpots: Record<Spot, string> = {
  expected: "未到", at_gate: "待消杀", disinfecting: "消杀中", to_sort: "待分拣", on_shelf: "在货架", loaded: "在途",
  at_foot: "在楼下", failed: "没送到", held: "待查", missing: "查找中", handed_off: "已送", given_back: "已退回",
  disposed: "已处理",
};
const enSpots: Record<Spot, string> = {
  expected: "not here", at_gate: "to disinfect", disinfecting: "disinfecting", to_sort: "to sort", on_shelf: "on its shelf",
  loaded: "on the way", at_foot: "at the foot", failed: "not left", held: "to look up", missing: "missing",
  handed_off: "done", given_back: "given back", disposed: "disposed",
};

export const building = {
  zh: {
    title: "本楼", choose: "您负责哪一栋？", chooseHint: "选一次就记住；随时可以换。", change: "换一栋", waiting: (n: number) => `${n} 件`,
    none: "还没有楼栋：请管理员先导入社区", loading: "正在读取…", next: "下一趟", coming: "接下来", wave: (n: number) => `第 ${n} 波`,
    by: "由", courier: (mark: string) => `志愿者 ${mark}`, nobody: "还没有人接", pieces: (n: number) => `${n} 件`,
    doors: (n: number) => `${n} 户`, noTrip: "现在没有要送到本楼的一趟", unplanned: "还没排进哪一趟",
    unplannedNone: "没有", floor: (n: number) => `${n} 楼`, unit: (name: string) => `${name} 单元`, behalf: "当面交",
    quiet: (n: number) => `${n} 天没有消息的人家`, quietNone: "每一户都有消息", quietDays: "几天", never: "从未联系过",
    daysAgo: (n: number) => `${n} 天`, lastDelivery: (time: string) => `上次送到 ${time}`, noDelivery: "没有送过",
    calls: "今天要打电话的人家", callsNone: "今天没有", callHint: "电话请服务台转接，告诉服务台门牌就行；号码不在这里。",
    reasons: { something_comes: "有东西送来，家里只能接电话", not_reached: "好几天没有消息", isolated: "在家隔离，不能出门" },
    text: "发到楼群的话", copy: "复制", copied: "已复制，去群里粘贴", copyBy: "已选中：请长按或按 Ctrl+C 复制", print: "打印名单（A4）",
    printHint: "按单元和楼层，送到一户勾一户", listOf: (name: string) => `${name} 送货名单`, done: "送到", note: "备注",
    signed: "签名", asOf: "截至", behind: (s: number) => `连不上服务器：这是 ${s} 秒前的情况`, all: "全部在路上的",
    spots: zhSpots,
    phases: { planned: "已排定", offered: "等人接", accepted: "正在装车", departed: "已出发", closed: "已结束", cancelled: "已取消" },
    chat: {
      head: (name: string, time: string) => `【${name} 送货通知】${time}`, none: "目前没有要送来的物件。",
      trip: (when: string, who: string) => `${when}，${who}：`, later: "还在接收点，之后送：",
      door: (room: string, n: number) => `${room}（${n}件）`, foot: "东西放在门口，请等志愿者走后再取。",
    },
    wait: (text: string) => `请稍候：${text}`,
  },
  en: {
    title: "Building", choose: "Which building is yours?", chooseHint: "Asked once; you can change it at any time.",
    change: "Another building", waiting: (n: number) => `${n} pieces`, none: "There are no buildings yet: load a community first",
    loading: "Reading…", next: "Next", coming: "Then", wave: (n: number) => `Wave ${n}`, by: "by",
    courier: (mark: string) => `volunteer ${mark}`, nobody: "nobody has taken it yet",
    pieces: (n: number) => `${n} ${n === 1 ? "piece" : "pieces"}`, doors: (n: number) => `${n} ${n === 1 ? "door" : "doors"}`,
    noTrip: "No trip brings anything to this building now", unplanned: "In no trip yet", unplannedNone: "Nothing",
    floor: (n: number) => `floor ${n}`, unit: (name: string) => `Unit ${name}`, behalf: "in person",
    quiet: (n: number) => `Nothing heard for ${n} days`, quietNone: "Everybody was heard of", quietDays: "Days",
    never: "never reached", daysAgo: (n: number) => `${n} days`, lastDelivery: (time: string) => `last delivery ${time}`,
    noDelivery: "no delivery yet", calls: "To call today", callsNone: "Nobody today",
    callHint: "The desk connects the call: tell it the door. The numbers are not here.",
    reasons: {
      something_comes: "Something comes, and only a call reaches them", not_reached: "Nothing heard for days",
      isolated: "Isolated, may not go out",
    },
    text: "For the building's chat", copy: "Copy", copied: "Copied: paste it into the chat",
    copyBy: "Selected: copy it with a long press, or Ctrl+C", print: "Print the list (A4)",
    printHint: "By unit and floor, a box to tick for each door", listOf: (name: string) => `Deliveries: ${name}`, done: "Left",
    note: "Note", signed: "Signed", asOf: "As of", behind: (s: number) => `No server: this is ${s} seconds old`,
    all: "All on their way", spots: enSpots,
    phases: { planned: "planned", offered: "offered", accepted: "loading", departed: "on the way", closed: "ended", cancelled: "called off" },
    chat: {
      head: (name: string, time: string) => `[${name}] deliveries, ${time}`, none: "Nothing is on its way at the moment.",
      trip: (when: string, who: string) => `${when}, ${who}:`, later: "Still at the intake point, comes later:",
      door: (room: string, n: number) => `${room} (${n})`, foot: "Everything is left at the door; please wait until the volunteer has gone.",
    },
    wait: (text: string) => `Please wait: ${text}`,
  },
};

/** What a courier's slip and the pages call a volunteer by: never a name. */
export const markOf = (volunteer: string) => volunteer.slice(-4).toUpperCase();

/** Doors by unit, in the order in which they came. */
export function byUnit(doors: readonly ComingDoor[]): [string, ComingDoor[]][] {
  const units = new Map<string, ComingDoor[]>();
  for (const one of doors) units.set(one.door.unit, [...(units.get(one.door.unit) ?? []), one]);
  return [...units];
}

/** Every door with something on its way, the pieces of all trips together: unit by unit, the top floor first. */
export function sheet(page: Page): [string, ComingDoor[]][] {
  const natural = new Intl.Collator("zh-CN", { numeric: true });
  const doors = new Map<string, ComingDoor>();
  for (const one of [...page.trips.flatMap((trip) => trip.doors), ...page.unplanned]) {
    const key = `${one.door.unit}\n${one.door.room}`;
    const known = doors.get(key);
    doors.set(key, known ? { ...known, pieces: [...known.pieces, ...one.pieces] } : one);
  }
  const sorted = [...doors.values()].sort(
    (a, b) => natural.compare(a.door.unit, b.door.unit) || (b.floor ?? 0) - (a.floor ?? 0) || natural.compare(a.door.room, b.door.room),
  );
  return byUnit(sorted);
}
