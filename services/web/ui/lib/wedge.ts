/**
 * A keyboard-wedge scanner is a keyboard: characters in a burst, ending in Enter, Tab or nothing.
 * One listener owns it, wherever the focus is.
 *
 * Characters come from `event.code`, because a Chinese input method swallows `event.key`. Gaps are
 * measured by the events' own times, so a busy page misjudges nothing. In a text field a person
 * types too: there a burst must be faster than fingers, and what it leaked into the field is taken
 * back.
 */

/** Longer than this between two characters, and they are not of one scan. */
const GAP_MS = 100;
/** After this much silence a code without an ending has ended. */
const SILENCE_MS = GAP_MS + 20;
const LATE_MS = 30;
/** In a text field: the mean gap below which no fingers are that fast. */
const FIELD_GAP_MS = 35;
/** Fewer characters are keys that a person pressed. */
const CHARACTERS_MIN = 3;
const CHARACTERS_MAX = 160;
/**
 * A scanner that was seen to send no ending may be faster than silence tells: so many characters are a
 * code then, and a gap this long, longer than what some systems' clocks make of one, that is also so
 * many times the longest within the code, is the one between two codes.
 */
const BARE_CHARACTERS_MIN = 8;
const BARE_GAP_MS = 17;
const BARE_GAP_TIMES = 3;
/** The same code within this time is the same piece. */
const SAME_PIECE_MS = 1000;

const PUNCTUATION: Record<string, [string, string]> = {
  Minus: ["-", "_"], Equal: ["=", "+"], Slash: ["/", "?"], Period: [".", ">"], Comma: [",", "<"],
  Semicolon: [";", ":"], Quote: ["'", '"'], BracketLeft: ["[", "{"], BracketRight: ["]", "}"],
  Backslash: ["\\", "|"], Backquote: ["`", "~"], Space: [" ", " "],
};
const SHIFTED_DIGITS = ")!@#$%^&*(";

/** The character that a scanner meant with a key, or nothing. */
export function characterOf(event: Pick<KeyboardEvent, "code" | "key" | "shiftKey">): string | null {
  const { code, shiftKey } = event;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  if (digit) return shiftKey && code.startsWith("D") ? SHIFTED_DIGITS[Number(digit)]! : digit;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter) return shiftKey ? letter : letter.toLowerCase();
  const signs = PUNCTUATION[code];
  if (signs) return signs[shiftKey ? 1 : 0];
  // Some virtual keyboards and test tools tell no physical key.
  return code === "" && event.key.length === 1 ? event.key : null;
}

/** The code without the symbology that some scanners put in front (`]C1`), and without blanks. */
export function cleaned(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, "").trim().replace(/^\][A-Za-z][0-9mM]/, "");
}

export interface WedgeHandlers {
  /** A code was scanned. */
  scan: (code: string) => void;
  /** A person pressed a key outside of every text field. */
  key: (key: string, event: KeyboardEvent) => void;
}

type TextField = HTMLInputElement | HTMLTextAreaElement;

const textField = (target: EventTarget | null): TextField | null => {
  if (target instanceof HTMLTextAreaElement) return target;
  const types = ["text", "search", "tel", "url", "email", "password", "number", ""];
  return target instanceof HTMLInputElement && types.includes(target.type) ? target : null;
};

/** Listens until the returned function is called. */
export function listen({ scan, key }: WedgeHandlers): () => void {
  let events: KeyboardEvent[] = [];
  let text = "";
  let first = 0;
  let last = 0;
  let field: TextField | null = null;
  let before = { value: "", start: 0, end: 0 };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let latest = { code: "", at: -Infinity };
  /** The longest gap within this code, and whether the last one came with an ending. */
  let longest = 0;
  let ends = true;

  const isScan = (ended: boolean) => {
    if (text.length < CHARACTERS_MIN) return false;
    const mean = (last - first) / (text.length - 1);
    return field ? mean <= FIELD_GAP_MS && (ended || text.length >= 6) : true;
  };

  const isBetween = (gap: number) =>
    !ends && text.length >= BARE_CHARACTERS_MIN && gap >= Math.max(BARE_GAP_MS, BARE_GAP_TIMES * longest);

  const takeBack = () => {
    if (!field) return;
    const focused = document.activeElement === field;
    // An input method's half-typed word ends with the focus.
    if (focused) field.blur();
    field.value = before.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (focused) {
      field.focus({ preventScroll: true });
      field.setSelectionRange?.(before.start, before.end);
    }
  };

  const flush = (ended: boolean) => {
    clearTimeout(timer);
    const [code, pressed, inField, at] = [cleaned(text), events, field, last];
    const scanned = isScan(ended) && code.length >= CHARACTERS_MIN;
    if (scanned) takeBack();
    if (scanned) ends = ended;
    events = [];
    text = "";
    longest = 0;
    field = null;
    if (scanned) {
      const same = code === latest.code && at - latest.at < SAME_PIECE_MS;
      latest = { code, at };
      if (!same) scan(code);
    } else if (!inField) {
      for (const event of pressed) key(characterOf(event) ?? event.key, event);
    }
    return scanned;
  };

  // A timer that is late shows a busy page, whose next key may be waiting behind it.
  const arm = () => {
    clearTimeout(timer);
    const due = performance.now() + SILENCE_MS;
    timer = setTimeout(() => (performance.now() - due > LATE_MS ? arm() : flush(false)), SILENCE_MS);
  };

  const onKey = (event: KeyboardEvent) => {
    const shortcut = event.altKey || event.metaKey;
    if (shortcut || ["Shift", "CapsLock", "NumLock"].includes(event.key)) return;
    const gap = event.timeStamp - last;
    if (text && (gap > GAP_MS || isBetween(gap))) flush(false);
    if (event.ctrlKey) {
      // A group separator inside a code arrives as Ctrl+]; it is stripped, and is no shortcut.
      if (text) event.preventDefault();
      return;
    }
    if (event.code === "Enter" || event.code === "NumpadEnter" || event.code === "Tab") {
      const burst = text.length > 0 && event.timeStamp - last <= GAP_MS;
      if (burst && flush(true)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      } else if (event.code !== "Tab" && !textField(event.target)) {
        key("Enter", event);
      }
      return;
    }
    const character = characterOf(event);
    if (character === null) {
      if (text) flush(false);
      if (!textField(event.target)) key(event.key, event);
      return;
    }
    const target = textField(event.target);
    // A person presses a focused button with the space bar; no code begins with a blank.
    if (character === " " && !text && !target) return;
    if (!text) {
      field = target;
      first = event.timeStamp;
      if (field) {
        const { value, selectionStart, selectionEnd } = field;
        before = { value, start: selectionStart ?? value.length, end: selectionEnd ?? value.length };
      }
    }
    if (!target) event.preventDefault();
    if (text) longest = Math.max(longest, event.timeStamp - last);
    if (text.length < CHARACTERS_MAX) text += character;
    events.push(event);
    last = event.timeStamp;
    arm();
  };

  // What was typed while the page still loaded comes first.
  const early = window as unknown as {
    earlyKeys?: KeyboardEvent[];
    earlyListener?: (event: KeyboardEvent) => void;
  };
  if (early.earlyListener) removeEventListener("keydown", early.earlyListener, true);
  addEventListener("keydown", onKey, true);
  for (const event of early.earlyKeys ?? []) onKey(event);
  early.earlyKeys = [];
  return () => {
    clearTimeout(timer);
    removeEventListener("keydown", onKey, true);
  };
}
