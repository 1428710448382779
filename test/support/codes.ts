import { readFileSync } from "node:fs";

/** Reads the QR code on a picture, as a telephone would; undefined when there is none. */
export async function readCode(picture: Uint8Array): Promise<string | undefined> {
  const { prepareZXingModule, readBarcodes } = await import("zxing-wasm/reader");
  const wasm = readFileSync("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm");
  prepareZXingModule({ overrides: { wasmBinary: Uint8Array.from(wasm).buffer } });
  const [found] = await readBarcodes(new Blob([Uint8Array.from(picture)]), { formats: ["QRCode"] });
  return found?.text;
}
