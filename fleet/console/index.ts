import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Asset {
  type: string;
  body: Buffer;
}

const PAGE = join(dirname(fileURLToPath(import.meta.url)), "page");
const FONT =
  "@fontsource-variable/atkinson-hyperlegible-next/files/atkinson-hyperlegible-next-latin-wght-normal.woff2";

/** The console's page, ready to serve, by path. The script is compiled here; nothing comes from another host. */
export async function consoleAssets(): Promise<ReadonlyMap<string, Asset>> {
  const { build } = await import("esbuild");
  const script = await build({
    entryPoints: [join(PAGE, "main.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    minify: true,
    logLevel: "silent",
  });
  const font = readFileSync(createRequire(import.meta.url).resolve(FONT));
  const asset = (type: string, body: Uint8Array): Asset => ({ type, body: Buffer.from(body) });
  return new Map([
    ["/", asset("text/html; charset=utf-8", readFileSync(join(PAGE, "index.html")))],
    ["/style.css", asset("text/css; charset=utf-8", readFileSync(join(PAGE, "style.css")))],
    ["/main.js", asset("text/javascript; charset=utf-8", script.outputFiles[0]?.contents ?? Buffer.alloc(0))],
    ["/text.woff2", asset("font/woff2", font)],
    ["/favicon.ico", asset("image/svg+xml", readFileSync(join(PAGE, "mark.svg")))],
  ]);
}
