/** The whole story through the screens: from the gate to the door, as everybody on the way sees it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  accepted, addressed, BASE, departed, desk, household, launch, number, open, PHONE, planned, scans, settled, unlock, withCarrier,
} from "./support.mjs";

const API = `${BASE}/api/v1/communities/willow-court`;
const DESKTOP = { viewport: { width: 1280, height: 900 } };

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

async function lookUp(page, { building, unit, room }, tail) {
  await page.getByLabel("几栋").fill(building);
  await page.getByLabel("几单元").fill(unit);
  await page.getByLabel("门牌号").fill(room);
  await page.locator("#tail").fill(tail);
  await page.getByRole("button", { name: "查一查" }).click();
}

const spots = async (page, list) =>
  page.getByTestId(list).locator("[data-spot]").evaluateAll((all) => all.map((one) => one.dataset.spot));

test("a piece goes from the scanner to the door, and everybody sees it on the way", async () => {
  const door = { building: "2", unit: "1", room: "502" };
  const { page: wall, context: wallContext, errors } = await open(browser, "/board", DESKTOP);
  await wall.locator('[data-testid="link"][data-live="live"]').waitFor();
  const done = async () => Number(await wall.locator("li", { hasText: "今日已送" }).locator("b").innerText());
  const before = await done();
  const { page: gate } = await open(browser, "/intake");
  await household(gate.request, door, "4567");

  // The scanner; one key for the carrier, one for the category, the address as it is shouted.
  await withCarrier(gate);
  await gate.getByRole("button", { name: "药品" }).click();
  const code = await addressed(gate, "2-1-502");
  await gate.keyboard.press("Enter");
  await gate.getByTestId("building").waitFor();
  await settled(gate);

  // The resident, on a phone, without an account.
  const { page: resident, context: residents } = await open(browser, "/track?community=willow-court", PHONE);
  await lookUp(resident, door, "9999");
  await resident.getByTestId("problem").waitFor();
  assert.equal(await resident.getByTestId("coming").count(), 0, "a wrong tail tells nothing");
  await lookUp(resident, door, "4567");
  await resident.getByTestId("coming").waitFor();
  assert.deepEqual(await spots(resident, "coming"), ["to_sort"]);

  // Sorted, planned, loaded and left at the door by a courier with a slip.
  await scans(gate.request, [{ kind: "sort", code }]);
  const { slip, run, volunteer } = await planned(gate.request, [], { parcels: [{ code, door }] });
  const { page: building } = await open(browser, "/building?building=2", DESKTOP);
  await building.getByTestId("door-1-502").waitFor();
  assert.match(await building.getByTestId("trip").innerText(), new RegExp(`志愿者 ${volunteer.slice(-4).toUpperCase()}`));
  assert.match(await building.locator("textarea").inputValue(), /502（1件）/);
  await building.context().close();

  const { page: courier, context: couriers } = await open(browser, slip.path, PHONE);
  await departed(courier, slip, 1);
  await resident.getByRole("button", { name: "再查一次" }).click();
  await resident.locator('[data-spot="loaded"]').waitFor();
  await courier.getByTestId("unit-done").click();
  await courier.getByText("都送完了").waitFor();
  await settled(courier);

  await resident.getByRole("button", { name: "再查一次" }).click();
  await resident.getByTestId("over").getByText("已送到").waitFor();
  // The wall heard of it without being asked.
  await wall.waitForFunction((n) => {
    const figure = [...document.querySelectorAll("li")].find((one) => one.textContent.includes("今日已送"));
    return Number(figure.querySelector("b").textContent) === n;
  }, before + 1);
  await wall.locator("li", { hasText: "今日已送" }).getByRole("button").click();
  await wall.getByTestId("list").getByText(`…${code.slice(-4)}`).waitFor();
  assert.deepEqual(errors, []);
  await desk(gate.request, `runs/${run}`, { kind: "close", counted_back: 0 });
  for (const context of [wallContext, residents, couriers, gate.context()]) await context.close();
});

test("a resident is told what to do whatever goes wrong", async () => {
  const { page, context } = await open(browser, "/track?community=willow-court", PHONE);
  await page.getByRole("button", { name: "查一查" }).click();
  await page.getByText("请把四格都填好").waitFor();
  const door = { building: "3", unit: "1", room: "1204" };
  await household(page.request, door, "7788");
  await lookUp(page, door, "7788");
  await page.getByTestId("nothing").waitFor();
  await context.setOffline(true);
  await page.getByRole("button", { name: "再查一次" }).click();
  await page.getByText("手机没有网络").waitFor();
  await context.setOffline(false);
  // Asked too often: it says how long to wait, and nobody can try tails out.
  for (let n = 0; n < 5; n++) {
    const answered = page.waitForResponse(/look-up/);
    await page.getByRole("button", { name: "再查一次" }).click();
    await answered;
  }
  await page.getByText(/查询过于频繁：请 \d+ 分钟后再试/).waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByText(/try again in \d+ minutes/).waitFor();
  await page.getByRole("button", { name: "Another door" }).click();
  assert.equal(await page.locator("#tail").inputValue(), "", "the tail is not kept");
  await page.reload();
  assert.equal(await page.getByLabel("Door").inputValue(), "1204", "the door is");
  await context.close();
});

test("a building's volunteer reads, copies and prints one page", async () => {
  const { page: gate } = await open(browser, "/intake");
  const door = { building: "1", unit: "2", room: "402" };
  await household(gate.request, door, "1212", { phone_only: true });
  const { volunteer } = await planned(gate.request, [], { parcels: [{ code: number(), door }] });
  const { page, context } = await open(browser, "/building", DESKTOP);
  await page.getByRole("button", { name: /1栋/ }).click();
  await page.getByTestId("door-2-402").waitFor();
  await page.getByTestId("calls").getByText("只能接电话").first().waitFor();
  const text = await page.locator("textarea").inputValue();
  assert.match(text, /【1栋 送货通知】/);
  assert.doesNotMatch(text, /药品/, "a chat is no place for what is inside");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "复制" }).click();
  await page.getByText("已复制").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  await page.emulateMedia({ media: "print" });
  const sheet = page.getByTestId("a4");
  assert.ok(await sheet.isVisible());
  assert.match(await sheet.innerText(), new RegExp(`4 楼[\\s\\S]*402[\\s\\S]*`));
  assert.match(await sheet.innerText(), new RegExp(volunteer.slice(-4).toUpperCase()));
  assert.ok(!(await page.getByRole("button", { name: "复制" }).isVisible()), "paper has no buttons");
  await page.emulateMedia({ media: "screen" });
  await context.route("**/api/**", (route) => route.abort());
  await page.getByRole("button", { name: "5 天" }).click();
  await page.getByText("连不上服务器").waitFor();
  await context.close();
  await gate.context().close();
});

/** A building's figure, once it has been told. */
async function waitingAt(tile) {
  await tile.getByText(/^\d+$/).waitFor();
  return Number(await tile.textContent());
}

