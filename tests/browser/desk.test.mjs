/** The coordinator's desk: everything found by one search, care cleared one by one, lists imported. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { BASE, desk, launch, number, open, planned, scans } from "./support.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const API = `${BASE}/api/v1/communities/willow-court`;

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** No barrier, in both languages and, in Chinese, in every set of colours. */
async function clean(page, state) {
  await page.evaluate(AXE);
  for (const [language, theme] of [["English", "light"], ["中文", "light"], ["", "sun"], ["", "dark"], ["", "light"]]) {
    if (language) await page.getByRole("button", { name: language, exact: true }).click();
    await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), theme);
    await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
    const found = await page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await globalThis.axe.run(document, { runOnly: tags });
      return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
    });
    assert.deepEqual(found, [], `${state} after ${language || theme}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 1, `${state} is ${wide} px too wide`);
  }
}

async function seek(page, text) {
  await page.locator("#search").fill(text);
  await page.locator("#search").press("Enter");
  await page.getByTestId("found").getByRole("heading", { name: /找到|没有找到/ }).waitFor();
}

const held = async (request) => {
  const code = number();
  const [{ parcel }] = await scansOf(request, [{ kind: "arrive", code, carrier: "zto", category: "medicine" }]);
  return { code, parcel };
};
/** A piece that nobody knows a recipient for is held, not accepted. */
async function scansOf(request, all) {
  const data = { community: "willow-court", actor: "desk-1", scans: all.map((one) => ({ command_id: crypto.randomUUID(), ...one })) };
  return (await (await request.post(`${BASE}/api/v1/scans`, { data })).json()).answers;
}

test("one search finds a piece by its end, a door, a household by its phone, a volunteer and a run", async () => {
  const { page, errors, outside } = await open(browser, "/desk");
  const { request } = page;
  const { run, volunteer } = await planned(request, ["401"]);
  const code = number();
  const [{ parcel }] = await scans(request, [{ kind: "arrive", code, carrier: "sf", category: "medicine", door: { building: "2", unit: "1", room: "402" } }]);
  const household = crypto.randomUUID();
  await desk(request, `households/${household}`, {
    kind: "register", doors: [{ building: "2", unit: "1", room: "402" }], language: "zh-CN", phone_only: true,
  });
  await desk(request, `households/${household}`, {
    kind: "set_contact", name: "林晓雨", phone: "13800007731", note: null, phone_tails: ["7731"],
  });
  assert.equal(await page.evaluate(() => document.activeElement.id), "search", "the cursor is there already");
  for (const [text, link] of [
    [code, `#/piece/${parcel}`], [code.slice(-6), `#/piece/${parcel}`], ["2栋1单元402", "#/door/2/1/402"], ["7731", "#/door/2/1/402"],
    ["林晓雨", "#/door/2/1/402"], [run, `#/run/${run}`], [volunteer.slice(0, 8), `#/people?who=${volunteer}`],
  ]) {
    await seek(page, text);
    await page.locator(`[data-testid="found"] a[href="${link}"]`).first().waitFor();
  }
  await seek(page, code);
  // The first find has the focus, so Enter opens it.
  await page.waitForFunction(() => document.activeElement.closest("[data-testid=found]"));
  await page.keyboard.press("Enter");
  await page.getByTestId("trail").waitFor();
  assert.match(await page.locator("[data-testid=page] h2").first().innerText(), /2栋 1单元 402/);
  await page.keyboard.press("/");
  await seek(page, "没有这个东西");
  await page.getByText("没有找到").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("trail").waitFor();
  // A link to the very page that the search lies over leaves the search, too.
  await page.goto(`${BASE}/desk#/plan`);
  await page.getByTestId("windows").waitFor();
  await seek(page, code);
  await page.getByRole("navigation").getByRole("link", { name: /排程/ }).click();
  await page.getByTestId("windows").waitFor();
  // An address that was cut off, or that names what only the language knows, is no page and no fault.
  for (const bad of ["#/piece/%E4%", "#/constructor", "#/toString"]) {
    await page.goto(`${BASE}/desk${bad}`);
    await page.locator("[data-testid=page] .banner").first().waitFor();
  }
  assert.deepEqual(errors, []);
  assert.deepEqual(outside, []);
  await page.context().close();
});

