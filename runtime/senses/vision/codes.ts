import { readFileSync } from "node:fs";
import type { Result } from "../../../drivers/kit/index.ts";
import { err, ok } from "../../../drivers/kit/index.ts";
import { assetPath } from "./assets.ts";
import { visionFault } from "./profiles.ts";

const MAX_TEXT = 4_096;

/** Reads QR codes with zxing from a WebAssembly file on the disk; nothing is fetched. */
export async function codeReader(assets?: string) {
  const { prepareZXingModule, readBarcodes } = await import("zxing-wasm/reader");
  const wasm = readFileSync(assetPath("zxing_reader.wasm", assets));
  await prepareZXingModule({
    overrides: { wasmBinary: Uint8Array.from(wasm).buffer },
    fireImmediately: true,
  });

  /** The text of the one code in the picture; undefined when there is none that reads whole. */
  return async (jpeg: Uint8Array): Promise<Result<string | undefined>> => {
    try {
      const found = await readBarcodes(jpeg, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 });
      const text = found.find(({ isValid }) => isValid)?.text;
      return ok(text === undefined || text.length > MAX_TEXT ? undefined : text);
    } catch (error) {
      return err(visionFault("notAPicture", {}, error));
    }
  };
}