test("the wall lives on its own, opens the list of every figure, looks back and can be stopped", async () => {
  const { page, context, errors, outside } = await open(browser, "/board", { viewport: { width: 1920, height: 1080 } });
  await page.locator('[data-testid="link"][data-live="live"]').waitFor();
  const tile = page.locator('[data-building="3"] .waiting');
  const before = await waitingAt(tile);
  const polls = [];
  page.on("request", (request) => /graphql|board/.test(request.url()) && polls.push(request.url()));
  const began = Date.now();
  const code = number();
  await scans(page.request, [{ kind: "arrive", code, carrier: "sf", door: { building: "3", unit: "1", room: "301" } }]);
  await page.waitForFunction((n) => Number(document.querySelector('[data-building="3"] .waiting').textContent) === n, before + 1);
  console.log(`# the wall showed it after ${Date.now() - began} ms`);
  assert.deepEqual(polls, [], "nobody asked");

  for (const button of await page.locator(".totals button, td button").all()) {
    const figure = Number((await button.innerText()).match(/\d+/)[0]);
    await button.click();
    const told = await page.getByTestId("list-count").innerText();
    assert.equal(Number(told.match(/\d+/)[0]), figure, await page.locator("#list-title").innerText());
    await page.getByTestId("list").getByRole("button", { name: "关闭" }).click();
  }
  // A closing list gives the focus back; only then is it somebody's to move.
  await page.getByTestId("list").waitFor({ state: "hidden" });
  await page.locator('[data-building="3"]').press("Enter");
  await page.getByTestId("list").getByText(`…${code.slice(-4)}`).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("导出 CSV").click()]);
  assert.match(download.suggestedFilename(), /pieces.*\.csv/);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "暂停" }).click();
  await page.getByText("已暂停更新").waitFor();
  await scans(page.request, [{ kind: "arrive", code: number(), carrier: "sf", door: { building: "3", unit: "1", room: "301" } }]);
  // Another wall has heard of it; this one would have, too.
  const { page: other, context: others } = await open(browser, "/board", DESKTOP);
  await other.waitForFunction((n) => Number(document.querySelector('[data-building="3"] .waiting')?.textContent) === n, before + 2);
  await others.close();
  assert.equal(Number(await tile.textContent()), before + 1, "it stands still");
  await page.getByRole("button", { name: "继续" }).click();
  await page.waitForFunction((n) => Number(document.querySelector('[data-building="3"] .waiting').textContent) === n, before + 2);

  // Whoever stopped it and then looks back goes on with the live wall.
  await page.getByRole("button", { name: "暂停" }).click();
  await page.getByText("已暂停更新").waitFor();
  await page.locator("#back").evaluate((slider) => {
    slider.value = String(Number(slider.max) - 95);
    slider.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // The engine is younger than that: the wall says so, and shows nothing of another time.
  await page.getByText("显示过去的情况").waitFor();
  await page.getByText("当时没有社区").waitFor();
  assert.equal(await page.locator(".totals").count(), 0, "no figures of now under a time of the past");
  assert.equal(await page.evaluate(() => document.querySelector("#back").value), "1");
  await page.getByRole("button", { name: "实时" }).click();
  await page.locator('[data-testid="link"][data-live="live"]').waitFor();
  await page.locator('button[aria-pressed="false"]', { hasText: "暂停" }).waitFor();
  assert.deepEqual(errors, []);
  assert.deepEqual(outside, []);
  await context.close();
});