test("a figure opens its list, the list exports, and the list opens the piece", async () => {
  const { page } = await open(browser, "/desk#/morning");
  const code = number();
  await scans(page.request, [{ kind: "arrive", code, carrier: "sf", category: "medicine", door: { building: "1", unit: "2", room: "601" } }]);
  const figure = page.locator('[data-spot="to_sort"]');
  await figure.waitFor();
  const { count: shown } = await (await page.request.get(`${API}/pieces?spots=to_sort`)).json();
  await figure.getByText(String(shown), { exact: true }).waitFor({ timeout: 15_000 });
  await figure.click();
  await page.getByTestId("pieces").waitFor();
  assert.equal(await page.locator('[data-testid="pieces"] tbody tr').count(), shown);
  const csv = await (await page.request.get(BASE + (await page.getByRole("link", { name: "导出 CSV" }).getAttribute("href")))).text();
  assert.ok(csv.includes(code), "the export has the piece");
  await page.getByRole("row", { name: new RegExp(code) }).getByRole("link").click();
  await page.getByTestId("trail").waitFor();
  await page.context().close();
});

/** Looks at one entry of what needs care, by the keys for the next and the one before. */
async function goTo(page, parcel) {
  const buttons = page.locator(".queue button");
  await page.waitForFunction((parcel) => document.querySelector(`.queue [data-parcel="${parcel}"]`), parcel);
  const looked = async () => Number(await buttons.evaluateAll((all) => all.findIndex((one) => one.getAttribute("aria-current"))));
  for (;;) {
    const [at, wanted] = [await looked(), await buttons.evaluateAll((all, parcel) => all.findIndex((one) => one.dataset.parcel === parcel), parcel)];
    if (at === wanted) return;
    await page.keyboard.press(at < wanted ? "n" : "p");
    await page.waitForFunction((at) => [...document.querySelectorAll(".queue button")].findIndex((one) => one.getAttribute("aria-current")) !== at, at);
  }
}

test("what needs care is cleared with the keyboard alone", async () => {
  const { page, errors } = await open(browser, "/desk");
  const { request } = page;
  const [first, second] = [await held(request), await held(request)];
  const third = number();
  const [{ parcel: lost }] = await scans(request, [{ kind: "arrive", code: third, carrier: "sf", category: "medicine", door: { building: "1", unit: "1", room: "502" } }]);
  await scansOf(request, [{ kind: "missing", code: third, carrier: "sf" }]);
  await page.getByTestId("checks").waitFor();
  await page.locator("#search").press("Tab");
  await page.keyboard.press("5");
  const entry = page.getByTestId("care-entry");
  await entry.waitFor();
  // The list may have been read before these came; with one entry alone there is no next one.
  for (const parcel of [first.parcel, second.parcel, lost]) await page.locator(`.queue [data-parcel="${parcel}"]`).waitFor();
  // A key that is held down is one press.
  const looked = () => entry.getAttribute("data-parcel");
  const began = await looked();
  await page.keyboard.down("n");
  await page.keyboard.down("n");
  await page.keyboard.down("n");
  await page.keyboard.up("n");
  await page.waitForFunction((id) => document.querySelector("[data-testid=care-entry]").dataset.parcel !== id, began);
  await page.keyboard.press("p");
  await page.waitForFunction((id) => document.querySelector("[data-testid=care-entry]").dataset.parcel === id, began);
  const at = (parcel) => page.locator(`[data-testid="care-entry"][data-parcel="${parcel}"]`);
  await goTo(page, first.parcel);
  // Somebody found out for whom it is: type the door, find, take the one candidate.
  await at(first.parcel).waitFor();
  await page.locator(`#who-${first.parcel}`).focus();
  await page.keyboard.type("1-2-302");
  await page.keyboard.press("Enter");
  const take = page.getByRole("button", { name: "就是这家" }).first();
  await take.waitFor();
  await take.focus();
  await page.keyboard.press("Enter");
  await at(first.parcel).waitFor({ state: "detached" });
  const known = await (await request.get(`${API}/parcels/${first.parcel}`)).json();
  assert.equal(known.recipient.door.room, "302");
  // A missing piece is met again: one key.
  await page.locator(".queue button").first().focus();
  await goTo(page, lost);
  await at(lost).waitFor();
  await page.keyboard.press("a");
  await at(lost).waitFor({ state: "detached" });
  assert.equal((await (await request.get(`${API}/parcels/${lost}`)).json()).missing, false);
  // Giving back is for good: it is asked once more, and Escape keeps the piece.
  await page.locator(".queue button").first().focus();
  await goTo(page, second.parcel);
  await at(second.parcel).waitFor();
  await page.keyboard.press("a");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  assert.equal((await (await request.get(`${API}/parcels/${second.parcel}`)).json()).phase, "clean", "it is still here");
  await page.keyboard.press("a");
  await page.getByRole("dialog").getByRole("button", { name: "确定" }).press("Enter");
  await at(second.parcel).waitFor({ state: "detached" });
  assert.equal((await (await request.get(`${API}/parcels/${second.parcel}`)).json()).phase, "refused");
  assert.deepEqual(errors, []);
  await page.context().close();
});

