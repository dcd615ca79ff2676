/**
 * Takes the pictures in docs/screens: phone, tablet and wall, in both languages, of an engine that
 * serves tests/data/willow-court.toml. `cargo xtask screens` does it all.
 */
import {
  accepted, addressed, BASE, desk, household, launch, number, open, PHONE, planned, scans, settled, toHeldShelf, withCarrier,
} from "./support.mjs";

const folder = process.argv[2] ?? "../../docs/screens";
const browser = await launch();

async function take(page, name, { top = true } = {}) {
  for (const [language, button] of [["zh", "中文"], ["en", "English"]]) {
    const now = await page.getAttribute("html", "lang");
    if ((now === "en") !== (language === "en")) await page.getByRole("button", { name: button }).click();
    await page.locator(`html[lang^="${language}"]`).waitFor();
    await page.evaluate(() => Promise.allSettled([...document.getAnimations().map((one) => one.finished), document.fonts.ready]));
    if (top) await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${folder}/${name}.${language}.png` });
  }
  await page.getByRole("button", { name: "中文" }).click();
}

async function station(viewport) {
  const { page } = await open(browser, "/intake", { viewport });
  await withCarrier(page);
  for (const door of ["1-2-301", "2-1-502", "3-1-1204"]) {
    await addressed(page, door);
    await page.keyboard.press("Enter");
    await page.getByText(`${door.split("-")[2]}`).first().waitFor();
    await settled(page);
  }
  return page;
}

/** A door with a bag before it, drawn: no picture of anybody's home is needed for a picture of a screen. */
async function still(page) {
  await page.setViewportSize({ width: 1200, height: 1600 });
  await page.setContent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 800" width="1200" height="1600">
    <rect width="600" height="800" fill="#d9d4c8"/><rect y="690" width="600" height="110" fill="#8d8678"/>
    <rect x="150" y="90" width="300" height="600" fill="#6b4a32" stroke="#43301f" stroke-width="14"/>
    <rect x="185" y="130" width="230" height="210" fill="#7c583d"/><rect x="185" y="380" width="230" height="260" fill="#7c583d"/>
    <circle cx="422" cy="410" r="13" fill="#d6b25e"/><rect x="250" y="48" width="100" height="34" fill="#fff"/>
    <text x="300" y="74" font-size="28" text-anchor="middle" font-family="sans-serif">601</text>
    <path d="M225 720 l18 -150 h120 l18 150 z" fill="#f2efe7" stroke="#8a8474" stroke-width="5"/>
    <path d="M262 570 q40 -60 80 0" fill="none" stroke="#8a8474" stroke-width="7"/>
    <rect x="262" y="622" width="82" height="52" fill="#fff" stroke="#444" stroke-width="3"/></svg>`);
  const picture = await page.screenshot();
  await page.close();
  return picture;
}

const tablet = await station({ width: 1280, height: 800 });
await take(tablet, "intake-tablet");
await addressed(tablet, "1-1-4");
await take(tablet, "intake-unknown-tablet");
await toHeldShelf(tablet);
await tablet.keyboard.press("p");
await tablet.locator('[data-testid="photo"]:not([data-state="loading"])').waitFor();
await take(tablet, "intake-photo-tablet");
const label = await tablet.getByTestId("label").innerText();
await tablet.goto(`${BASE}/labels?code=${label}`);
await tablet.getByTestId("label").waitFor();
await take(tablet, "labels-tablet");
await tablet.goto(`${BASE}/`);
await take(tablet, "start-tablet");
const small = await station({ width: 390, height: 844 });
await take(small, "intake-phone");

