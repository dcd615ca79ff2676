import type { Category } from "../lib/api";

export type Spot =
  | "expected" | "at_gate" | "disinfecting" | "to_sort" | "on_shelf" | "loaded" | "at_foot" | "failed" | "held"
  | "missing" | "handed_off" | "given_back" | "disposed";

/** Where a piece is, as a resident is told it. */
const zhSpots: Record<Spot, string> = {
  expected: "还没到社区", at_gate: "已到接收点，等消杀", disinfecting: "正在消杀", to_sort: "消杀好了，正在分拣",
  on_shelf: "在货架上，等下一趟送", loaded: "正在送来", at_foot: "已到楼下", failed: "送过一次没送到，会再送",
  held: "在接收点，收件信息要核对", missing: "正在查找", handed_off: "已送到", given_back: "已退回快递公司",
  disposed: "已按规定处理",
};

const enSpots: Record<Spot, string> = {
  expected: "Not here yet", at_gate: "At the intake point, waits for disinfection", disinfecting: "Being disinfected",
  to_sort: "Disinfected, being sorted", on_shelf: "On its shelf, comes with the next trip", loaded: "On its way to you",
  at_foot: "At the foot of your building", failed: "Nobody was met; it comes again",
  held: "At the intake point, the address must be checked", missing: "Being looked for", handed_off: "Delivered",
  given_back: "Given back to the carrier", disposed: "Disposed of by the rules",
};

export const track = {
  zh: {
    title: "查我的物件", lead: "不用账号。填门牌和手机号后四位。", building: "几栋", unit: "几单元", room: "门牌号",
    tail: "手机尾号", tailHint: "手机号的最后四位", ask: "查一查", asking: "正在查…", slow: "有点慢，请再等一等…",
    example: (text: string) => `例：${text}`, again: "再查一次", other: "查别的门牌", asOf: "查询时间",
    here: (n: number) => `还没送到 ${n} 件`, none: "现在没有您的物件", noneHint: "到了接收点，这里就查得到。",
    done: "已经结束", tailOf: "单号尾号", noNumber: "无单号", since: "自", today: "今天", window: "送达时段",
    call: "请致电社区服务台", gone: "服务器没有应答", goneHint: "请过一会儿再试，或致电服务台。",
    offline: "手机没有网络", offlineHint: "连上网络后再查。", fill: "请把四格都填好", choose: "请选择社区",
    noCommunity: "还没有社区", loading: "正在读取…", spots: zhSpots, steps: ["到社区", "消杀", "上架", "在路上", "送到"],
    step: (n: number, of: number) => `第 ${n} 步，共 ${of} 步`, private: "这里不显示姓名、电话和送货人。",
    kept: "只在这部手机上记住门牌，不记尾号。",
  },
  en: {
    title: "My parcels", lead: "No account. Your door, and the end of your phone number.", building: "Building",
    unit: "Unit", room: "Door", tail: "Phone tail", tailHint: "The last four digits of the phone number", ask: "Look it up",
    asking: "Looking…", slow: "A little slow, please wait…", example: (text: string) => `e.g. ${text}`,
    again: "Look again", other: "Another door", asOf: "Looked up at", here: (n: number) => `Still to come: ${n}`,
    none: "Nothing is on its way to you now", noneHint: "It can be seen here once it is at the intake point.",
    done: "Ended", tailOf: "Number ends in", noNumber: "No number", since: "since", today: "today",
    window: "Comes", call: "Please call the desk", gone: "The server does not answer",
    goneHint: "Please try again in a while, or call the desk.", offline: "This phone has no network",
    offlineHint: "Look again once it is connected.", fill: "Please fill in all four", choose: "Choose the community",
    noCommunity: "There is no community yet", loading: "Reading…", spots: enSpots,
    steps: ["Here", "Clean", "On shelf", "On its way", "At door"],
    step: (n: number, of: number) => `Step ${n} of ${of}`, private: "No name, no phone and no courier is shown here.",
    kept: "This phone keeps the door, never the phone tail.",
  },
};

/** How many steps of the way are done; none where something is out of the ordinary. */
export const stepOf: Record<Spot, number | null> = {
  expected: 0, at_gate: 1, disinfecting: 1, to_sort: 2, on_shelf: 3, loaded: 4, at_foot: 4, failed: null, held: null,
  missing: null, handed_off: 5, given_back: null, disposed: null,
};

/** Somebody must settle something: the resident may help by calling. */
export const needsCall = (spot: Spot) => ["failed", "held", "missing"].includes(spot);

export interface Found {
  at: string;
  pieces: {
    number_tail: string | null;
    category: Category;
    spot: Spot;
    in_spot_since: string;
    window: { day: string; opens: string; closes: string; opens_at: string } | null;
  }[];
}
