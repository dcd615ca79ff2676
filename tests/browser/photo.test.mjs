/** Pictures of pieces: taken with a camera, kept without a network, seen at the desk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { before as filming, HEIGHT, luma, WIDTH } from "./camera.mjs";
import { BASE, burst, launch, number, open, scans, settled, toHeldShelf, withCarrier } from "./support.mjs";

const API = `${BASE}/api/v1/communities/willow-court`;
/** What the camera sees: black on the left, white on the right; and a mark that moves, for no two photographs are the same. */
const seen = (step) =>
  luma({ width: WIDTH, height: HEIGHT, black: (x, y) => (y < 32 ? Math.floor(x / 64) === step : x < WIDTH / 2) });
const FILM = { pictures: [0, 1, 2, 3, 4, 5, 6, 7].map(seen) };
/** Longer than each of them is held before the camera. */
const NEXT_SECONDS = 2;

/** Scans a piece in, and puts the question for whom it is aside. */
async function scanned(page) {
  await withCarrier(page);
  const code = number();
  await burst(page, code);
  await settled(page);
  await toHeldShelf(page);
  return code;
}

/** A key as fast as a person presses it: what comes faster is taken for a scanner's. */
async function press(page, key) {
  await page.waitForTimeout(250);
  await page.keyboard.press(key);
}

const pieceOf = async (page, code) => {
  const found = await (await page.request.post(`${API}/search`, { data: { actor: "desk-1", text: code } })).json();
  return found.pieces[0].piece.parcel;
};

/** How bright the left and the right half of a picture are. */
const halves = (page, jpeg) =>
  page.evaluate(async (data) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))]));
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const at = (part) => context.getImageData(image.width * part, image.height / 2, 1, 1).data[1];
    return [at(0.25), at(0.75)];
  }, jpeg.toString("base64"));

test("a piece before the camera is photographed, kept without a network, sent, and seen at the desk", async () => {
  await filming(FILM, async (camera) => {
    const { page, context, errors, outside } = await open(camera, "/intake");
    await page.evaluate(() => navigator.serviceWorker.ready);
    const code = await scanned(page);
    await press(page, "p");
    const panel = page.getByTestId("photo");
    await page.locator('[data-testid="photo"][data-state="live"]').waitFor();
    await page.getByText("把标签或破损处放进画面").waitFor();
    await press(page, "p");
    await panel.getByText("照片已存本机，随后发送 (1)").waitFor();
    await page.locator('[data-link="online"][data-pictures="0"]').waitFor();

    // Its damage, while there is no network: it is kept, and told to be kept, also after a restart.
    await context.setOffline(true);
    await page.locator('[data-link="no_network"]').waitFor();
    const since = await panel.locator("video").evaluate((video) => video.currentTime);
    await page.waitForFunction((time) => document.querySelector("video").currentTime > time, since + NEXT_SECONDS);
    await press(page, "d");
    await panel.getByText("照片已存本机，随后发送 (2)").waitFor();
    await page.locator('[data-link="no_network"][data-pictures="1"]').waitFor();
    await page.locator("[data-link] .full").getByText("1 张照片").waitFor();
    await page.reload();
    await page.locator('[data-pictures="1"]').waitFor();
    await context.setOffline(false);
    await page.locator('[data-link="online"][data-pictures="0"]').waitFor({ timeout: 20_000 });

    const parcel = await pieceOf(page, code);
    const taken = await (await page.request.get(`${API}/parcels/${parcel}/photos`)).json();
    assert.deepEqual(taken.map(({ kind, actor }) => [kind, actor]), [["label", "desk-1"], ["damage", "desk-1"]]);
    for (const { photo } of taken) {
      const answer = await page.request.get(`${API}/parcels/${parcel}/photos/${photo}`);
      const [left, right] = await halves(page, await answer.body());
      assert.ok(left < 60 && right > 195, `it shows what was before the camera: ${left}, ${right}`);
    }
    await page.goto(`${BASE}/desk#/piece/${parcel}`);
    const pictures = page.getByTestId("photos").locator("img");
    await pictures.nth(1).waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll("[data-testid=photos] img")].every((one) => one.naturalWidth > 0));
    await page.getByTestId("trail").getByText(/拍/).nth(1).waitFor();
    assert.deepEqual(errors, []);
    assert.deepEqual(outside, []);
    await context.close();
  });
});