const { page: phone, context } = await open(browser, "/", PHONE);
const { slip } = await planned(phone.request, ["601", "602", "502", "301"]);
await phone.goto(BASE + slip.path);
await accepted(phone, slip);
await take(phone, "route-load-phone");
for (const button of await phone.locator("button.load").all()) await button.click();
await settled(phone);
await phone.locator("#counted").fill("4");
await phone.getByRole("button", { name: "出发" }).click();
await phone.getByTestId("stops").waitFor();
await settled(phone);
await take(phone, "route-phone");
const before = await (await phone.request.get(`${BASE}/api/v1/communities/willow-court/runs/${new URL(slip.path, BASE).searchParams.get("run")}`)).json();
const turned = before.stops.map(({ door, parcels }) => ({ door, parcels })).reverse();
await desk(phone.request, `runs/${before.id ?? new URL(slip.path, BASE).searchParams.get("run")}`, { kind: "replan", stops: turned, reason: "by_hand" }, before.revision);
await phone.getByTestId("changes").waitFor();
await take(phone, "route-changed-phone");
await phone.getByTestId("changes").getByRole("button").click();
await context.setOffline(true);
await phone.getByTestId("unit-done").click();
await phone.locator('[data-waiting="4"]').waitFor();
await take(phone, "route-offline-phone");
// What was left at a door, photographed while the network is still away.
await phone.locator('[data-testid^="photo-"] input').first().setInputFiles({ name: "door.png", mimeType: "image/png", buffer: await still(await tablet.context().newPage()) });
await phone.locator('[data-pictures="1"]').waitFor();
await take(phone, "route-photo-phone");
await context.setOffline(false);
await settled(phone);
await phone.locator('[data-pictures="0"]').waitFor();
const sheet = await (await phone.request.get(`${BASE}/api/v1/communities/willow-court/runs/${new URL(slip.path, BASE).searchParams.get("run")}`)).json();
let photographed;
for (const { parcel } of sheet.pieces) {
  const photos = await (await phone.request.get(`${BASE}/api/v1/communities/willow-court/parcels/${parcel}/photos`)).json();
  if (photos.length) photographed = parcel;
}

const door = { building: "1", unit: "2", room: "402" };
await household(phone.request, door, "1212", { phone_only: true });
await household(phone.request, { building: "1", unit: "1", room: "101" }, "3434");
const { run: offered } = await planned(phone.request, ["302"], { parcels: [{ code: number(), door }] });
await scans(phone.request, [
  { kind: "arrive", code: number(), carrier: "yto", category: "produce", door },
  { kind: "arrive", code: number(), carrier: "sf", category: "parcel_goods", door: { ...door, room: "201" } },
]);
const { page: resident } = await open(browser, "/track?community=willow-court", PHONE);
await resident.locator("#tail").waitFor();
await take(resident, "track-form-phone");
for (const [at, text] of [[0, "1"], [1, "2"], [2, "402"]]) await resident.locator(".door input").nth(at).fill(text);
await resident.locator("#tail").fill("1212");
await resident.locator("form button").click();
await resident.getByTestId("coming").waitFor();
await take(resident, "track-phone");
const { page: volunteer } = await open(browser, "/building?building=1", { viewport: { width: 1024, height: 1366 } });
await volunteer.getByTestId("trip").first().waitFor();
await take(volunteer, "building-tablet");
await volunteer.setViewportSize({ width: 390, height: 844 });
await take(volunteer, "building-phone");
await volunteer.emulateMedia({ media: "print" });
await volunteer.setViewportSize({ width: 794, height: 1123 });
await volunteer.screenshot({ path: `${folder}/building-a4.zh.png` });
const { page: counter } = await open(browser, "/labels?slips", { viewport: { width: 1280, height: 800 } });
await counter.getByTestId(`line-${offered}`).getByRole("button").click();
await counter.getByTestId("slip").waitFor();
await take(counter, "slip-tablet");

const { page: wall } = await open(browser, "/board", { viewport: { width: 1920, height: 1080 } });
await scans(wall.request, Array.from({ length: 14 }, (_, at) => ({
  kind: "arrive", code: number(), carrier: "zto", door: { building: String(1 + (at % 3)), unit: "1", room: "201" },
})));
await wall.reload();
await wall.locator('[data-live="live"]').waitFor();
await take(wall, "board-wall");
await wall.locator(".totals button").nth(1).click();
await wall.getByTestId("list-count").waitFor();
await wall.screenshot({ path: `${folder}/board-list-wall.zh.png` });

