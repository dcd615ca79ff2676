/** The API's shapes, as far as the screens use them, and the one way to ask it. */

export type Category = "meal" | "produce" | "parcel_goods" | "medicine" | "ration";
export type Size = "hand" | "bag" | "box" | "heavy" | "two_person";
export type Cold = "ambient" | "chilled" | "frozen";
export type Colour =
  | "red" | "orange" | "yellow" | "green" | "teal" | "blue" | "purple" | "pink" | "brown" | "grey";
export type Status = "accepted" | "duplicate" | "held" | "refused" | "deferred";
export type NextStep =
  | "await_arrival" | "find_recipient" | "start_disinfection" | "stop_disinfection" | "sort"
  | "load" | "deliver" | "bring_back" | "set_apart" | "done";

export interface Door { building: string; unit: string; room: string }

export interface Scan {
  command_id: string;
  sequence: number;
  kind: string;
  occurred_at: string;
  code?: string;
  carrier?: string;
  piece?: { number: number; of: number };
  container?: string;
  category?: Category;
  size?: Size;
  cold?: Cold;
  door?: Door;
  address?: string;
  phone_tail?: string;
  household?: string;
  sender?: string;
  on_behalf?: boolean;
  shelf?: string;
  placed_in?: string;
  run?: string;
  counted_pieces?: number;
  received_by?: string;
  failure?: string;
  refusal?: string;
  reopen?: string;
  usable?: boolean;
}

export interface Cue {
  grid?: string;
  colour?: Colour;
  building?: string;
  unit?: string;
  room?: string;
  shelf?: string;
  label: string;
  category?: Category;
  size?: Size;
  cold?: Cold;
  piece?: { number: number; of: number };
  urgent?: boolean;
  on_behalf?: boolean;
  run?: string;
  next: NextStep;
  wait_until?: string;
  say_chinese: string;
  say_english: string;
}

export interface Problem {
  type: string;
  code: string;
  status: number;
  title: string;
  detail: string;
  retry: boolean;
}

export interface Candidate {
  building: string;
  grid: string;
  unit?: string;
  room?: string;
  household?: string;
}

export interface Answer {
  command_id?: string;
  status: Status;
  position: number;
  parcel?: string;
  cue?: Cue;
  problem?: Problem;
  pieces?: { accepted: number; refused: number };
  candidates?: Candidate[];
}

export interface Community {
  id: string;
  name: string;
  buildings: number;
  households: number;
  grids: string[];
}

/** The engine answered, and said no. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Nobody answered: there is no network, no server behind it, or it took too long. */
export class Unreachable extends Error {}

const PATIENCE_MS = 10_000;

export interface Request {
  method?: "GET" | "POST";
  body?: unknown;
  /** Sent as it is, in place of a body. */
  file?: Blob;
  /** How long an answer is waited for. */
  patience?: number;
  headers?: Record<string, string>;
}

export async function ask<T>(path: string, request: Request = {}): Promise<T> {
  const { body, file, headers = {}, patience = PATIENCE_MS } = request;
  const { method = body === undefined && !file ? "GET" : "POST" } = request;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      ...(file ? { body: file } : body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patience),
    });
  } catch (error) {
    throw new Unreachable(String(error));
  }
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json")) {
    // Something in between answered; the engine itself always speaks JSON here.
    if (response.status >= 500) throw new Unreachable(`status ${response.status}`);
  }
  const answer = await response.json().catch(() => {
    throw new Unreachable(`status ${response.status}`);
  });
  if (response.ok) return answer as T;
  throw new Refused(answer as Problem);
}

export const api = (community: string, rest: string) =>
  `/api/v1/communities/${encodeURIComponent(community)}/${rest}`;
