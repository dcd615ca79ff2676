/** The intake point as the engine describes it, and what can be told from it without a network. */
import type { Category, Colour, Cue, Door } from "../lib/api";
import type { Target } from "./station.svelte";

export interface Table {
  container: string;
  /** Pieces on it that have not been disinfected. */
  waiting: number;
  /** Pieces on which the agent acts. */
  acting: number;
  /** When the last of them is done. */
  until?: string;
}

export interface Expected {
  parcel: string;
  code: string;
  carrier: string;
  piece: { number: number; of: number };
  category?: Category;
  door?: Door;
  urgent?: boolean;
  arrived: boolean;
}

export interface Due {
  slot: string; from: string; party: string; label: string; pieces: number | null; category: Category | null;
  status: "booked" | "overdue";
}

export interface Held { parcel: string; label: string; code: string }

export interface IntakePoint {
  gate?: string;
  grids: { id: string; colour: Colour }[];
  buildings: { id: string; grid?: string; shelf?: string; units: string[] }[];
  act_seconds: Partial<Record<Category, number>>;
  tables: Table[];
  expected: Expected[];
  held: Held[];
  /** Pieces that came in and wait for their disinfection. */
  to_disinfect: number;
  /** The community's local day; what was kept by an older page has none. */
  today?: string;
  /** Deliveries whose hour it is or was, and of which nobody has said whether they came. */
  due?: Due[];
}

const same = (a: string, b: string) => a.toUpperCase() === b.toUpperCase();

/** Where a piece goes, as far as this device can tell: announced pieces and batches for one door. */
export function localCue(point: IntakePoint, code: string, target: Target | null): Cue | null {
  const announced = point.expected.find((one) => same(one.code, code));
  const door = target?.fields.door ?? announced?.door;
  const building = point.buildings.find((one) => one.id === door?.building);
  if (!door || !building) return null;
  const urgent = announced?.urgent ?? false;
  const colour = point.grids.find((grid) => grid.id === building.grid)?.colour;
  return {
    ...(building.grid ? { grid: building.grid } : {}),
    ...(colour ? { colour } : {}),
    ...(building.shelf ? { shelf: building.shelf } : {}),
    ...door,
    ...(urgent ? { urgent } : {}),
    label: "",
    next: "start_disinfection",
    say_chinese: `${urgent ? "急件，" : ""}${building.grid ?? ""}网格，${door.building}栋，${door.unit}单元`,
    say_english: `${urgent ? "urgent, " : ""}grid ${building.grid ?? ""}, building ${door.building}, unit ${door.unit}`,
  };
}
