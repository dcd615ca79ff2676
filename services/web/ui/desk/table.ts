/** From a file or pasted cells to rows; from headings to what their columns mean. */

/** `lines` tells of each row where it stands in the list that it is from. */
export interface Table { headings: string[]; rows: string[][]; lines: number[] }
export type Kind = "households" | "orders";

/** What a list can tell, by kind, in the order in which it is offered. */
export const FIELDS: Record<Kind, string[]> = {
  households: ["address", "building", "unit", "room", "name", "phone", "people", "language", "phone_only", "status", "note"],
  orders: ["number", "address", "building", "unit", "room", "name", "phone", "item", "quantity", "category", "channel", "pieces", "urgent"],
};

/** How people head such columns; the longest words first, because one may hold another. */
const HEADINGS: [RegExp, string][] = [
  [/订单号|单号|order.?(no|number)|^number$|编号/i, "number"],
  [/只能打电话|仅电话|phone.?only/i, "phone_only"],
  [/地址|门牌|住址|address|^door$/i, "address"],
  [/楼栋|楼号|^栋$|^幢$|building/i, "building"],
  [/单元|unit/i, "unit"],
  [/房号|室号|^室$|房间|room/i, "room"],
  [/姓名|户主|联系人|收件人|^name$/i, "name"],
  [/电话|手机|尾号|phone|tel/i, "phone"],
  [/人数|人口|people|head.?count/i, "people"],
  [/语言|language/i, "language"],
  [/状态|在住|status/i, "status"],
  [/备注|说明|note|remark/i, "note"],
  [/品类|分类|category/i, "category"],
  [/品名|商品|货品|物品|item|goods/i, "item"],
  [/件数|包数|pieces/i, "pieces"],
  [/数量|份数|quantity|qty/i, "quantity"],
  [/渠道|channel/i, "channel"],
  [/急|urgent/i, "urgent"],
];

/** What each heading means, as far as it can be guessed; nothing is meant twice. */
export function guess(headings: readonly string[], kind: Kind): string[] {
  const taken = new Set<string>();
  return headings.map((heading) => {
    const field = HEADINGS.find(([words, field]) => words.test(heading.trim()) && FIELDS[kind].includes(field) && !taken.has(field))?.[1] ?? "";
    if (field) taken.add(field);
    return field;
  });
}

/** Reads cells divided by tabs, commas or semicolons, whichever the first line has most of. */
export function read(text: string): Table | null {
  const plain = text.replace(/^\uFEFF/, "");
  const first = plain.slice(0, plain.search(/\r?\n|$/));
  const counted = ["\t", ",", ";", "，"].map((sign) => [sign, first.split(sign).length - 1] as const);
  const divider = counted.reduce((best, one) => (one[1] > best[1] ? one : best))[0];
  const all = cells(plain, divider).map((cells, at) => ({ cells, line: at + 1 }));
  const [headings, ...rows] = all.filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  if (!headings || rows.length === 0) return null;
  return { headings: headings.cells.map((cell) => cell.trim()), rows: rows.map((one) => one.cells), lines: rows.map((one) => one.line) };
}

function cells(text: string, divider: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let cell = "";
  let quoted = false;
  const endCell = () => {
    line.push(cell);
    cell = "";
  };
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += sign;
        at += 1;
      } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === divider) endCell();
    else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && text[at + 1] === "\n") at += 1;
      endCell();
      lines.push(line);
      line = [];
    } else cell += sign;
  }
  if (cell !== "" || line.length) {
    endCell();
    lines.push(line);
  }
  return lines;
}

/** A file's text: UTF-8, or else the encoding in which Chinese spreadsheets save by themselves. */
export function decode(bytes: ArrayBuffer): { text: string; national: boolean } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), national: false };
  } catch {
    return { text: new TextDecoder("gb18030").decode(bytes), national: true };
  }
}

/** The rows as the engine reads them, each with its line in the list. A spreadsheet's apostrophe goes. */
export function rowsOf(table: Table, meanings: readonly string[]): Record<string, unknown>[] {
  return table.rows.map((cells, at) => {
    const row: Record<string, unknown> = { line: table.lines[at] };
    meanings.forEach((field, column) => {
      const cell = (cells[column] ?? "").trim().replace(/^'/, "");
      if (field && cell) row[field] = cell;
    });
    return row;
  });
}
