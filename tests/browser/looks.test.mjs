/** Every screen in its states and colours: no barrier for anybody, no byte too many. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { before as filmBefore, HEIGHT, luma, WIDTH } from "./camera.mjs";
import {
  addressed, BASE, burst, household, launch, number, open, PHONE, planned, settled, toHeldShelf, unlock, withCarrier,
} from "./support.mjs";

/** A page's first load, compressed, without the barcode decoder that comes when it is used. */
const FIRST_LOAD_BYTES_MAX = 60_000;
const THEMES = ["light", "sun", "dark"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Changes the language where it stands, also while a dialog lies over the button. */
const turn = (page) => page.evaluate(() => document.querySelector("header button[lang]").click());

async function barriers(page) {
  // Colours are judged when they have arrived, not on their way from one mode to the other.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
  return page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags });
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160) + " " + node.failureSummary).join(" | ")}`);
  });
}

/** Looks for barriers in every set of colours, and in the other language in light and in dark. */
async function clean(page, state, themes = THEMES) {
  await page.evaluate(AXE);
  const look = (theme) => page.evaluate((theme) => (document.documentElement.dataset.theme = theme), theme);
  const narrow = async (where) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 1, `${state} ${where} is ${wide} px too wide`);
  };
  for (const theme of themes) {
    await look(theme);
    assert.deepEqual(await barriers(page), [], `${state} in ${theme}`);
  }
  await narrow("");
  if (themes !== THEMES) return;
  await turn(page);
  for (const theme of ["dark", "light"]) {
    await look(theme);
    assert.deepEqual(await barriers(page), [], `${state} in the other language in ${theme}`);
  }
  await narrow("in the other language");
  await turn(page);
}

test("the intake station has no barrier in any state", async () => {
  const { page: fresh } = await open(browser, "/intake", { badge: null });
  await fresh.locator("#badge").waitFor();
  await clean(fresh, "who is here");
  await fresh.context().close();
  const { page, context } = await open(browser, "/intake");
  await page.getByText("请扫描").first().waitFor();
  await clean(page, "ready");
  await page.keyboard.press("k");
  await page.getByTestId("carriers").waitFor();
  await clean(page, "carriers");
  await page.keyboard.press("1");
  await page.getByTestId("carriers").waitFor({ state: "detached" });
  await addressed(page, "1-1-301");
  await clean(page, "address");
  await page.keyboard.press("Enter");
  await page.getByTestId("building").waitFor();
  await clean(page, "sorted");
  await burst(page, "AB1");
  await page.getByTestId("fault").waitFor();
  await clean(page, "fault");
  for (const key of ["F2", "F3", "F4"]) {
    await page.keyboard.press(key);
    await page.locator(`[role=tab][aria-selected=true]`, { hasText: key }).waitFor();
    await clean(page, key);
  }
  await page.keyboard.press("F1");
  await page.locator("#tab-arrive[aria-selected=true]").waitFor();
  await page.keyboard.press("h");
  await page.getByText("扫描：任何时候都可以").waitFor();
  await clean(page, "keys");
  await page.getByTestId("fault").getByRole("button").click();
  await page.keyboard.press("s");
  await page.locator("#sender").fill("周记药房");
  await clean(page, "a sender is asked for");
  await page.keyboard.press("Enter");
  await page.getByTestId("sent-by").waitFor();
  await clean(page, "a sender was told");
  await page.keyboard.press("Escape");
  await page.getByTestId("sent-by").waitFor({ state: "detached" });
  await page.keyboard.press("v");
  await page.locator('[data-testid="camera"][data-state="none"]').waitFor();
  await clean(page, "no camera");
  await page.keyboard.press("Escape");
  await burst(page, number());
  await settled(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("p");
  await page.locator('[data-testid="photo"]:not([data-state="loading"])').waitFor();
  await clean(page, "a photo without a camera");
  await context.setOffline(true);
  await page.locator('[data-link="no_network"]').waitFor();
  await burst(page, number());
  await page.locator('[data-waiting="1"]').waitFor();
  await clean(page, "offline");
  await context.close();
});

test("a live camera is no barrier either, as a scanner and for a photo", async () => {
  const stripes = { width: WIDTH, height: HEIGHT, black: (x) => x % 80 < 40 };
  await filmBefore({ pictures: [luma(stripes)] }, async (camera) => {
    for (const viewport of [{ width: 1280, height: 800 }, PHONE.viewport]) {
      const { page, context, errors } = await open(camera, "/intake", { viewport });
      await page.getByText("请扫描").first().waitFor();
      await page.keyboard.press("v");
      await page.locator('[data-testid="camera"][data-state="live"]').waitFor();
      await clean(page, "a live camera");
      await page.keyboard.press("Escape");
      await page.getByTestId("camera").waitFor({ state: "detached" });
      await withCarrier(page);
      await burst(page, number());
      await toHeldShelf(page);
      await page.keyboard.press("p");
      await page.locator('[data-testid="photo"][data-state="live"]').waitFor();
      await clean(page, "a photo with a live camera");
      assert.deepEqual(errors, []);
      await context.close();
    }
  });
});

test("the other screens have no barrier in any state", async () => {
  const { page } = await open(browser, "/");
  await page.locator("nav").waitFor();
  await clean(page, "start");
  const { run, slip } = await planned(page.request, ["601", "301", "302"]);
  await page.goto(`${BASE}/board`);
  await page.locator('[data-live="live"]').waitFor();
  await clean(page, "board");
  await page.locator(".totals button").nth(3).click();
  await page.getByTestId("list-count").waitFor();
  await clean(page, "a figure's list");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "暂停" }).click();
  await clean(page, "paused board");
  await page.goto(`${BASE}/building`);
  await page.getByRole("button", { name: /1栋/ }).waitFor();
  await clean(page, "which building");
  await page.getByRole("button", { name: /1栋/ }).click();
  await page.getByTestId("trip").first().waitFor();
  await clean(page, "building");
  await page.goto(`${BASE}/labels?slips`);
  await page.getByTestId(`line-${run}`).waitFor();
  await clean(page, "runs to print slips for");
  await page.goto(`${BASE}/labels`);
  await page.locator("#code").waitFor();
  await clean(page, "labels");
  await page.goto(`${BASE}/labels?code=${number()}`);
  await page.getByRole("alert").waitFor();
  await clean(page, "no such label");
  await page.context().close();

  const { page: phone } = await open(browser, "/route", PHONE);
  await phone.getByText("二维码").waitFor();
  await clean(phone, "no run");
  await phone.goto(BASE + slip.path);
  await phone.locator("#pin").waitFor();
  await clean(phone, "pin");
  await unlock(phone, slip);
  await phone.getByRole("button", { name: "领取这一趟" }).waitFor();
  await clean(phone, "offered");
  await phone.getByRole("button", { name: "领取这一趟" }).click();
  await phone.getByTestId("load-count").waitFor();
  for (const button of await phone.locator("button.load").all()) await button.click();
  await settled(phone);
  await clean(phone, "loading");
  await phone.locator("#counted").fill("3");
  await phone.getByRole("button", { name: "出发" }).click();
  await phone.getByTestId("stops").waitFor();
  await settled(phone);
  await clean(phone, "on the way");
  await phone.getByTestId("unit-done").click();
  await phone.getByText("都送完了").waitFor();
  await clean(phone, "all done");
  for (const tab of ["小区平面", "本机发送记录"]) {
    await phone.getByRole("tab", { name: tab }).click();
    await phone.getByRole("tab", { name: tab, selected: true }).waitFor();
    await clean(phone, tab);
    await phone.evaluate(() => (document.documentElement.dataset.size = "large"));
    await clean(phone, `${tab} in large type`, ["light"]);
    await phone.evaluate(() => (document.documentElement.dataset.size = "usual"));
  }
  await phone.context().close();
});

test("the resident's page has no barrier in any state", async () => {
  const { page, context } = await open(browser, "/track?community=willow-court", PHONE);
  const door = { building: "1", unit: "1", room: "101" };
  await household(page.request, door, "3141");
  await planned(page.request, ["101"]);
  await page.locator("#tail").waitFor();
  await clean(page, "form");
  await page.getByRole("button", { name: "查一查" }).click();
  await page.getByRole("alert").waitFor();
  await clean(page, "not filled in");
  await page.getByLabel("几栋").fill("1");
  await page.getByLabel("几单元").fill("1");
  await page.getByLabel("门牌号").fill("101");
  await page.locator("#tail").fill("0000");
  await page.getByRole("button", { name: "查一查" }).click();
  await page.getByTestId("problem").waitFor();
  await clean(page, "not found");
  await page.locator("#tail").fill("3141");
  await page.getByRole("button", { name: "查一查" }).click();
  await page.getByTestId("coming").waitFor();
  await clean(page, "found");
  await context.setOffline(true);
  await page.getByRole("button", { name: "再查一次" }).click();
  await page.getByText("手机没有网络").waitFor();
  await clean(page, "offline");
  await context.close();
});

test("in English and in large type there is no barrier either", async () => {
  // A page of the desk comes after another page, so that it is loaded anew.
  const paths = [
    "/", "/desk#/care", "/intake", "/desk#/import", "/labels", "/desk#/people", "/labels?slips", "/desk#/noon", "/board", "/building?building=1", "/track", "/route",
  ];
  for (const look of [{ language: "en", size: "usual" }, { language: "zh", size: "large" }, { language: "en", size: "large" }]) {
    for (const viewport of [{ width: 390, height: 844 }, { width: 1280, height: 800 }]) {
      const { page, context } = await open(browser, "/", { viewport });
      await page.evaluate((look) => Object.entries(look).forEach(([key, value]) => localStorage.setItem(`lastmeter.${key}`, value)), look);
      for (const path of paths) {
        await page.goto(BASE + path);
        await page.locator("h1").waitFor();
        await page.waitForLoadState("networkidle");
        await clean(page, `${path} in ${look.language}, ${look.size}, ${viewport.width} px`, ["light"]);
      }
      await context.close();
    }
  }
});

test("each page's first load is small", async () => {
  const sizes = [];
  for (const path of ["/", "/intake", "/labels", "/route", "/board", "/building?building=1", "/track", "/desk"]) {
    const { page, context } = await open(browser, path, { serviceWorkers: "block" });
    await page.waitForLoadState("networkidle");
    const loaded = await page.evaluate(() =>
      [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
        .filter((one) => !/\/(api|livez)/.test(one.name))
        .map((one) => one.encodedBodySize),
    );
    const bytes = loaded.reduce((sum, size) => sum + size, 0);
    sizes.push([path, bytes]);
    await context.close();
  }
  for (const [path, bytes] of sizes) console.log(`# ${path.padEnd(22)} ${(bytes / 1000).toFixed(1)} kB`);
  for (const [path, bytes] of sizes) assert.ok(bytes > 5_000 && bytes <= FIRST_LOAD_BYTES_MAX, `${path}: ${bytes} bytes`);
});