const LIST = [
  ["楼栋", "单元", "房号", "姓名", "手机", "人数", "备注"],
  ["3", "1", "1101", "赵敏", "13900002201", "3人", "敲门重一点"],
  ["3", "1", "1102", "钱进", "13900002202", "2", ""],
  ["3", "1", "9999", "没有", "13900002203", "2", ""],
];
const tsv = (rows) => rows.map((row) => row.join("\t")).join("\n");

async function preview(page, text) {
  await page.goto(`${BASE}/desk#/import`);
  await page.locator("#paste").fill(text);
  await page.getByRole("button", { name: "读取" }).click();
  await page.getByTestId("columns").waitFor();
  await page.getByRole("button", { name: "预览" }).click();
  await page.getByTestId("import-state").waitFor();
}

test("a pasted list is looked at, imported once, and its conflicts are for a person", async () => {
  const { page, errors } = await open(browser, "/desk");
  await preview(page, tsv(LIST));
  const outcome = (name) => page.locator(`[data-outcome="${name}"]`);
  assert.match(await outcome("new").innerText(), /2$/);
  assert.match(await outcome("unreadable").innerText(), /1$/);
  await page.getByText("将导入：新 2，变化 0").waitFor();
  await page.getByRole("button", { name: "导入", exact: true }).click();
  await page.getByText("已导入 2 / 2").waitFor();

  // The same list again changes nothing; one with another person behind the door is asked about,
  // and another number of people waits for a second person.
  const next = [LIST[0], ["3", "1", "1101", "孙莉", "13900008888", "1", ""], ["3", "1", "1102", "钱进", "13900002202", "5", ""]];
  await page.getByRole("button", { name: "导入别的" }).click();
  await preview(page, tsv(next));
  assert.match(await outcome("conflict").innerText(), /1$/);
  assert.match(await outcome("change").innerText(), /1$/);
  const conflict = page.locator('[data-row="2"]');
  assert.ok(!(await conflict.innerText()).includes("赵敏"), "no name that is known is told");
  await conflict.getByRole("button", { name: "是新的一户" }).click();
  await outcome("conflict").waitFor({ state: "detached" });
  await page.getByRole("button", { name: /^全部/ }).click();
  await page.locator('[data-row="3"]').getByText("要另一人确认").waitFor();

  // Meanwhile somebody else changes the second household: the row is not forced onto it.
  const found = await (await page.request.post(`${API}/search`, { data: { actor: "desk-1", text: "2202" } })).json();
  const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());
  await desk(page.request, `households/${found.households[0].household}`, { kind: "set_status", status: "away", since: today });
  await page.getByRole("button", { name: "导入", exact: true }).click();
  await page.getByText("已导入 1 / 2").waitFor();
  assert.match(await outcome("conflict").innerText(), /1$/);
  await page.locator('[data-row="3"]').getByRole("button", { name: "重试" }).click();
  await page.getByRole("button", { name: "导入", exact: true }).click();
  await page.getByText("已导入 2 / 2").waitFor();
  const behind = await (await page.request.post(`${API}/search`, { data: { actor: "desk-1", text: "3-1-1101" } })).json();
  assert.equal(behind.doors[0].households.length, 2);
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("a spreadsheet saved in the Chinese encoding is read, and an import survives a lost connection", async () => {
  const { page, context } = await open(browser, "/desk");
  await page.goto(`${BASE}/desk#/import`);
  // 地址,人数 and one row after an empty one, as GBK.
  const file = Buffer.from([0xb5, 0xd8, 0xd6, 0xb7, 0x2c, 0xc8, 0xcb, 0xca, 0xfd, 0x0a, ...Buffer.from(",\n3-1-1201,4\n")]);
  await page.locator("#file").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: file });
  await page.getByText("按国标编码读取").waitFor();
  await page.getByRole("button", { name: "预览" }).click();
  await page.getByText("将导入：新 1，变化 0").waitFor();
  await page.locator('[data-row="3"] .hint', { hasText: "第 3 行" }).waitFor();
  await page.route("**/imports/households", (route) => route.abort());
  await page.getByRole("button", { name: "导入", exact: true }).click();
  await page.getByText("中断了").waitFor();
  await page.unroute("**/imports/households");
  await page.getByRole("button", { name: "接着导入" }).click();
  await page.getByText("已导入 1 / 1").waitFor();
  await context.close();
});

