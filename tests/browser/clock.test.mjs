/** Every time on a screen is the community's, whatever zone the device is in that shows it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BASE, burst, household, launch, loaded, number, open, PHONE, planned, settled, withCarrier } from "./support.mjs";

const API = `${BASE}/api/v1/communities/willow-court`;
const HERE = "Asia/Shanghai";
/** Sixteen hours behind in winter: the day is another one for two thirds of the day there. */
const AWAY = { timezoneId: "America/Los_Angeles" };
const HOUR_MS = 3_600_000;

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const clock = (time) => new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: HERE }).format(time);
const day = (time) => new Intl.DateTimeFormat("en-CA", { timeZone: HERE }).format(time);
/** The community has no summer time. */
const moment = (date, time) => new Date(`${date}T${time}:00+08:00`);

/** Waits until a text is a time that it is in the community now, or was a minute ago. */
async function showsNow(locator) {
  const said = async () => (await locator.innerText()).match(/\d\d:\d\d/)?.[0];
  const right = () => [0, 60_000].some((ago) => clock(Date.now() - ago) === lastSaid);
  let lastSaid = await said();
  for (let turn = 0; turn < 100 && !right(); turn++) {
    await locator.page().evaluate(() => new Promise((resume) => requestAnimationFrame(resume)));
    lastSaid = await said();
  }
  assert.ok(right(), `${lastSaid} is shown when it is ${clock(Date.now())}`);
}

test("the wall, the gate and the desk tell the community's time to a device from elsewhere", async () => {
  const { page, context, errors } = await open(browser, "/board", AWAY);
  await page.locator('[data-live="live"]').waitFor();
  await showsNow(page.getByTestId("as-of"));
  await page.goto(`${BASE}/intake`);
  await withCarrier(page);
  await burst(page, number());
  await settled(page);
  await showsNow(page.getByTestId("last-five").locator("time").first());

  // The desk opens at the moment of the community's day, and looks back by its clock.
  await page.goto(`${BASE}/desk`);
  await page.getByTestId("checks").waitFor();
  const hour = Number(clock(Date.now()).slice(0, 2));
  const stage = hour < 11 ? "morning" : hour < 15 ? "noon" : hour < 20 ? "dusk" : "close";
  await page.locator(`nav a[href="#/${stage}"][aria-current="page"]`).waitFor();
  const back = new Date(Date.now() - HOUR_MS);
  const asked = page.waitForRequest((request) => /\/board\?asOf=/.test(request.url()));
  await page.locator("#as-of").fill(clock(back));
  await page.getByRole("button", { name: "查看" }).click();
  const asOf = new URL((await asked).url()).searchParams.get("asOf");
  assert.equal(Date.parse(asOf), moment(day(back), clock(back)).getTime());
  await page.getByText(`显示 ${clock(back)} 的情况`).waitFor();
  await page.getByRole("button", { name: "回到现在" }).click();

  // A shift begins when the clock at the gate says so.
  const { volunteer } = await planned(page.request, ["202"]);
  await page.goto(`${BASE}/desk#/people?who=${volunteer}`);
  const person = page.locator(`[data-volunteer="${volunteer}"]`);
  await person.getByRole("combobox").first().selectOption("tomorrow");
  await person.getByLabel("从").fill("21:30");
  await person.getByLabel("到").fill("01:15");
  await person.getByRole("button", { name: "加班次" }).click();
  await person.getByText("21:30–01:15").last().waitFor();
  const { shifts } = (await (await page.request.get(`${API}/volunteers`)).json()).find((one) => one.id === volunteer);
  const tomorrow = day(Date.now() + 24 * HOUR_MS);
  const from = moment(tomorrow, "21:30");
  const added = shifts.find((one) => Date.parse(one.from) === from.getTime());
  assert.equal(Date.parse(added?.until), from.getTime() + 3.75 * HOUR_MS, JSON.stringify(shifts));
  assert.deepEqual(errors, []);
  await context.close();
});

test("a phone from elsewhere tells the community's time, also after a start without a network", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip } = await planned(gate.request, ["501"]);
  const { page, context } = await open(browser, slip.path, { ...PHONE, ...AWAY });
  await loaded(page, slip);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await page.getByRole("tab", { name: "本机发送记录" }).click();
  await showsNow(page.getByTestId("sent").locator("time").first());
  await context.close();

  // Today's run is today's: no other day stands beside it.
  const { page: volunteer, context: volunteers } = await open(browser, "/building?building=1", AWAY);
  await showsNow(volunteer.getByTestId("as-of"));
  const trip = volunteer.getByTestId("trip").first();
  await trip.waitFor();
  assert.doesNotMatch(await trip.locator(".head").innerText(), /月/);
  await volunteers.close();

  const door = { building: "1", unit: "1", room: "502" };
  await household(gate.request, door, "6611");
  const { page: resident, context: residents } = await open(browser, "/track?community=willow-court&building=1&unit=1&room=502", { ...PHONE, ...AWAY });
  await resident.locator("#tail").fill("6611");
  await resident.getByRole("button", { name: "查一查" }).click();
  await showsNow(resident.locator(".who .figures").last());
  await residents.close();
  await gate.context().close();
});