/** An engine that answers nothing, late, or no: what each page says then. */
const held = () => new Promise(() => {});
const REFUSAL = { code: "not-allowed", status: 403, title: "没有权限", detail: "You may not", type: "", retry: false };
const STATES = [
  ["slow", held, /比平时慢/],
  ["server gone", (route) => route.abort(), /没有应答|连不上/],
  ["permission missing", (route) => route.fulfill({ status: 403, contentType: "application/problem+json", json: REFUSAL }), /没有权限/],
];

test("every page says what is the matter while it has nothing to show", async () => {
  const pages = [
    ["/board?community=willow-court", "**/graphql", true], ["/building?community=willow-court&building=1", "**/api/**/buildings/**", false],
    ["/building?community=willow-court", "**/api/**/building-queues", false], ["/labels?slips", "**/api/**/run-sheets", false],
    ["/labels?code=ABCD", "**/api/**/labels/**", false], ["/desk#/plan", "**/api/**/delivery-plan", false],
    ["/desk#/people", "**/api/**/volunteers", false], ["/desk#/care", "**/api/**/needs-care", false],
  ];
  for (const [path, asked, socket] of pages) {
    for (const [state, answer, says] of STATES) {
      if (socket && state === "permission missing") continue;
      const { page, context } = await open(browser, "/", { viewport: { width: 834, height: 1112 } });
      if (socket) await page.routeWebSocket(/graphql/, (socket) => socket.close());
      await page.route(asked, answer);
      await page.goto(BASE + path);
      await page.getByText(says).first().waitFor({ timeout: 15_000 });
      await clean(page, `${path}, ${state}`);
      await context.close();
    }
  }
});