// The desk: something held, something missing, a household that a list tells otherwise.
const { page: table } = await open(browser, "/desk", { viewport: { width: 1440, height: 900 } });
const asked = async (all) => {
  const data = { community: "willow-court", actor: "desk-1", scans: all.map((one) => ({ command_id: crypto.randomUUID(), ...one })) };
  return (await (await table.request.post(`${BASE}/api/v1/scans`, { data })).json()).answers;
};
const codes = Array.from({ length: 4 }, number);
await asked([
  { kind: "arrive", code: codes[0], carrier: "zto", category: "medicine" },
  { kind: "arrive", code: codes[1], carrier: "yto", category: "meal", door: { building: "3", unit: "1", room: "702" } },
  { kind: "arrive", code: codes[2], carrier: "sf", category: "medicine", door: { building: "1", unit: "2", room: "402" } },
  { kind: "missing", code: codes[2], carrier: "sf" },
]);
for (const [name, grid, from, until] of [["陈芳", "1", -1, 4], ["周伟", "1", -2, 6], ["吴丽华", "2", -1, 8]]) {
  const id = crypto.randomUUID();
  await desk(table.request, `volunteers/${id}`, {
    kind: "enrol", grid, roles: ["courier"], protection: false, name,
    carry_limit: { pieces: 15, weight_grams: 20_000, volume_millilitres: 120_000 },
  });
  const at = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();
  await desk(table.request, `volunteers/${id}`, { kind: "plan_shift", from: at(from), until: at(until) });
}
// Enough on the shelves for a plan worth looking at.
const DOORS = [
  ["1", "1", "601"], ["1", "1", "501"], ["1", "1", "302"], ["1", "2", "602"], ["1", "2", "401"], ["2", "1", "602"], ["2", "1", "501"],
  ["2", "1", "302"], ["2", "1", "101"], ["3", "1", "1204"], ["3", "1", "1101"], ["3", "1", "903"], ["3", "1", "504"], ["3", "1", "202"],
];
for (const [building, unit, room] of DOORS) {
  const code = number();
  await scans(table.request, [
    { kind: "arrive", code, carrier: "sf", category: "medicine", door: { building, unit, room } }, { kind: "sort", code, carrier: "sf" },
  ]);
}
for (const view of ["morning", "noon", "close"]) {
  await table.goto(`${BASE}/desk#/${view}`);
  await table.getByTestId("checks").waitFor();
  await table.waitForLoadState("networkidle");
  await take(table, `desk-${view}-desktop`);
}
await table.goto(`${BASE}/desk#/care`);
await table.getByTestId("care-entry").getByTestId("trail").waitFor();
await take(table, "desk-care-desktop");
await table.goto(`${BASE}/desk#/plan`);
await table.getByTestId("windows").waitFor();
await table.getByRole("button", { name: "预览排程" }).click();
await table.getByRole("button", { name: "照此排程" }).waitFor();
await take(table, "desk-plan-desktop");
await table.setViewportSize({ width: 1920, height: 1080 });
await take(table, "desk-plan-wall");
await table.getByRole("button", { name: "照此排程" }).click();
await table.getByTestId("said").waitFor();
await table.locator("section[aria-labelledby=runs] li").first().waitFor();
await take(table, "desk-planned-wall");
await table.locator("section[aria-labelledby=runs] li", { hasText: "周伟" }).getByRole("link").first().click();
await table.getByText("打印领取单").waitFor();
await table.waitForLoadState("networkidle");
await take(table, "desk-run-wall");
await table.goto(`${BASE}/desk#/noon`);
await table.getByTestId("checks").waitFor();
await table.waitForLoadState("networkidle");
await take(table, "desk-noon-wall");
await table.setViewportSize({ width: 1440, height: 900 });
await table.goto(`${BASE}/desk#/piece/${photographed}`);
await table.getByTestId("photos").locator("img").first().evaluate((image) => image.complete || new Promise((done) => (image.onload = done)));
await take(table, "desk-piece-desktop");
await table.goto(`${BASE}/desk#/people`);
await table.locator("[data-volunteer] button").first().click();
await take(table, "desk-people-desktop");
await table.locator("#search").fill("1-1-301");
await table.locator("#search").press("Enter");
await table.getByTestId("found").waitFor();
await take(table, "desk-search-desktop");
const known = crypto.randomUUID();
await desk(table.request, `households/${known}`, { kind: "register", doors: [{ building: "2", unit: "1", room: "601" }], language: "zh-CN", phone_only: false });
await desk(table.request, `households/${known}`, { kind: "set_contact", name: "赵敏", phone: "13900002201", note: null, phone_tails: ["2201"] });
const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());
await desk(table.request, `households/${known}`, { kind: "confirm_head_count", people: 3, on: today });
const cells = [
  ["楼栋", "单元", "房号", "姓名", "手机", "人数"], ["2", "1", "601", "赵敏", "13900002201", "5"], ["2", "1", "601", "孙莉", "13900008888", "1"],
  ["2", "1", "602", "钱进", "13900002202", "2人"], ["2", "1", "9999", "李平", "13900002203", "2"], ["2", "1", "502", "周舟", "13900002204", "4"],
];
await table.goto(`${BASE}/desk#/import`);
await table.locator("#paste").fill(cells.map((row) => row.join("\t")).join("\n"));
await table.getByRole("button", { name: "读取" }).click();
await table.getByTestId("columns").waitFor();
await take(table, "desk-columns-desktop");
await table.getByRole("button", { name: "预览", exact: true }).click();
await table.getByTestId("import-state").waitFor();
await table.getByRole("button", { name: /^全部/ }).click();
await take(table, "desk-import-desktop");
// Who comes to the gate, at the desk and at the gate itself.
const arrivals = `${BASE}/api/v1/communities/willow-court/arrivals`;
const policy = { kind: "set_arrival_policy", hours: [], per_hour: 3 };
await table.request.post(`${BASE}/api/v1/communities/willow-court/commands`, { data: { command_id: crypto.randomUUID(), actor: "desk", command: policy } });
const slots = await (await table.request.get(arrivals)).json();
const nowAt = slots.hours.findIndex((hour) => hour.is_now);
for (const [ahead, party, label, pieces, category] of [
  [0, "merchant", "永辉超市", 120, "produce"], [0, "leader", "3栋蔬菜团", 40, "produce"], [0, "relief", "区民政局", 300, "ration"], [1, "carrier", "顺丰", 85, "parcel_goods"],
]) {
  const from = (slots.hours[nowAt + ahead] ?? slots.hours[nowAt]).from;
  await desk(table.request, `arrivals/${slots.day}`, { kind: "book", slot: crypto.randomUUID(), from, party, label, pieces, category }).catch(() => {});
}
await table.goto(`${BASE}/desk#/arrivals`);
await table.locator("[data-slot]").nth(2).waitFor();
const shop = table.locator("[data-slot]", { hasText: "永辉超市" });
await shop.getByRole("button", { name: /已到/ }).click();
await shop.locator("..").locator('[data-status="arrived"]').first().waitFor();
await table.locator("[aria-current=time]").scrollIntoViewIfNeeded();
await take(table, "desk-arrivals-desktop", { top: false });
await small.keyboard.press("Escape");
await small.reload();
await small.getByRole("tab", { name: /预告/ }).click();
await small.getByTestId("due").getByText("3栋蔬菜团").first().waitFor();
await take(small, "intake-due-phone");
await small.setViewportSize({ width: 1280, height: 800 });
await take(small, "intake-due-tablet");
await table.setViewportSize({ width: 834, height: 1112 });
await table.locator("[aria-current=time]").scrollIntoViewIfNeeded();
await take(table, "desk-arrivals-tablet", { top: false });
await table.goto(`${BASE}/desk#/care`);
await table.getByTestId("care-entry").getByTestId("trail").waitFor();
await take(table, "desk-care-tablet");
await table.goto(`${BASE}/desk#/dusk`);
await table.getByTestId("checks").waitFor();
await table.waitForLoadState("networkidle");
await take(table, "desk-dusk-tablet");
await browser.close();