test("a wall needs no scrolling, and is read from across the room", async () => {
  for (const language of ["中文", "English"]) {
    const { page, context } = await open(browser, "/board", { viewport: { width: 1920, height: 1080 } });
    await page.locator('[data-testid="link"][data-live="live"]').waitFor();
    if (language === "English") await page.getByRole("button", { name: language }).click();
    const tall = await page.evaluate(() => document.documentElement.scrollHeight);
    assert.ok(tall <= 1080, `${tall} px tall`);
    // Nothing lies over anything else, and everything is on the screen.
    const boxes = await page.locator(".totals, .plan, .grids, .side, .time").evaluateAll((all) =>
      all.map((one) => [one.className, one.getBoundingClientRect()]).map(([name, { top, bottom, left, right }]) => ({ name, top, bottom, left, right })));
    assert.equal(boxes.length, 5);
    for (const [at, a] of boxes.entries()) {
      assert.ok(a.bottom <= 1080 && a.right <= 1920, `${a.name} is on the screen`);
      for (const b of boxes.slice(at + 1)) {
        const apart = a.bottom <= b.top || b.bottom <= a.top || a.right <= b.left || b.right <= a.left;
        assert.ok(apart, `${a.name} lies over ${b.name}`);
      }
    }
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("#app :is(span, b, p, h2, th, td, label, output, button, time)")]
        .filter((one) => one.offsetParent && !one.closest("dialog, .unseen") && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
        .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 20)
        .map((one) => one.textContent));
    assert.deepEqual(small, [], "nothing is smaller than 20 px");
    await context.close();
  }
});