test("every page that asks for a sign of life says that there is no network", async () => {
  for (const [path, there] of [["/board", ".totals"], ["/building?building=1", ".plate"], ["/intake", ".blank"], ["/desk#/noon", "[data-testid=checks]"]]) {
    const { page, context } = await open(browser, path, { viewport: { width: 834, height: 1112 } });
    await page.locator(there).first().waitFor();
    await context.setOffline(true);
    if (path.startsWith("/building")) await page.getByRole("button", { name: "5 天" }).click();
    await page.getByText(/没有网络|连不上/).first().waitFor({ timeout: 20_000 });
    await clean(page, `${path}, no network`);
    await context.close();
  }
});

test("a server that has nothing yet is no empty page", async () => {
  const { page, context } = await open(browser, "/", { badge: null });
  await page.route("**/api/v1/communities", (route) => route.fulfill({ json: [] }));
  for (const path of ["/intake", "/desk", "/board", "/building", "/track"]) {
    await page.goto(BASE + path);
    await page.getByText("还没有社区").first().waitFor();
    await clean(page, `${path}, nothing loaded`);
  }
  await context.close();
});

test("on a phone the header's first line is one line, whatever waits to be sent", async () => {
  for (const width of [390, 360, 320]) {
    const { page, context } = await open(browser, "/", { ...PHONE, badge: "courier-12", viewport: { width, height: 700 } });
    const { slip } = await planned(page.request, ["602"]);
    for (const path of ["/", "/intake", "/desk", "/labels?slips", "/board", "/building?building=1", "/track", slip.path]) {
      await page.goto(BASE + path);
      await page.locator("h1").waitFor();
      if (path === slip.path) {
        await unlock(page, slip);
        await page.locator("[data-link]").waitFor();
      }
      if (path === "/intake") {
        await page.evaluate(() => navigator.serviceWorker.ready);
        await context.setOffline(true);
        await page.locator('[data-link="no_network"]').waitFor();
        for (let n = 1; n <= 12; n++) await burst(page, `SF10${width}0000${n}00`);
        await page.locator('[data-waiting="12"]').waitFor();
        await page.locator(".strip").getByText("12 条待发").waitFor();
      }
      for (const language of ["zh", "en"]) {
        const lines = await page.locator("header.top > *:not(.figures-slot, .below)").evaluateAll((all) =>
          [...new Set(all.map((one) => one.getBoundingClientRect()).filter((box) => box.width > 0).map(({ top, bottom }) => Math.round((top + bottom) / 8)))]);
        assert.ok(Math.max(...lines) - Math.min(...lines) <= 1, `${path} in ${language} at ${width} px: ${lines}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${path} in ${language} at ${width} px is ${wide} px too wide`);
        await turn(page);
      }
      await context.setOffline(false);
    }
    await context.close();
  }
});
