import type { Category, Colour } from "../lib/api";

/** The board as GraphQL tells it. */
export interface Figures {
  expected: number; atGate: number; disinfecting: number; toSort: number; onShelf: number; loaded: number;
  atFoot: number; failed: number; held: number; missing: number; handedOffToday: number;
}
export interface Oldest { parcel: string; category: string; ageSeconds: number }
export interface BoardFigures { pieces: Figures; exceptions: number; oldest: Oldest | null }
export interface NowBoard {
  at: string; total: BoardFigures; runsOut: number; runsWaiting: number;
  windows: { category: string; isOpen: boolean; opensInSeconds: number; closesInSeconds: number }[];
  grids: { grid: string | null; colour: string | null; figures: BoardFigures }[];
  pace: { piecesLast10Minutes: number };
}
export interface Queue { building: string | null; grid: string | null; total: Figures }
export interface Building { key: string; grid: string | null; position: { eastDm: number; northDm: number } | null }
export interface Frame<T> { position: number; at: string; resync: boolean; view: T }

const FIGURES = "expected atGate disinfecting toSort onShelf loaded atFoot failed held missing handedOffToday";
const OF_BOARD = `exceptions pieces { ${FIGURES} } oldest { parcel category ageSeconds }`;
const BOARD = `at runsOut runsWaiting pace { piecesLast10Minutes } total { ${OF_BOARD} }
  windows { category isOpen opensInSeconds closesInSeconds } grids { grid colour figures { ${OF_BOARD} } }`;
const QUEUE = `building grid total { ${FIGURES} }`;

export const FOLLOW_BOARD = `subscription ($community: ID!) {
  nowBoard(community: $community) { position at resync view { ${BOARD} } }
}`;
export const FOLLOW_QUEUES = `subscription ($community: ID!) {
  buildingQueues(community: $community) { position at resync view { ${QUEUE} } }
}`;
/** The same by asking once: for the past, and where nobody lets a WebSocket through. */
export const ASK = `query ($community: ID!, $asOf: DateTime) {
  community(key: $community) { views(asOf: $asOf) { at nowBoard { ${BOARD} } buildingQueues { ${QUEUE} } } }
}`;
export const PLAN = `query ($community: ID!) {
  community(key: $community) { name buildings { key grid position { eastDm northDm } } }
}`;

export const lower = <T extends Category | Colour>(name: string): T => name.toLowerCase() as T;

/** What is behind a figure: pieces, by where they are. */
export interface Behind { title: string; spots?: string; grid?: string | null; building?: string; exceptions?: boolean }

export const here = (f: Figures) => f.atGate + f.disinfecting + f.toSort + f.onShelf + f.failed;
export const out = (f: Figures) => f.loaded + f.atFoot;
/** What the colour of a building tells. */
export const level = (waiting: number) => (waiting === 0 ? "none" : waiting <= 5 ? "some" : waiting <= 20 ? "many" : "most");
export const HERE = "at_gate,disinfecting,to_sort,on_shelf,failed";

export const board = {
  zh: {
    live: "实时推送", opening: "正在连接…", polling: (s: number) => `推送不通，改为每 ${s} 秒读取`, again: (s: number) => `每 ${s} 秒再试`, plan: "小区平面", legend: "待送件数",
    levels: { none: "0", some: "1–5", many: "6–20", most: "20 以上" }, openList: "打开清单", list: "清单", close: "关闭", csv: "导出 CSV",
    count: (n: number, named: number) => (named < n ? `共 ${n} 件，列出前 ${named} 件` : `共 ${n} 件`), empty: "这里没有物件",
    noList: "清单没有读到", code: "短码", piece: "物件", door: "门牌", where: "位置", since: "自", reading: "正在读取…",
    earlier: "早 15 分钟", later: "晚 15 分钟", resume: "继续", unknownDoor: "未知", allGrids: "合计",
  },
  en: {
    live: "Live", opening: "Connecting…", polling: (s: number) => `Live updates do not get through: read every ${s} s instead`, again: (s: number) => `tried again every ${s} s`,
    plan: "The compound", legend: "Pieces waiting", levels: { none: "0", some: "1–5", many: "6–20", most: "over 20" },
    openList: "Open the list", list: "List", close: "Close", csv: "Export CSV",
    count: (n: number, named: number) => (named < n ? `${n} pieces, the first ${named} are listed` : `${n} pieces`),
    empty: "There is nothing here", noList: "The list was not read", code: "Code", piece: "Piece", door: "Door", where: "Where",
    since: "Since", reading: "Reading…",
    earlier: "15 minutes earlier", later: "15 minutes later", resume: "Go on", unknownDoor: "unknown", allGrids: "All",
  },
};