test("a community that is not there is no empty wall and no empty building", async () => {
  for (const path of ["/board?community=nowhere", "/building?community=nowhere"]) {
    const { page, context, errors } = await open(browser, path, DESKTOP);
    await page.getByRole("alert").getByText(/没有社区|nowhere/).waitFor();
    await page.getByRole("button", { name: "开始" }).click();
    await page.locator(path.startsWith("/board") ? ".totals" : ".choices").waitFor();
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test("a late answer of another building is dropped", async () => {
  const { page, context } = await open(browser, "/building?building=1", DESKTOP);
  await page.locator(".plate .name").waitFor();
  let late;
  const held = new Promise((resume) => (late = resume));
  let over;
  const told = new Promise((resume) => (over = resume));
  await page.route("**/buildings/1?**", async (route) => {
    await held;
    await route.continue();
    over();
  });
  await page.getByRole("button", { name: "5 天" }).click();
  await page.getByRole("button", { name: "换一栋" }).click();
  await page.getByRole("button", { name: /2栋/ }).click();
  await page.locator(".plate .name", { hasText: "2栋" }).waitFor();
  const answered = page.waitForResponse(/buildings\/1\?/);
  late();
  await Promise.all([told, answered]);
  await page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => setTimeout(resume, 50))));
  assert.match(await page.locator(".plate .name").innerText(), /2栋/);
  await context.close();
});

test("a browser that keeps nothing shows every page all the same", async () => {
  const context = await browser.newContext(DESKTOP);
  await context.addInitScript(() => {
    for (const name of ["getItem", "setItem", "removeItem"]) {
      Storage.prototype[name] = () => {
        throw new DOMException("no storage here", "SecurityError");
      };
    }
  });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const run = crypto.randomUUID();
  for (const [path, there] of [
    ["/", "nav"], ["/intake", "#badge"], ["/desk", "#badge"], ["/labels", "form"], [`/route?community=willow-court&run=${run}`, "#pin"],
    ["/board?community=willow-court", ".totals"], ["/building?community=willow-court&building=1", ".plate .name"],
    ["/track?community=willow-court", "#tail"],
  ]) {
    await page.goto(BASE + path);
    await page.locator(there).first().waitFor();
  }
  assert.deepEqual(errors, []);
  await context.close();
});

test("where live updates do not get through the wall says so and asks by itself", async () => {
  const { page, context } = await open(browser, "/", { viewport: { width: 1280, height: 900 } });
  await page.routeWebSocket(/graphql/, (socket) => socket.close());
  await page.goto(`${BASE}/board`);
  await page.locator('[data-testid="link"][data-live="polling"]').waitFor();
  await page.getByText("推送不通").waitFor();
  const tile = page.locator('[data-building="2"] .waiting');
  const before = await waitingAt(tile);
  await scans(page.request, [{ kind: "arrive", code: number(), carrier: "sf", door: { building: "2", unit: "1", room: "301" } }]);
  await page.waitForFunction((n) => Number(document.querySelector('[data-building="2"] .waiting').textContent) === n, before + 1);
  await page.getByRole("button", { name: "English" }).click();
  await page.getByText("Live updates do not get through: read every 5 s instead").waitFor();
  await context.route("**/graphql", (route) => route.abort());
  await page.getByRole("alert").getByText(/^No server: this is \d+ seconds old, and follows by itself/).waitFor();
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("alert").getByText(/^连不上服务器：显示的是 \d+ 秒前的情况，恢复后自动更新/).waitFor();
  await context.close();
});

