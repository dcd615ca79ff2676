/** A real browser, Debian's Chromium, that asks nobody but the engine under test. */
import { chromium } from "playwright-core";

export const BASE = process.env.LASTMETER_URL ?? "http://127.0.0.1:18472";

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update",
  "--autoplay-policy=no-user-gesture-required",
];

export async function launch(extra = []) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...extra] });
}

/** A page that is signed in at a community, with every request of it watched. */
export async function open(browser, path, options = {}) {
  const { community = "willow-court", name = "柳园", badge = "desk-1", ...context } = options;
  const opened = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
  const outside = [];
  opened.on("request", (request) => {
    const url = new URL(request.url());
    if (!["blob:", "data:"].includes(url.protocol) && url.origin !== new URL(BASE).origin) outside.push(request.url());
  });
  await opened.addInitScript(
    ([community, name, badge]) => {
      const put = (key, value) => localStorage.getItem(key) ?? localStorage.setItem(key, value);
      if (badge) {
        put("lastmeter.community", community);
        put("lastmeter.community-name", name);
        put("lastmeter.badge", badge);
      }
    },
    [community, name, badge],
  );
  const page = await opened.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) errors.push(message.text());
  });
  await page.goto(BASE + path);
  return { page, context: opened, outside, errors };
}

/**
 * What a wedge scanner does: key events in a burst, half a millisecond apart by their own times, so that a
 * busy test machine is not taken for a slow scanner; codes begin `every` milliseconds after each other.
 * Answers how long it took.
 */
export async function bursts(page, codes, { ending = "Enter", every = 0, ime = false } = {}) {
  return page.evaluate(
    async ([codes, ending, every, ime]) => {
      const began = performance.now();
      const codeOf = (c) =>
        /\d/.test(c) ? `Digit${c}` : /[a-z]/i.test(c) ? `Key${c.toUpperCase()}` : c === "-" ? "Minus" : "Slash";
      const press = (key, code, shiftKey, timeStamp) => {
        const target = document.activeElement ?? document.body;
        const shown = ime ? "Process" : key;
        const shape = { key: shown, code, shiftKey, bubbles: true, cancelable: true, keyCode: ime ? 229 : 0 };
        const event = Object.defineProperty(new KeyboardEvent("keydown", shape), "timeStamp", { value: timeStamp });
        const goesOn = target.dispatchEvent(event);
        // What the browser would do by itself: a letter lands in the field that has the focus.
        const isField = target.tagName === "INPUT" || target.tagName === "TEXTAREA";
        if (goesOn && key.length === 1 && isField) {
          target.setRangeText(key, target.selectionStart, target.selectionEnd, "end");
          target.dispatchEvent(new Event("input", { bubbles: true }));
        }
        if (goesOn && key === "Enter" && target.form) target.form.requestSubmit();
        if (goesOn && key === "Enter" && target.tagName === "BUTTON") target.click();
      };
      for (const [at, code] of codes.entries()) {
        // The scanner's own clock: a busy machine hears of a key late, and is told when it was pressed.
        let time = began + at * every;
        for (const c of code) press(c, codeOf(c), /[A-Z]/.test(c), (time += 0.5));
        if (ending) press(ending, ending, false, time);
        const next = began + (at + 1) * every;
        while (performance.now() < next) await new Promise((resume) => setTimeout(resume));
      }
      return performance.now() - began;
    },
    [codes, ending, every, ime],
  );
}

export const burst = (page, code, how) => bursts(page, [code], how);

let numbers = Date.now() % 1_000_000_000;

/** A waybill number that nobody has used. */
export const number = () => `SF${String(1_000_000_000_000 + ++numbers * 7).slice(0, 13)}`;

/** What was spoken last. */
export const said = (page) => page.evaluate(() => document.documentElement.dataset.lastSaid);

/** Waits until the engine has answered everything. */
export async function settled(page, timeout = 20_000) {
  await page.locator('[data-link="online"][data-waiting="0"][data-keeping="0"]').waitFor({ timeout });
}

/** Chooses SF once, as a worker does when its courier unloads. */
export async function withCarrier(page) {
  await page.keyboard.press("k");
  await page.getByTestId("carriers").waitFor();
  await page.keyboard.press("1");
  await page.getByTestId("carriers").waitFor({ state: "detached" });
}

/** Scans a piece that nobody announced, and types the door that stands on it; the next key accepts it. */
export async function addressed(page, door, code = number()) {
  await burst(page, code);
  await page.getByTestId("address").waitFor();
  await page.keyboard.type(door, { delay: 140 });
  await page.getByRole("option").first().waitFor();
  return code;
}

