/**
 * A picture small enough to be sent from a stairwell. It is drawn anew, so nothing of what a camera
 * writes beside its pictures - where, when, whose phone - leaves the device.
 */

/** The longest side, in pixels: a door number and a label can still be read. */
const SIDE_MAX = 1_280;
/** The engine takes a little more. */
const BYTES_MAX = 400_000;
/** A picture takes longer than a scan where the network is thin. */
export const PICTURE_PATIENCE_MS = 60_000;
/** Tried in turn, until the picture is small enough. */
const QUALITIES = [0.8, 0.65, 0.5, 0.35];

/** What was chosen cannot be read as a picture. */
export class NoPicture extends Error {}

export async function shrunk(source: Blob | HTMLVideoElement): Promise<Blob> {
  const drawn = source instanceof Blob ? await read(source) : source;
  const [width, height] = drawn instanceof ImageBitmap ? [drawn.width, drawn.height] : [drawn.videoWidth, drawn.videoHeight];
  if (width === 0 || height === 0) throw new NoPicture("nothing is in it");
  const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  canvas.getContext("2d")!.drawImage(drawn, 0, 0, canvas.width, canvas.height);
  if (drawn instanceof ImageBitmap) drawn.close();
  let smallest: Blob | null = null;
  for (const quality of QUALITIES) {
    smallest = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (smallest && smallest.size <= BYTES_MAX) return smallest;
  }
  throw new NoPicture(`${smallest?.size ?? 0} bytes`);
}

async function read(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file);
  } catch (error) {
    throw new NoPicture(String(error));
  }
}
