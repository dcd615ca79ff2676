/** The whole story in a browser: scanned at the gate, up the stairs without a signal, left at the door. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  accepted, addressed, BASE, departed, desk, launch, loaded, number, open, PHONE, planned, scans, settled, unlock,
  withCarrier,
} from "./support.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** The different codes in a picture, by the decoder of the pages. */
async function decoded(page, png) {
  return page.evaluate(async (data) => {
    const worker = await (await fetch("/sw.js")).text();
    const { openDecoder } = await import(/\/assets\/decoder-[\w-]+\.js/.exec(worker)[0]);
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))]));
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const decode = await openDecoder();
    return [...new Set(await decode(context.getImageData(0, 0, image.width, image.height)))];
  }, png.toString("base64"));
}

test("a piece goes from the gate to its door, and the stairwell has no signal", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip, run } = await planned(gate.request, ["601", "301", "302"]);
  const { page, context, errors, outside } = await open(browser, slip.path, PHONE);
  await loaded(page, slip);
  await page.getByText("3 / 3").waitFor();
  await page.locator("#counted").fill("2");
  await page.getByText("您数了 2 件，登记的是 3 件").waitFor();
  await page.locator("#counted").fill("3");
  await page.getByRole("button", { name: "出发" }).click();
  await settled(page);
  await page.getByTestId("stops").waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready);

  await context.setOffline(true);
  // Nobody answers at 302; everything else of the stairwell is left in one touch.
  const stop = page.getByTestId("stop-1-1-302");
  await stop.getByRole("button", { name: "没送到" }).click();
  await stop.getByRole("button", { name: "无人应答" }).click();
  await stop.waitFor({ state: "detached" });
  await page.getByTestId("unit-done").click();
  await page.locator('[data-link="no_network"][data-waiting="3"]').waitFor();
  await page.reload();
  await page.locator('[data-waiting="3"]').waitFor();
  await page.getByText("都送完了").waitFor();
  assert.equal(await page.getByTestId("finished").locator("li.pending").count(), 3);
  await context.setOffline(false);
  await settled(page);
  await page.getByTestId("finished").locator("li.pending").first().waitFor({ state: "detached" });

  const seen = await (await gate.request.get(`${BASE}/api/v1/communities/willow-court/runs/${run}`)).json();
  const statuses = seen.pieces.map((piece) => piece.status).sort();
  assert.deepEqual(statuses, ["delivered", "delivered", "failed"]);
  assert.match(await page.getByTestId("climbed").innerText(), /5 层 · 3 户/);

  // Reopened all day, and the engine's answer to each item can be read.
  await page.getByTestId("finished").locator("li", { hasText: "1-1-301" }).getByRole("button", { name: "重新打开" }).click();
  await page.getByTestId("stop-1-1-301").waitFor();
  await page.getByTestId("stop-1-1-301").getByRole("button", { name: "已放门口" }).click();
  // It can be undone for ten seconds, however long its answer takes.
  await page.getByTestId("undo").click();
  await page.getByTestId("stop-1-1-301").waitFor();
  await page.getByRole("tab", { name: "本机发送记录" }).click();
  await page.getByTestId("sent").locator("li.accepted").nth(8).waitFor();
  assert.deepEqual(errors, []);
  assert.deepEqual(outside, []);
  await context.close();
  await gate.context().close();
});

const read = async (request, run) =>
  (await request.get(`${BASE}/api/v1/communities/willow-court/runs/${run}`)).json();