test("a community's file is loaded as it was compared, and says for which community it is", async () => {
  const { page, errors } = await open(browser, "/desk");
  await page.goto(`${BASE}/desk#/import`);
  await page.getByRole("button", { name: "社区文件" }).click();
  const file = readFileSync(new URL("../data/willow-court.toml", import.meta.url), "utf8");
  const [text, of] = [page.locator("#community-text"), page.getByTestId("file-of")];
  const [compare, load] = ["比对", "载入"].map((name) => page.getByRole("button", { name, exact: true }));
  await text.fill(file);
  await compare.click();
  await of.getByText("willow-court").waitFor();
  assert.ok(!(await of.innerText()).includes("新建"));
  // Another name is no other community.
  await text.fill(file.replace('name = "柳园"', 'name = "柳园小区"'));
  await compare.click();
  await load.waitFor();
  assert.ok(!(await of.innerText()).includes("新建"));
  await text.fill(file.replace('id = "willow-court"', 'id = "willow-cuort"'));
  await of.waitFor({ state: "detached" });
  await compare.click();
  await of.getByText("willow-cuort").waitFor();
  assert.match(await of.innerText(), /载入会新建一个/);
  await load.waitFor();
  await text.fill(file);
  await load.waitFor({ state: "detached" });
  await of.waitFor({ state: "detached" });
  assert.deepEqual(errors, []);
  await page.context().close();
});

