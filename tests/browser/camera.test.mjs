/** The lamp beside the camera: a warehouse is dark, and a lamp does not always do what it is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { before as filming, HEIGHT, luma, WIDTH } from "./camera.mjs";
import { BASE, open } from "./support.mjs";

const DARK = { pictures: [luma({ width: WIDTH, height: HEIGHT, black: () => true })] };

/**
 * The real camera says that it has a lamp, as a phone's does. One that obeys is lit and says so; else
 * Chromium itself is asked to light it, which it refuses: there is none.
 */
async function withLamp(context, obeys) {
  await context.addInitScript((obeys) => {
    const track = MediaStreamTrack.prototype;
    const { getCapabilities, getSettings, applyConstraints } = track;
    const lamp = (globalThis.lamp = { asked: [], lit: false });
    track.getCapabilities = function () {
      return { ...getCapabilities.call(this), torch: true };
    };
    track.getSettings = function () {
      return { ...getSettings.call(this), torch: lamp.lit };
    };
    track.applyConstraints = async function (constraints) {
      lamp.asked.push(constraints);
      if (!obeys) return applyConstraints.call(this, constraints);
      lamp.lit = constraints.advanced[0].torch;
    };
  }, obeys);
}

/** Opens the camera at the intake station. */
async function looking(page) {
  await page.goto(`${BASE}/intake`);
  await page.getByText("请扫描").first().waitFor();
  await page.keyboard.press("v");
  await page.locator('[data-testid="camera"][data-state="live"]').waitFor();
  return page.getByTestId("camera").getByRole("button", { name: "补光灯" });
}

test("the lamp is lit and put out with its button, which says how it is", async () => {
  await filming(DARK, async (camera) => {
    const { page, context, errors } = await open(camera, "/");
    await withLamp(context, true);
    const button = await looking(page);
    assert.equal(await button.getAttribute("aria-pressed"), "false");
    for (const lit of [true, false]) {
      await button.click();
      await page.getByRole("button", { name: "补光灯", pressed: lit }).waitFor();
    }
    assert.deepEqual(await page.evaluate(() => lamp.asked), [true, false].map((torch) => ({ advanced: [{ torch }] })));
    assert.equal(await page.getByRole("alert").count(), 0);
    // A camera that is closed leaves no lamp burning.
    const track = await page.evaluateHandle(() => document.querySelector("video").srcObject.getVideoTracks()[0]);
    await page.keyboard.press("Escape");
    await page.getByTestId("camera").waitFor({ state: "detached" });
    assert.equal(await track.evaluate((one) => one.readyState), "ended");
    assert.deepEqual(errors, []);
  });
});

test("a lamp that does not react is told in both languages, and the button does not say that it burns", async () => {
  await filming(DARK, async (camera) => {
    const { page, context, errors } = await open(camera, "/");
    await withLamp(context, false);
    const button = await looking(page);
    await button.click();
    await page.getByRole("alert").getByText("补光灯没有反应：请移到亮处，或手工输入").waitFor();
    assert.equal(await button.getAttribute("aria-pressed"), "false");
    assert.deepEqual(await page.evaluate(() => lamp.asked), [{ advanced: [{ torch: true }] }]);
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("alert").getByText("The torch does not react").waitFor();
    await page.locator('[data-testid="camera"][data-state="live"]').waitFor();
    assert.deepEqual(errors, []);
  });
});

test("a camera without a lamp has no button for one", async () => {
  await filming(DARK, async (camera) => {
    const { page, errors } = await open(camera, "/");
    const button = await looking(page);
    const abilities = await page.evaluate(() => document.querySelector("video").srcObject.getVideoTracks()[0].getCapabilities());
    assert.ok(abilities.width && !abilities.torch, JSON.stringify(abilities));
    assert.equal(await button.count(), 0);
    assert.deepEqual(errors, []);
  });
});
