/** What a browser's camera sees, from pictures: raw video that Chromium plays as a fake camera. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, open } from "./support.mjs";

export const [WIDTH, HEIGHT] = [640, 480];
const FRAMES_A_SECOND = 5;
/** How long each picture of a film is held before the camera. */
const FRAMES_EACH = 8;

/** A film of pictures, each so many bytes of brightness as it has points. */
function y4m({ width, height, pictures }) {
  const chroma = Buffer.alloc((width * height) / 2, 128);
  const frames = pictures.flatMap((luma) => Array(FRAMES_EACH).fill([Buffer.from("FRAME\n"), luma, chroma]).flat());
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F${FRAMES_A_SECOND}:1 Ip A1:1 C420jpeg\n`), ...frames]);
}

/** Brightness of every point of a picture in black and white. */
export const luma = ({ width, height, black }) =>
  Buffer.from(Array.from({ length: width * height }, (_, at) => (black(at % width, Math.floor(at / width)) ? 16 : 235)));

/** A picture file as the camera would see it: on a grey ground, as large as it fits. */
export async function photographed(page, png) {
  const base64 = await page.evaluate(
    async ([data, width, height]) => {
      const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      context.fillStyle = "#888";
      context.fillRect(0, 0, width, height);
      const scale = Math.min(width / image.width, height / image.height, 4);
      const [wide, high] = [image.width * scale, image.height * scale];
      context.drawImage(image, (width - wide) / 2, (height - high) / 2, wide, high);
      const { data: points } = context.getImageData(0, 0, width, height);
      let text = "";
      for (let at = 0; at < points.length; at += 4) {
        text += String.fromCharCode(16 + (0.257 * points[at] + 0.504 * points[at + 1] + 0.098 * points[at + 2]));
      }
      return btoa(text);
    },
    [png.toString("base64"), WIDTH, HEIGHT],
  );
  return Buffer.from(base64, "base64");
}

/** Runs something with a browser whose camera, which every page may use, sees these pictures in turn. */
export async function before({ width = WIDTH, height = HEIGHT, pictures }, what) {
  const folder = mkdtempSync(join(tmpdir(), "lastmeter-camera-"));
  try {
    const file = join(folder, "camera.y4m");
    writeFileSync(file, y4m({ width, height, pictures }));
    const camera = await launch([
      "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${file}`,
    ]);
    try {
      return await what(camera);
    } finally {
      await camera.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * What the intake station takes from a film before its camera: the first code, or nothing after the
 * film has run through. Also what went wrong, and what was asked of other servers.
 */
export const filmed = (film) =>
  before(film, async (camera) => {
    const { page, errors, outside } = await open(camera, "/intake");
    await page.keyboard.press("F3");
    await page.locator("#tab-sort[aria-selected=true]").waitFor();
    await page.keyboard.press("v");
    await page.locator('[data-testid="camera"][data-state="live"]').waitFor();
    const entry = page.getByTestId("last-five").locator("li").first();
    const timeout = 5_000 + (film.pictures.length * FRAMES_EACH * 1000) / FRAMES_A_SECOND;
    const found = await entry.waitFor({ timeout }).then(() => entry.innerText(), () => "");
    return { found, errors, outside };
  });