test("the desk has no barrier in any state", async () => {
  const { page: fresh } = await open(browser, "/desk", { badge: null });
  await fresh.locator("#badge").waitFor();
  await clean(fresh, "who is here");
  await fresh.context().close();
  const { page, context } = await open(browser, "/desk");
  await held(page.request);
  const { run } = await planned(page.request, ["202"]);
  for (const view of ["morning", "noon", "dusk", "close"]) {
    await page.goto(`${BASE}/desk#/${view}`);
    await page.getByTestId("checks").waitFor();
    await page.waitForLoadState("networkidle");
    await clean(page, view);
  }
  await page.goto(`${BASE}/desk#/care`);
  await page.getByTestId("care-entry").getByTestId("trail").waitFor();
  await clean(page, "care");
  await page.goto(`${BASE}/desk#/plan`);
  await page.getByTestId("windows").waitFor();
  await clean(page, "plan");
  await page.goto(`${BASE}/desk#/people`);
  await page.locator("[data-volunteer] button").first().click();
  await page.getByRole("button", { name: "登记志愿者" }).click();
  await clean(page, "people");
  const { hours, day } = await (await page.request.get(`${API}/arrivals`)).json();
  const slot = { kind: "book", slot: crypto.randomUUID(), from: hours.at(-1).from, party: "leader", label: "10栋蔬菜团" };
  await desk(page.request, `arrivals/${day}`, slot);
  await page.goto(`${BASE}/desk#/arrivals`);
  await page.locator(`[data-slot="${slot.slot}"]`).waitFor();
  await page.getByRole("button", { name: "预约到货" }).click();
  await page.getByTestId("book").waitFor();
  await clean(page, "arrivals");
  const [{ parcel }] = await scans(page.request, [
    { kind: "arrive", code: number(), carrier: "sf", category: "medicine", door: { building: "2", unit: "1", room: "202" } },
  ]);
  await page.goto(`${BASE}/desk#/piece/${parcel}`);
  await page.getByTestId("add-label").waitFor({ state: "attached" });
  await clean(page, "a piece and its photos");
  await page.goto(`${BASE}/desk#/run/${run}`);
  await page.getByText("打印领取单").waitFor();
  await clean(page, "run");
  await page.goto(`${BASE}/desk#/pieces?spots=on_shelf`);
  await page.getByTestId("pieces").waitFor();
  await clean(page, "pieces");
  await page.goto(`${BASE}/desk#/door/1/1/202`);
  await page.locator("[data-testid=page] h2").waitFor();
  await clean(page, "door");
  await page.goto(`${BASE}/desk#/coverage`);
  await page.locator("[data-testid=page] h2").waitFor();
  await clean(page, "coverage");
  await seek(page, "1-1-202");
  await clean(page, "found");
  await preview(page, tsv([LIST[0], ["3", "1", "1103", "", "", "x", ""], ["3", "1", "1104", "", "", "2", ""]]));
  await clean(page, "import");
  await page.goto(`${BASE}/desk#/care`);
  await page.getByTestId("care-entry").waitFor();
  await context.setOffline(true);
  await page.getByTestId("stale").waitFor({ timeout: 15_000 });
  await clean(page, "offline");
  await context.close();
});

test("whoever may not is told what to do, and a moment of the past is only looked at", async () => {
  const { page } = await open(browser, "/desk#/care");
  await page.route("**/needs-care", (route) =>
    route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ code: "not-allowed", status: 403, title: "无权", detail: "no", type: "", retry: false }) }),
  );
  await page.reload();
  await page.getByText("没有权限").waitFor();
  await page.unroute("**/needs-care");
  await page.goto(`${BASE}/desk#/dusk`);
  await page.getByTestId("checks").waitFor();
  await page.locator("#as-of").fill("00:01");
  await page.getByRole("button", { name: "查看" }).click();
  await page.getByText("只能看，不能操作").waitFor();
  await page.getByRole("button", { name: "回到现在" }).click();
  await page.getByText("只能看，不能操作").waitFor({ state: "detached" });
  await page.context().close();
});