/** Puts the question for whom a piece is aside. Esc before the question is there takes the piece back. */
export async function toHeldShelf(page) {
  await page.getByTestId("address").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("address").waitFor({ state: "detached" });
}

/** Opens a run on a courier's phone, with the PIN on its slip. */
export async function unlock(page, slip) {
  await page.locator("#pin").fill(slip.pin);
  await page.getByRole("button", { name: "打开" }).click();
}

/** Opens a run and takes it; its pieces are to be loaded then. */
export async function accepted(page, slip) {
  await unlock(page, slip);
  await page.getByRole("button", { name: "领取这一趟" }).click();
  await page.getByTestId("load-count").waitFor();
}

/** The same with all of its pieces loaded, and answered for. */
export async function loaded(page, slip) {
  await accepted(page, slip);
  for (const button of await page.locator("button.load").all()) await button.click();
  await settled(page);
}

/** The same on its way: so many pieces were counted. */
export async function departed(page, slip, pieces) {
  await loaded(page, slip);
  await page.locator("#counted").fill(String(pieces));
  await page.getByRole("button", { name: "出发" }).click();
  await page.getByTestId("stops").waitFor();
  await settled(page);
}

/** A command of the desk, which must be done. */
export async function desk(request, path, command, expected_revision) {
  const body = { command_id: crypto.randomUUID(), actor: "desk", command };
  if (expected_revision !== undefined) body.expected_revision = expected_revision;
  const answer = await request.post(`${BASE}/api/v1/communities/willow-court/${path}/commands`, { data: body });
  if (!answer.ok()) throw new Error(`${path}: ${await answer.text()}`);
}

/** A courier's phone: nobody is signed in on it. */
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, badge: null };

/**
 * A run of grid 1 whose courier was asked, with the pieces for these rooms of 1-1 on their shelves;
 * and with those that are named, which come in first where nobody knows them.
 */
export async function planned(request, rooms, { parcels = [] } = {}) {
  const [run, volunteer] = [crypto.randomUUID(), crypto.randomUUID()];
  const limit = { pieces: 20, weight_grams: 60_000, volume_millilitres: 300_000 };
  await desk(request, `volunteers/${volunteer}`, {
    kind: "enrol", grid: "1", roles: ["courier"], protection: false, carry_limit: limit,
  });
  const now = Date.now();
  await desk(request, `volunteers/${volunteer}`, {
    kind: "plan_shift", from: new Date(now - 3_600_000).toISOString(), until: new Date(now + 7_200_000).toISOString(),
  });
  const stops = [];
  const wanted = [...rooms.map((room) => ({ code: number(), door: { building: "1", unit: "1", room } })), ...parcels];
  for (const { code, door } of wanted) {
    const arrive = { kind: "arrive", code, carrier: "sf", category: "medicine", door };
    const [arrived] = await scans(request, [arrive, { kind: "sort", code }]);
    stops.push({ door, parcels: [arrived.parcel] });
  }
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());
  await desk(request, `runs/${run}`, {
    kind: "plan", grid: "1", day, opens: "00:00:00", closes: "23:59:00", limit, stops, needs_protection: false,
  });
  const seen = await (await request.get(`${BASE}/api/v1/communities/willow-court/runs/${run}`)).json();
  await desk(request, `runs/${run}`, { kind: "offer", volunteer }, seen.revision);
  return { run, volunteer, slip: await printed(request, run) };
}

/** A new slip of a run: its PIN is told here and never again. */
export async function printed(request, run) {
  const data = { command_id: crypto.randomUUID(), actor: "desk-1" };
  const answer = await request.post(`${BASE}/api/v1/communities/willow-court/runs/${run}/slip`, { data });
  if (!answer.ok()) throw new Error(`${run}: ${await answer.text()}`);
  return answer.json();
}

/** A household that can be looked up by its door and the end of its phone number. */
export async function household(request, door, phone_tail, { phone_only = false } = {}) {
  const path = `households/${crypto.randomUUID()}`;
  await desk(request, path, { kind: "register", doors: [door], language: "zh-CN", phone_only });
  await desk(request, path, { kind: "set_contact", phone_tails: [phone_tail] });
}

/** Scans of the desk, which must be taken. */
export async function scans(request, all) {
  const data = {
    community: "willow-court", actor: "desk-1",
    scans: all.map((scan) => ({ command_id: crypto.randomUUID(), ...scan })),
  };
  const { answers } = await (await request.post(`${BASE}/api/v1/scans`, { data })).json();
  for (const answer of answers) if (!["accepted", "duplicate"].includes(answer.status)) throw new Error(JSON.stringify(answer));
  return answers;
}
