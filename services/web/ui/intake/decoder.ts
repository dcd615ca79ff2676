/** Barcodes in a picture, by the decoder that this server brings along. */
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import type { Decoder } from "./steady";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

/** What carriers and our own labels print. */
const FORMATS = ["Code128", "Code39", "EAN13", "EAN8", "UPCA", "ITF", "QRCode", "DataMatrix"] as const;
export async function openDecoder(): Promise<Decoder> {
  await prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  return async (picture) => {
    const found = await readBarcodes(picture, {
      formats: [...FORMATS], textMode: "Plain", tryHarder: true, maxNumberOfSymbols: 4,
    });
    return found.filter((one) => one.isValid && one.text.length >= 3).map((one) => one.text);
  };
}