test("'as of' works on every board of the desk, and no key acts on what is past", async () => {
  const { page, errors } = await open(browser, "/desk#/care");
  const { parcel } = await held(page.request);
  const volunteer = crypto.randomUUID();
  const carry_limit = { pieces: 20, weight_grams: 60_000, volume_millilitres: 300_000 };
  await desk(page.request, `volunteers/${volunteer}`, { kind: "enrol", grid: "1", roles: ["courier"], protection: false, carry_limit });
  await page.locator(`.queue button`).first().waitFor();
  const list = await (await page.request.get(`${API}/needs-care`)).json();
  const past = (path) => page.waitForRequest((request) => request.url().includes(`/${path}`) && request.url().includes("asOf="));
  // How it was then, whatever this engine's age.
  await page.route(/needs-care\?asOf=/, (route) => route.fulfill({ json: list.filter((one) => one.parcel === parcel) }));
  const asked = past("needs-care");
  await page.locator("#as-of").fill("00:00");
  await page.getByRole("button", { name: "查看" }).click();
  await asked;
  const entry = page.locator(`[data-testid="care-entry"][data-parcel="${parcel}"]`);
  await entry.waitFor();
  await page.getByText("第 1 件，共 1 件").waitFor();
  const sent = counted(page, "/scans");
  for (const key of ["a", "b"]) await entry.press(key);
  await page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume))));
  assert.equal(await page.getByRole("dialog").count(), 0, "nothing is asked");
  assert.deepEqual(sent, []);
  for (const [view, path] of [["plan", "delivery-plan"], ["coverage", "coverage"], ["arrivals", "arrivals"], ["noon", "board"], ["pieces?spots=held", "pieces"]]) {
    const then = past(path);
    await page.goto(`${BASE}/desk#/${view}`);
    await then;
    await page.getByText("只能看，不能操作").first().waitFor();
  }
  await page.goto(`${BASE}/desk#/people`);
  await page.getByText("这一页只显示现在的情况").waitFor();
  const person = page.locator(`[data-volunteer="${volunteer}"]`);
  await person.locator(".who").click();
  await person.locator(".detail button").first().waitFor();
  assert.equal(await person.locator(".detail :is(button, input, select):enabled").count(), 0);
  assert.ok(await page.getByRole("button", { name: "登记志愿者" }).isDisabled());
  await preview(page, tsv([LIST[0], ["3", "1", "1103", "周平", "13900003303", "2", ""]]));
  const commit = page.getByRole("button", { name: "导入", exact: true });
  assert.ok(await commit.isDisabled());
  await page.getByRole("button", { name: "回到现在" }).click();
  await page.getByText("这一页只显示现在的情况").waitFor({ state: "detached" });
  assert.ok(await commit.isEnabled());
  assert.deepEqual(errors, []);
  await page.context().close();
});

/** Counts what is asked for, by the end of its path. */
function counted(page, ending) {
  const all = [];
  page.on("request", (request) => new URL(request.url()).pathname.endsWith(ending) && all.push(request.postDataJSON()));
  return all;
}

