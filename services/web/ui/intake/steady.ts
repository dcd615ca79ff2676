/** A code is believed when this many pictures in a row show it. */
const SEEN_MIN = 2;
const SAME_PIECE_MS = 1500;

export type Decoder = (picture: ImageData) => Promise<string[]>;

/** Tells a code that is there from one that a single picture misread, and a new one from the same. */
export class Steady {
  #times = 0;
  #candidate = "";
  #given = "";
  #seenAt = -Infinity;

  /** The code to take now, if any. Several codes in one picture are nobody's choice. */
  saw(codes: readonly string[], now: number): string | null {
    const distinct = [...new Set(codes)];
    const code = distinct.length === 1 ? distinct[0]! : "";
    this.#times = code && code === this.#candidate ? this.#times + 1 : 1;
    this.#candidate = code;
    if (!code || this.#times < SEEN_MIN) return null;
    const same = code === this.#given && now - this.#seenAt < SAME_PIECE_MS;
    [this.#given, this.#seenAt] = [code, now];
    return same ? null : code;
  }
}