test("a wall without a network says at once that it is behind, and catches up by itself", async () => {
  const { page, context } = await open(browser, "/", { viewport: { width: 1920, height: 1080 } });
  // The socket that is open says nothing any more, and no other one is to be had.
  let cut = false;
  let late = [];
  await page.routeWebSocket(/graphql/, (socket) => {
    if (cut) return socket.close();
    const server = socket.connectToServer();
    // The second view comes later than the first.
    server.onMessage((message) => (late && JSON.parse(message).id === "1" ? late.push([socket, message]) : socket.send(message)));
  });
  await page.goto(`${BASE}/board`);
  await page.locator('[data-testid="link"][data-live="live"]').waitFor();
  const tile = page.locator('[data-building="3"] .waiting');
  assert.equal(await tile.textContent(), "–", "a queue that nobody has told is none that is empty");
  const held = late;
  late = null;
  for (const [socket, message] of held) socket.send(message);
  const before = await waitingAt(tile);
  cut = true;
  await context.setOffline(true);
  const behind = page.getByRole("alert").getByText(/^没有网络：显示的是 \d+ 秒前的情况，恢复后自动更新/);
  // A socket that only falls silent is given up after fifty seconds; this is told by the browser.
  await behind.waitFor({ timeout: 30_000 });
  assert.notEqual(await page.getByTestId("link").getAttribute("data-live"), "live");
  await page.getByText("推送不通，改为每 5 秒读取").waitFor();
  // What it knew stays, under the time at which it was so.
  const known = await page.getByTestId("as-of").innerText();
  const seconds = async () => Number((await page.getByRole("alert").innerText()).match(/\d+/)[0]);
  const first = await seconds();
  await page.waitForFunction((n) => Number(document.querySelector("[role=alert]").textContent.match(/\d+/)[0]) > n, first);
  assert.equal(await page.getByTestId("as-of").innerText(), known);
  assert.equal(Number(await tile.textContent()), before);
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("alert").getByText(/^No network: this is \d+ seconds old, and follows by itself when it is back/).waitFor();
  await page.getByText("Live updates do not get through: read every 5 s instead").waitFor();

  const { page: gate } = await open(browser, "/intake");
  await scans(gate.request, [{ kind: "arrive", code: number(), carrier: "sf", door: { building: "3", unit: "1", room: "301" } }]);
  cut = false;
  await context.setOffline(false);
  await page.locator('[data-testid="link"][data-live="live"]').waitFor();
  await page.waitForFunction((n) => Number(document.querySelector('[data-building="3"] .waiting').textContent) === n, before + 1);
  await page.getByRole("alert").waitFor({ state: "detached" });
  await gate.context().close();
  await context.close();
});

test("a slip is printed with a code that phones can read, and its PIN opens the run once", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { run, slip } = await planned(gate.request, ["401"]);
  const { page, context } = await open(browser, `/labels?run=${run}`, DESKTOP);
  await page.getByTestId(`line-${run}`).getByRole("button", { name: "打印领取单" }).click();
  await page.getByTestId("slip").waitFor();
  const pin = await page.getByTestId("pin").innerText();
  assert.match(pin, /^\d{4}$/);
  assert.equal(await page.getByTestId("qr").getAttribute("data-address"), `${BASE}/route?community=willow-court&run=${run}`);
  const [phone, late] = [pin, slip.pin];
  if (late !== phone) {
    const { page: stale, context: staleContext } = await open(browser, slip.path, PHONE);
    await unlock(stale, { pin: late });
    await stale.getByText("口令不对").waitFor();
    await staleContext.close();
  }
  const { page: courier, context: couriers } = await open(browser, slip.path, PHONE);
  await accepted(courier, { pin });
  // Another slip is printed: this phone says so, and goes on with the new PIN.
  const again = await (await gate.request.post(`${API}/runs/${run}/slip`, { data: { command_id: crypto.randomUUID(), actor: "desk-1" } })).json();
  await courier.getByTestId("new-slip").waitFor({ timeout: 20_000 });
  await unlock(courier, again);
  await courier.getByTestId("new-slip").waitFor({ state: "detached" });
  await courier.getByRole("button", { name: "交还这一趟" }).click();
  await courier.getByTestId("handed-back").waitFor();
  for (const one of [context, couriers, gate.context()]) await one.close();
});