test("a deed whose answer was lost is sent again as the same one, and what was put off is not done", async () => {
  const { page, context } = await open(browser, "/desk");
  const code = number();
  const [{ parcel }] = await scans(page.request, [{ kind: "arrive", code, carrier: "sf", category: "medicine", door: { building: "1", unit: "2", room: "501" } }]);
  const sent = counted(page, "/scans");
  await page.goto(`${BASE}/desk#/piece/${parcel}`);
  await page.getByRole("button", { name: "破损但可送" }).waitFor();
  // The engine takes it, and its answer is lost on the way.
  await page.route("**/scans", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole("button", { name: "破损但可送" }).click();
  await page.getByTestId("lost").waitFor();
  await page.unroute("**/scans");
  await page.getByTestId("lost").getByRole("button", { name: "重试" }).click();
  await page.getByTestId("said").waitFor();
  const [first, second] = sent.map((body) => body.scans[0]);
  assert.equal(second.command_id, first.command_id);
  assert.equal(second.occurred_at, first.occurred_at);
  // The engine is busy and puts it off: nothing is done, and the same one is tried again.
  await page.route("**/scans", (route) => {
    const problem = { type: "", code: "views-behind", status: 503, title: "请稍后重试", detail: "again later", retry: true };
    const answers = route.request().postDataJSON().scans.map(({ command_id }) => ({ command_id, status: "deferred", position: 0, problem }));
    return route.fulfill({ json: { answers, server_time: new Date().toISOString() } });
  });
  await page.getByRole("button", { name: "不见了" }).click();
  await page.getByTestId("refused").getByText("请稍后重试").waitFor();
  await page.unroute("**/scans");
  await page.getByTestId("refused").getByRole("button", { name: "重试" }).click();
  await page.getByRole("button", { name: "找到了" }).waitFor();
  assert.equal(sent[3].scans[0].command_id, sent[2].scans[0].command_id);
  assert.equal((await (await page.request.get(`${API}/parcels/${parcel}`)).json()).missing, true);
  await context.close();
});

test("rows that a person gives to one household become one order", async () => {
  const { page, context } = await open(browser, "/desk");
  const door = { building: "3", unit: "1", room: "1003" };
  for (const tail of ["6601", "6602"]) {
    const path = `households/${crypto.randomUUID()}`;
    await desk(page.request, path, { kind: "register", doors: [door], language: "zh-CN", phone_only: false });
    await desk(page.request, path, { kind: "set_contact", phone_tails: [tail] });
  }
  await page.goto(`${BASE}/desk#/import`);
  await page.getByRole("button", { name: "订单" }).click();
  await page.locator("#paste").fill(tsv([["门牌", "品名", "数量"], ["3-1-1003", "大米", "1"], ["3-1-1003", "鸡蛋", "2"]]));
  await page.getByRole("button", { name: "读取" }).click();
  await page.getByTestId("columns").waitFor();
  await page.getByLabel(/门牌$/).selectOption("address");
  await page.getByRole("button", { name: "预览" }).click();
  await page.locator('[data-row="2"]').waitFor();
  const pick = (row) => page.locator(`[data-row="${row}"]`).getByRole("button", { name: /就是这户/ }).first();
  // Nobody answers while it is looked at: nothing was begun, so there is nothing to go on with.
  await page.route("**/imports/orders/preview", (route) => route.abort());
  await pick(2).click();
  await page.getByText("连不上服务器").waitFor();
  assert.equal(await page.getByRole("button", { name: "接着导入" }).count(), 0);
  await page.unroute("**/imports/orders/preview");
  await pick(2).click();
  await page.locator('[data-outcome="new"]').waitFor();
  await page.locator('[data-outcome="conflict"]').click();
  await pick(3).click();
  await page.getByRole("button", { name: /^全部/ }).click();
  await page.locator('[data-row="2,3"]').getByText("大米 × 1、鸡蛋 × 2").waitFor();
  await page.getByRole("button", { name: "导入", exact: true }).click();
  await page.getByText("已导入 1 / 1").waitFor();
  await context.close();
});

test("a door's households are looked up once, however long somebody looks at them", async () => {
  const { page, context } = await open(browser, "/desk");
  await page.clock.install();
  const [asked, pieces] = [counted(page, "/search"), counted(page, "/pieces")];
  await page.goto(`${BASE}/desk#/door/1/1/202`);
  await page.reload();
  await page.getByText("没有登记住户").waitFor();
  const [before, looked] = [pieces.length, asked.length];
  assert.ok(looked > 0);
  const again = page.waitForResponse(/\/pieces\?/);
  await page.clock.runFor(35_000);
  await again;
  assert.ok(pieces.length > before, "what is on its way is read again");
  assert.equal(asked.length, looked, "who lives there is not");
  await context.close();
});

test("an evening with more pieces than one batch takes is closed in slices, and what is put off is not told as done", async () => {
  const { page, context } = await open(browser, "/desk");
  const pieces = Array.from({ length: 520 }, () => ({
    parcel: crypto.randomUUID(), waybill: { carrier: "sf", number: number() }, category: "parcel_goods", spot: "on_shelf",
    door: { building: "1", unit: "1", room: "301" }, must_not_stay: false, reason: null, owner: null,
  }));
  await page.route("**/zero-shelf", (route) =>
    route.fulfill({ json: { day: "2026-01-01", is_complete: false, without_reason: 520, must_not_stay: 0, pieces } }));
  const sent = counted(page, "/scans");
  const problem = { type: "", code: "views-behind", status: 503, title: "请稍后重试", detail: "again later", retry: true };
  await page.route("**/scans", (route) => {
    const answers = route.request().postDataJSON().scans.map(({ command_id }, at) =>
      (sent.length === 2 && at === 3 ? { command_id, status: "deferred", position: 0, problem } : { command_id, status: "accepted", position: 1 }));
    return route.fulfill({ json: { answers, server_time: new Date().toISOString() } });
  });
  await page.goto(`${BASE}/desk#/close`);
  // In the evening the desk has opened on this page, and shows what it read before.
  await page.reload();
  const bulk = page.locator("form.bulk");
  await bulk.waitFor();
  await bulk.getByRole("button").click();
  await page.getByText("519 件已填，1 件没有填上").waitFor();
  assert.deepEqual(sent.map((body) => body.scans.length), [500, 20]);
  await bulk.getByRole("button").click();
  await page.getByText("520 件已填").waitFor();
  const ids = sent.map((body) => body.scans.map((scan) => scan.command_id));
  assert.deepEqual([ids[2], ids[3]], [ids[0], ids[1]], "the same deed has the same ids");
  assert.equal(new Set(ids.flat()).size, 520);
  await context.close();
});

test("an order is marked urgent at its piece, and a break is planned within a shift and withdrawn", async () => {
  const { page, context, errors } = await open(browser, "/desk");
  const { request } = page;
  const [household, order, volunteer] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
  const doors = [{ building: "2", unit: "1", room: "501" }];
  await desk(request, `households/${household}`, { kind: "register", doors, language: "zh-CN", phone_only: false });
  await desk(request, `orders/${order}`, {
    kind: "place", channel: "phone", household, placed_by: "desk", pieces: 1,
    lines: [{ item: "氧气瓶", category: "parcel_goods", quantity: 1 }],
  });
  const [{ parcel }] = await scansOf(request, [
    { kind: "arrive", code: number(), carrier: "sf", category: "parcel_goods", order, household },
  ]);
  await page.goto(`${BASE}/desk#/piece/${parcel}`);
  await page.getByRole("button", { name: "标为急件，立即配送" }).click();
  await page.getByTestId("urgent").waitFor();
  await page.getByRole("button", { name: "不再是急件" }).click();
  await page.getByTestId("urgent").waitFor({ state: "detached" });

  await desk(request, `volunteers/${volunteer}`, { 
    kind: "enrol", name: "许静", grid: "1", roles: ["courier"], protection: false,
    carry_limit: { pieces: 20, weight_grams: 60_000, volume_millilitres: 300_000 },
  });
  await page.goto(`${BASE}/desk#/people`);
  const person = page.locator(`[data-volunteer="${volunteer}"]`);
  await person.getByRole("button", { name: "许静" }).click();
  const time = async (from, until) => {
    await person.locator("select").first().selectOption("tomorrow");
    await person.getByLabel("从").fill(from);
    await person.getByLabel("到", { exact: true }).fill(until);
  };
  await time("12:00", "12:30");
  await person.getByRole("button", { name: "加休息" }).click();
  await person.getByText("没有班次完整包含此休息时间：请先排班").waitFor();
  await time("08:00", "16:00");
  await person.getByRole("button", { name: "加班次" }).click();
  await person.locator(".shifts li").first().waitFor();
  await time("12:00", "12:30");
  await person.getByRole("button", { name: "加休息" }).click();
  const rest = person.locator(".shifts li").filter({ hasText: "12:00–12:30" });
  await rest.waitFor();
  await clean(page, "a break");
  await rest.getByRole("button").click();
  await rest.waitFor({ state: "detached" });
  assert.deepEqual(errors, []);
  await context.close();
});