test("a door that others take off is struck through, with why and since when, until it was seen", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip, run } = await planned(gate.request, ["501", "401", "101"]);
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await accepted(page, slip);
  const known = await read(gate.request, run);
  const stops = known.stops.map(({ door, parcels }) => ({ door, parcels }));
  const kept = stops.filter((stop) => stop.door.room !== "401");
  await desk(gate.request, `runs/${run}`, { kind: "replan", stops: kept, reason: { zone_closed: "东片" } }, known.revision);
  const changes = page.getByTestId("changes");
  await changes.locator("s", { hasText: "1-1-401" }).waitFor({ timeout: 20_000 });
  assert.match(await changes.locator("li").innerText(), /^1-1-401\s+取消 \d\d:\d\d · 封控区 东片 已关闭或即将关闭$/);
  await page.getByText("0 / 2").waitFor();
  // A phone that is switched off and on again tells it all the same.
  await page.reload();
  await changes.locator("s", { hasText: "1-1-401" }).waitFor();
  await changes.getByRole("button", { name: "知道了" }).click();
  await changes.waitFor({ state: "detached" });
  const sheets = `${BASE}/api/v1/communities/willow-court/run-sheets/${run}`;
  await page.waitForFunction(async (path) => (await (await fetch(path)).json()).edition_seen === 2, sheets);
  await page.reload();
  await page.getByTestId("load-count").waitFor();
  assert.equal(await changes.count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

test("a building that is sealed on the way is left out, brought back in one touch, or gone to when it opens", async () => {
  const { page: gate } = await open(browser, "/intake");
  const door = { building: "2", unit: "1", room: "301" };
  const { slip, run } = await planned(gate.request, ["501", "401"], { parcels: [{ code: number(), door }, { code: number(), door: { ...door, room: "201" } }] });
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await departed(page, slip, 4);
  await desk(gate.request, `runs/${run}`, { kind: "pause_building", building: "1", zone: "东片" });
  await page.getByTestId("paused-1").getByText("1栋 · 已封控").waitFor({ timeout: 20_000 });
  // The big button is the next building's now: nothing of the sealed one is left at a door by it.
  await page.getByTestId("stop-2-1-301").waitFor();
  assert.equal(await page.getByTestId("stop-1-1-501").count(), 0);
  await page.getByTestId("unit-done").click();
  await page.getByTestId("stop-2-1-301").waitFor({ state: "detached" });
  await page.getByTestId("shut").locator("li", { hasText: "1-1-401" }).getByRole("button", { name: "带回" }).click();
  assert.equal(await page.getByText("都送完了").count(), 0, "one door is not settled yet");
  await desk(gate.request, `runs/${run}`, { kind: "resume_building", building: "1" });
  await page.getByTestId("stop-1-1-501").waitFor({ timeout: 20_000 });
  await page.getByTestId("unit-done").click();
  await page.getByText("都送完了").waitFor();
  await settled(page);
  const statuses = (await read(gate.request, run)).pieces.map((piece) => piece.status).sort();
  assert.deepEqual(statuses, ["delivered", "delivered", "delivered", "failed"]);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

/** When the sheet was written that this phone keeps. */
const keptAt = (page, run) =>
  page.evaluate(async (run) => {
    const open = indexedDB.open("lastmeter");
    const db = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
    const asked = db.transaction("kept").objectStore("kept").get(`run-${run}`);
    const kept = await new Promise((resolve) => (asked.onsuccess = () => resolve(asked.result)));
    db.close();
    return kept.at;
  }, run);

/** Waits until this phone keeps another sheet than the one of that time. */
async function rewritten(page, run, before) {
  const patience = Date.now() + 30_000;
  while ((await keptAt(page, run)) === before) {
    assert.ok(Date.now() < patience, "no other sheet was kept");
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

test("a sheet that was asked for before the courier went does not take the way back, also in the stairwell", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip, run } = await planned(gate.request, ["501", "401"]);
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await loaded(page, slip);
  await page.evaluate(() => navigator.serviceWorker.ready);
  // The next sheet is written now, and gets here after the departure.
  let [tellHeld, letGo] = [];
  const [held, gone] = [new Promise((resolve) => (tellHeld = resolve)), new Promise((resolve) => (letGo = resolve))];
  await page.route("**/sheet", async (route) => {
    const response = await route.fetch();
    tellHeld();
    await gone;
    await route.fulfill({ response });
  }, { times: 1 });
  await held;
  // Nobody hears of the departure: there is no signal any more behind the door.
  await page.route("**/api/v1/scans", (route) => route.abort());
  await page.locator("#counted").fill("2");
  await page.getByRole("button", { name: "出发" }).click();
  await page.getByTestId("stops").waitFor();
  const before = await keptAt(page, run);
  letGo();
  await rewritten(page, run, before);
  await context.setOffline(true);
  await page.getByTestId("stop-1-1-501").waitFor();
  await page.reload();
  await page.getByTestId("unit-done").click();
  await page.getByText("都送完了").waitFor();
  await context.setOffline(false);
  await page.unroute("**/api/v1/scans");
  await settled(page);
  const statuses = (await read(gate.request, run)).pieces.map((piece) => piece.status);
  assert.deepEqual(statuses, ["delivered", "delivered"]);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

test("doors that were left without a signal stay left when their answer comes and no sheet after it", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip, run } = await planned(gate.request, ["601", "501"]);
  const { page, context, errors } = await open(browser, slip.path, { ...PHONE, serviceWorkers: "block" });
  await departed(page, slip, 2);
  let through = "nothing";
  await page.route(/\/(scans|sheet)$/, (route) => (route.request().url().endsWith(through) ? route.continue() : route.abort()));
  await page.getByTestId("unit-done").click();
  await page.getByText("都送完了").waitFor();
  // Some floors later a sheet gets through that the engine wrote before it heard of anything.
  await page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 45_000;
  });
  const before = await keptAt(page, run);
  through = "/sheet";
  await rewritten(page, run, before);
  through = "/scans";
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await settled(page);
  await page.locator(".pending").first().waitFor({ state: "detached" });
  await page.getByText("都送完了").waitFor();
  assert.equal(await page.getByTestId("unit-done").count(), 0, "what is at its door is not left once more");
  const statuses = (await read(gate.request, run)).pieces.map((piece) => piece.status);
  assert.deepEqual(statuses, ["delivered", "delivered"]);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

test("what was never loaded is not told as left at its door, and nobody climbed for it", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip } = await planned(gate.request, ["601", "501"]);
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await unlock(page, slip);
  await page.getByRole("button", { name: "领取这一趟" }).waitFor();
  const climbed = async () => assert.match(await page.getByTestId("climbed").innerText(), /0 层 · 0 户/);
  await climbed();
  await page.getByRole("button", { name: "领取这一趟" }).click();
  await page.locator("button.load", { hasText: "1-1-501" }).click();
  await page.locator("#counted").fill("1");
  await page.getByRole("button", { name: "出发" }).click();
  await page.getByTestId("stop-1-1-501").waitFor();
  await page.getByText("没有上车，留在架上").waitFor();
  await page.getByTestId("on-shelf").locator("li", { hasText: "1-1-601" }).getByText("1 件").waitFor();
  assert.equal(await page.getByTestId("finished").count(), 0);
  await climbed();
  await page.getByTestId("unit-done").click();
  await page.getByText("都送完了").waitFor();
  assert.match(await page.getByTestId("climbed").innerText(), /4 层 · 1 户/);
  assert.match(await page.getByTestId("finished").innerText(), /^1-1-501/);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

test("what the engine does not take is explained at its door until that door is touched again", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip, run } = await planned(gate.request, ["601", "501", "401"]);
  const parcels = (await read(gate.request, run)).stops.map((stop) => stop.parcels[0]);
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await accepted(page, slip);
  await scans(gate.request, [{ kind: "damage", code: parcels[2], usable: false }]);
  for (const button of await page.locator("button.load").all()) await button.click();
  const loading = page.locator("li", { has: page.locator("button.load", { hasText: "1-1-401" }) });
  await loading.getByRole("alert").getByText("没有采纳 · 此件已损坏不可用").waitFor();
  await page.getByText("2 / 3").waitFor();
  await page.locator("#counted").fill("2");
  await page.getByRole("button", { name: "出发" }).click();
  await page.getByTestId("stop-1-1-601").waitFor();
  await page.getByTestId("on-shelf").getByTestId("not-taken").waitFor();
  await scans(gate.request, [{ kind: "recall", code: parcels[0], recall: "batch-1" }]);
  await page.getByTestId("unit-done").click();
  const stop = page.getByTestId("stop-1-1-601");
  await stop.getByRole("alert").getByText("没有采纳 · 此件已被召回").waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await stop.getByRole("alert").getByText(/^Not taken · .*recalled/).waitFor();
  await page.getByRole("button", { name: "中文" }).click();
  // A phone that is switched off and on again tells it all the same, until something else was done there.
  await page.reload();
  await stop.getByRole("alert").waitFor();
  await stop.getByRole("button", { name: "没送到" }).click();
  await stop.getByRole("button", { name: "拒收" }).click();
  await page.getByText("都送完了").waitFor();
  await settled(page);
  await page.getByTestId("finished").locator("li.pending").first().waitFor({ state: "detached" });
  assert.equal(await page.getByTestId("finished").getByTestId("not-taken").count(), 0);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

test("a door that was given up by mistake, or too early, is left after all", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip, run } = await planned(gate.request, ["601"]);
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await departed(page, slip, 1);
  const stop = page.getByTestId("stop-1-1-601");
  await stop.getByRole("button", { name: "没送到" }).click();
  await stop.getByRole("button", { name: "无人应答" }).click();
  await settled(page);
  await page.getByText("还有 1 件要带回接收点").waitFor();
  const line = page.getByTestId("finished").locator("li", { hasText: "1-1-601" });
  await line.getByRole("button", { name: "已放门口" }).click();
  await line.getByRole("button", { name: "重新打开" }).waitFor();
  assert.equal(await line.getByRole("button", { name: "已放门口" }).count(), 0);
  await settled(page);
  assert.deepEqual((await read(gate.request, run)).pieces.map((piece) => piece.status), ["delivered"]);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

test("a departure that is not taken says why, and counts what is at its door already", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip, run } = await planned(gate.request, ["601", "501"]);
  const other = (await read(gate.request, run)).stops[1].parcels[0];
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await accepted(page, slip);
  await page.locator("button.load").first().click();
  await settled(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.locator("#counted").fill("1");
  await page.getByRole("button", { name: "出发" }).click();
  await page.getByTestId("unit-done").click();
  await page.getByText("都送完了").waitFor();
  // Somebody at the gate hands the courier's helper one more, which this phone has not seen.
  await scans(gate.request, [{ kind: "load", code: other, run }]);
  await context.setOffline(false);
  await page.getByTestId("stayed").getByText("没有采纳").waitFor({ timeout: 20_000 });
  await page.getByText("2 / 2").waitFor();
  assert.ok(await page.locator("button.load", { hasText: "1-1-601" }).isDisabled(), "it is at its door");
  await page.locator("#counted").fill("2");
  await page.getByRole("button", { name: "出发" }).click();
  await page.getByTestId("stop-1-1-501").waitFor();
  await settled(page);
  assert.equal((await read(gate.request, run)).phase, "departed");
  assert.match(await page.getByTestId("finished").innerText(), /^1-1-601/);
  assert.deepEqual(errors, []);
  await context.close();
  await gate.context().close();
});

test("a thumb that touches twice leaves one stairwell's pieces, not the next one's too", async () => {
  const { page: gate } = await open(browser, "/intake");
  const door = { building: "1", unit: "2", room: "301" };
  const { slip } = await planned(gate.request, ["501"], { parcels: [{ code: number(), door }] });
  const { page, context } = await open(browser, slip.path, PHONE);
  await departed(page, slip, 2);
  const big = page.getByTestId("unit-done");
  const { x, y, width, height } = await big.boundingBox();
  assert.ok(height >= 60 && width >= 360, `${width} x ${height} px`);
  const touch = () => page.touchscreen.tap(x + width / 2, y + height / 2);
  await touch();
  await page.getByTestId("stop-1-2-301").waitFor();
  await touch();
  await page.getByTestId("finished").locator("li").nth(1).waitFor({ timeout: 400 }).then(() => assert.fail("both are gone"), () => {});
  // A moment later it is meant; and nothing else lies where the thumb lies.
  await big.click();
  await page.getByText("都送完了").waitFor();
  await context.close();
  await gate.context().close();
});

test("a touch that the phone cannot keep is told, and counts when it is touched again", async () => {
  const { page: gate, context: gates } = await open(browser, "/intake");
  const { run, slip } = await planned(gate.request, ["301", "302"]);
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await departed(page, slip, 2);
  await page.evaluate(() => {
    const whole = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function () {
      IDBObjectStore.prototype.add = whole;
      throw new DOMException("no room", "QuotaExceededError");
    };
  });
  await page.getByTestId("unit-done").click();
  await page.getByTestId("unkept").waitFor();
  await page.getByTestId("unit-done").click();
  await page.getByText("都送完了").waitFor();
  await page.getByTestId("unkept").waitFor({ state: "detached" });
  await settled(page);
  const statuses = (await read(gate.request, run)).pieces.map((piece) => piece.status);
  assert.deepEqual(statuses, ["delivered", "delivered"]);
  assert.deepEqual(errors, []);
  await context.close();
  await gates.close();
});

test("a wrong PIN opens nothing", async () => {
  const { page: gate } = await open(browser, "/intake");
  const { slip } = await planned(gate.request, ["201"]);
  const { page, context } = await open(browser, slip.path, PHONE);
  await unlock(page, { pin: slip.pin === "0000" ? "0001" : "0000" });
  await page.getByText("口令不对").waitFor();
  await unlock(page, slip);
  await page.getByRole("button", { name: "领取这一趟" }).waitFor();
  await context.close();
  await gate.context().close();
});

test("a label is drawn, printed from the browser and fetched for a printer", async () => {
  const { page, context } = await open(browser, "/intake");
  await withCarrier(page);
  const waybill = await addressed(page, "3-1-1204");
  await page.keyboard.press("Enter");
  await page.getByTestId("building").waitFor();
  const code = await page.getByTestId("label").innerText();
  // Where no printer is, the short code is written by hand, whatever was scanned to find it.
  await page.goto(`${BASE}/labels?code=${waybill}`);
  await page.getByTestId("label").waitFor();
  assert.match(await page.locator(".write").innerText(), new RegExp(`${code}$`));
  await page.locator("#code").fill("");
  await page.getByRole("button", { name: "查找" }).click();
  await page.locator(".sheet .hint").getByText("先扫描一件").waitFor();
  await page.goto(`${BASE}/labels?code=${code}`);
  await page.getByTestId("label").waitFor();
  for (const format of ["tspl", "zpl", "escpos"]) {
    const path = `${BASE}/api/v1/communities/willow-court/labels/${code}?paper=60x40&format=${format}`;
    const answer = await page.request.get(path);
    assert.equal(answer.status(), 200, await answer.text());
    assert.ok((await answer.body()).length > 4_000, format);
  }
  // What the screen shows is read back by the decoder that couriers' phones use.
  for (const paper of ["60×40", "100×150", "58", "80"]) {
    await page.getByRole("button", { name: new RegExp(`^${paper}`) }).click();
    const drawn = page.locator(`[data-testid="label"].paper-${{ "60×40": "60x40", "100×150": "100x150" }[paper] ?? paper}`);
    await drawn.waitFor();
    await drawn.evaluate((image) => image.decode());
    assert.deepEqual(await decoded(page, await drawn.screenshot()), [code], paper);
  }
  await context.close();
});

test("a photo at the door waits for the network, is small when it goes, and is seen at the desk", async () => {
  const { page: gate, context: gates } = await open(browser, "/intake", { viewport: { width: 1800, height: 1300 } });
  const { slip } = await planned(gate.request, ["401", "402"]);
  const file = { name: "door.png", mimeType: "image/png", buffer: await gate.screenshot() };
  const { page, context, errors } = await open(browser, slip.path, PHONE);
  await departed(page, slip, 2);
  await page.evaluate(() => navigator.serviceWorker.ready);

  await context.setOffline(true);
  await page.getByTestId("unit-done").click();
  await page.getByText("都送完了").waitFor();
  const camera = page.getByTestId("photo-1-1-401").locator("input");
  await camera.setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("not a picture") });
  await page.getByRole("alert").getByText("读不出照片").waitFor();
  await camera.setInputFiles(file);
  await page.locator('[data-testid="photos-1-1-401"][data-pending="true"]').waitFor();
  await page.locator('[data-waiting="2"][data-pictures="1"]').waitFor();
  // The phone is switched off and on again between the floors.
  await page.reload();
  await page.locator('[data-waiting="2"][data-pictures="1"]').waitFor();
  await page.locator('[data-testid="photos-1-1-401"][data-pending="true"]').waitFor();
  // The disk is full when it is back: the picture stays, whatever else was sent.
  const full = { code: "photos-full", status: 507, title: "照片存储已满", detail: "full", type: "", retry: true };
  await page.route("**/photos?*", (route) => route.fulfill({ status: 507, contentType: "application/problem+json", json: full }));
  await context.setOffline(false);
  await page.locator('[data-waiting="0"][data-pictures="1"]').waitFor({ timeout: 20_000 });
  await page.unroute("**/photos?*");
  await page.locator('[data-link="online"][data-pictures="0"]').waitFor({ timeout: 20_000 });
  await page.locator('[data-testid="photos-1-1-401"][data-pending="false"]').waitFor();
  await page.getByRole("tab", { name: "本机发送记录" }).click();
  await page.getByTestId("sent-photos").locator("li.accepted").waitFor();

  const { page: table, context: tables } = await open(browser, "/desk");
  await table.locator("#search").fill("1-1-401");
  await table.locator("#search").press("Enter");
  const run = new URL(slip.path, BASE).searchParams.get("run");
  const seen = await (await gate.request.get(`${BASE}/api/v1/communities/willow-court/runs/${run}`)).json();
  const withPhotos = [];
  for (const { parcel } of seen.pieces) {
    const list = await (await gate.request.get(`${BASE}/api/v1/communities/willow-court/parcels/${parcel}/photos`)).json();
    if (list.length) withPhotos.push([parcel, list[0]]);
  }
  assert.equal(withPhotos.length, 1, "the other door has no photo");
  const [[parcel, photo]] = withPhotos;
  assert.equal(photo.kind, "at_door");
  assert.ok(photo.size_bytes < 400_000, `${photo.size_bytes} bytes`);
  await table.goto(`${BASE}/desk#/piece/${parcel}`);
  const shown = table.getByTestId("photos").locator("img");
  await shown.scrollIntoViewIfNeeded();
  await shown.evaluate((image) => image.complete || new Promise((done) => (image.onload = done)));
  assert.deepEqual(await shown.evaluate((image) => Math.max(image.naturalWidth, image.naturalHeight)), 1280);
  await table.getByTestId("trail").getByText("拍了门口照").waitFor();
  assert.deepEqual(errors, []);
  for (const one of [context, tables, gates]) await one.close();
});
