/** Arrival slots: the desk books, moves and gives back; the gate marks who came. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BASE, desk, launch, open } from "./support.mjs";

const API = `${BASE}/api/v1/communities/willow-court`;

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Two deliveries an hour, at any hour; the day that has an hour left for certain. */
async function capped(request) {
  const command = { kind: "set_arrival_policy", hours: [], per_hour: 2 };
  const data = { command_id: crypto.randomUUID(), actor: "desk", command };
  assert.ok((await request.post(`${API}/commands`, { data })).ok());
  const today = await (await request.get(`${API}/arrivals`)).json();
  const [year, month, day] = today.day.split("-").map(Number);
  const tomorrow = new Date(Date.UTC(year, month - 1, day + 1)).toISOString().slice(0, 10);
  return { today, tomorrow };
}

const book = (request, day, from, label) =>
  desk(request, `arrivals/${day}`, { kind: "book", slot: crypto.randomUUID(), from, party: "merchant", label });

test("the desk books an hour, is told which are free when it is full, moves and gives back", async () => {
  const { page, errors, outside } = await open(browser, "/desk#/arrivals");
  const { request } = page;
  const { tomorrow } = await capped(request);
  const { hours } = await (await request.get(`${API}/arrivals?day=${tomorrow}`)).json();
  const [nine, ten] = [hours[9], hours[10]];
  await page.locator("input[type=date]").fill(tomorrow);
  const hour = (name) => page.locator(`[data-hour="${name}"]`);
  await hour("09:00").getByRole("button", { name: "预约" }).click();
  const form = page.getByTestId("book");
  await form.getByLabel("商户或团购名称").fill("永辉超市");
  await form.getByLabel(/件数/).fill("120");
  await form.getByRole("button", { name: "预约" }).click();
  await form.getByTestId("said").waitFor();
  const slot = hour("09:00").locator("[data-slot]", { hasText: "永辉超市" });
  await slot.waitFor();
  // Two others are faster than this screen: the hour is full before it knows.
  await book(request, tomorrow, nine.from, "中百仓储");
  await form.getByLabel("商户或团购名称").fill("10栋蔬菜团");
  await form.locator("select").first().evaluate((select, from) => {
    select.value = from;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }, nine.from);
  await form.getByRole("button", { name: "预约" }).click();
  const refused = form.getByTestId("refused");
  await refused.waitFor();
  assert.match(await refused.textContent(), /09:00 起的一小时已约满：可改约 10:00, 11:00, 12:00/);
  // A key in the list chooses an hour; only the button moves the delivery there.
  await slot.locator("select").press("ArrowDown");
  const move = slot.getByRole("button", { name: /^改时段/ });
  await move.waitFor();
  await slot.locator("select").selectOption(ten.from);
  await move.press("Enter");
  const moved = hour("10:00").locator("[data-slot]", { hasText: "永辉超市" });
  await moved.waitFor();
  assert.match(await hour("09:00").getByTestId("room").textContent(), /已约 1 · 余 1/);
  await page.waitForFunction(() => document.activeElement.textContent.includes("到货预约"));
  // To another day and back, by one command each.
  const later = new Date(Date.parse(`${tomorrow}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
  await moved.getByRole("button", { name: "改日期" }).click();
  const other = page.getByTestId("move-day");
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  await other.getByRole("button", { name: "取消" }).click();
  assert.match(await focused(), /改日期/);
  await moved.getByRole("button", { name: "改日期" }).click();
  await other.locator("input[type=date]").fill(later);
  await other.locator("select").selectOption({ index: 15 });
  await other.getByRole("button", { name: "改日期" }).click();
  await page.locator('[data-status="withdrawn"]', { hasText: "永辉超市" }).locator(".standing", { hasText: "改到" }).waitFor();
  assert.match(await focused(), /到货预约/, "the page's heading, as the delivery is not here any more");
  assert.match(await hour("10:00").getByTestId("room").textContent(), /已约 0 · 余 2/);
  const there = await (await request.get(`${API}/arrivals?day=${later}`)).json();
  const [entry] = there.hours.flatMap((one) => one.slots).filter((one) => one.label === "永辉超市");
  assert.deepEqual([entry.status, entry.pieces], ["booked", 120]);
  const back = { kind: "move_here", slot: entry.slot, from_day: later, from: ten.from };
  await desk(request, `arrivals/${tomorrow}`, back);
  await moved.waitFor();
  await moved.getByRole("button", { name: "撤销" }).click();
  await page.locator('[data-status="withdrawn"]', { hasText: "永辉超市" }).waitFor();
  assert.match(await hour("10:00").getByTestId("room").textContent(), /已约 0 · 余 2/);
  assert.deepEqual([errors, outside], [[], []]);
  await page.context().close();
});

test("the gate sees who is due this hour and marks who came", async () => {
  const { page, errors } = await open(browser, "/intake", { badge: "gate-1" });
  const { request } = page;
  const { today } = await capped(request);
  const now = today.hours.find((hour) => hour.is_now);
  const label = `本时段 ${crypto.randomUUID().slice(0, 4)}`;
  await book(request, today.day, now.from, label);
  await page.reload();
  await page.getByRole("tab", { name: /预告/ }).click();
  const due = page.getByTestId("due").locator("li", { hasText: label });
  await due.getByRole("button", { name: /已到/ }).click();
  await due.waitFor({ state: "detached" });
  const day = await (await request.get(`${API}/arrivals?day=${today.day}`)).json();
  const entries = day.hours.flatMap((hour) => hour.slots);
  assert.equal(entries.find((entry) => entry.label === label).status, "arrived");
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the desk's day of arrivals begins with now: hours that are over and had nobody are left out", async () => {
  const { page } = await open(browser, "/desk#/arrivals");
  await capped(page.request);
  const now = page.locator("[aria-current=time]");
  await now.waitFor();
  const above = await page.locator("[data-hour]").evaluateAll((all) =>
    all.slice(0, all.findIndex((one) => one.getAttribute("aria-current"))).map((one) => one.querySelectorAll("[data-slot]").length));
  assert.ok(above.every((slots) => slots > 0), `${above}`);
  await page.context().close();
});

test("what was not read yet is not said to be nothing", async () => {
  const { page } = await open(browser, "/", { badge: "gate-1", serviceWorkers: "block" });
  await page.route(/communities\/[^/]+\/intake/, (route) => route.abort());
  await page.goto(`${BASE}/intake`);
  await page.getByRole("tab", { name: /预告/ }).click();
  await page.getByTestId("due").getByText("尚未读到：请先让本机连网一次").waitFor();
  await page.getByText("没有预告的物件").waitFor({ state: "detached" });
  await page.unroute(/communities\/[^/]+\/intake/);
  await page.reload();
  await page.getByRole("tab", { name: /预告/ }).click();
  await page.getByTestId("due").getByText("尚未读到").waitFor({ state: "detached" });
  await page.context().close();
});