test("the desk adds a photo, and says what to do when it does not get there", async () => {
  const browser = await launch();
  const { page, context, errors } = await open(browser, "/desk");
  const [{ parcel }] = await scans(page.request, [
    { kind: "arrive", code: number(), carrier: "sf", category: "medicine", door: { building: "1", unit: "1", room: "402" } },
  ]);
  await page.goto(`${BASE}/desk#/piece/${parcel}`);
  const add = (kind) => page.getByTestId(`add-${kind}`);
  const file = async (colour) => {
    await page.evaluate((colour) => document.documentElement.style.setProperty("border-top", `40px solid ${colour}`), colour);
    return { name: "photo.png", mimeType: "image/png", buffer: await page.screenshot() };
  };
  const pictures = page.getByTestId("photos").locator("img");
  await add("damage").setInputFiles(await file("red"));
  await page.getByText("照片已保存").waitFor();
  await pictures.first().waitFor();
  assert.equal(await pictures.first().getAttribute("alt"), "破损");
  // What is no picture is said to be none, and nothing is sent.
  await add("label").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from("1,2") });
  await page.getByRole("alert").getByText("读不出照片：请换一张").waitFor();
  // Without a network it waits here, and says so in both languages; the retry sends it once.
  await context.setOffline(true);
  await add("label").setInputFiles(await file("blue"));
  const lost = page.getByTestId("lost");
  await lost.getByText("没有网络，照片还没有送出：请不要关闭本页，连网后点重试").waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await lost.getByText("No network, the photo was not sent: leave this page open").waitFor();
  await lost.getByRole("button", { name: "Try again" }).click();
  await lost.waitFor();
  await context.setOffline(false);
  // The server is there and its answer gets lost: the same photo is sent again, and is one.
  let answered = 0;
  await page.route("**/photos?**", async (route) => {
    await route.fetch();
    answered += 1;
    await route.abort();
  }, { times: 1 });
  await lost.getByRole("button", { name: "Try again" }).click();
  await lost.getByText("The photo is not with the server yet").waitFor();
  await lost.getByRole("button", { name: "Try again" }).click();
  await page.getByTestId("said").waitFor();
  assert.equal(answered, 1);
  await pictures.nth(1).waitFor();
  const taken = await (await page.request.get(`${API}/parcels/${parcel}/photos`)).json();
  assert.deepEqual(taken.map(({ kind }) => kind), ["damage", "label"]);
  assert.deepEqual(errors, []);
  await browser.close();
});

test("a camera that may not be used and one that is missing are told apart, in both languages", async () => {
  const denied = ["--use-fake-device-for-media-stream", "--deny-permission-prompts"];
  for (const [how, extra, state, says] of [
    ["denied", denied, "denied", { p: ["没有摄像头权限", "The camera is not allowed"], v: ["没有摄像头权限", "not allowed"] }],
    ["missing", ["--use-fake-ui-for-media-stream"], "none", { p: ["没有可用的摄像头", "No camera to use"], v: ["没有摄像头：", "no camera"] }],
  ]) {
    const browser = await launch(extra);
    const { page, errors } = await open(browser, "/intake");
    await scanned(page);
    for (const [key, panel] of [["p", "photo"], ["v", "camera"]]) {
      await press(page, key);
      await page.locator(`[data-testid="${panel}"][data-state="${state}"]`).waitFor();
      const status = page.getByTestId(panel).getByRole("status");
      const [chinese, english] = says[key];
      assert.ok((await status.innerText()).includes(chinese), `${how}, ${panel}`);
      await page.getByRole("button", { name: "English" }).click();
      assert.match(await status.innerText(), new RegExp(english, "i"), `${how}, ${panel}`);
      await page.getByRole("button", { name: "中文" }).click();
      await press(page, "Escape");
      await page.getByTestId(panel).waitFor({ state: "detached" });
    }
    assert.deepEqual(errors, []);
    await browser.close();
  }
});
