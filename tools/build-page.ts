import { copyFile, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

/**
 * Builds the kiosk's page: `index.html`, `page.js`, `page.css` and the fonts, which a browser loads piece by piece
 * as characters need them. Run alone, it prints the sizes.
 */
const PAGE = "runtime/core/screen/page";

/**
 * While a piece of a Chinese font is on its way, its characters are not there yet: a unit has no other font with them, and
 * the boxes that would stand in for them look like a defect.
 */
const noBoxes: Plugin = {
  name: "no-boxes",
  setup: ({ onLoad }) => {
    onLoad({ filter: /@fontsource-variable\/noto-sans-[a-z]+\/index\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll("font-display: swap", "font-display: block"),
      loader: "css",
    }));
  },
};

export interface PageBuild {
  /** Bytes by file; the fonts together under `fonts`, since a screen loads few of them. */
  sizes: Record<string, number>;
  milliseconds: number;
}

export interface BuildPageOptions {
  /** Where the page goes; `dist/page` if left out. */
  outDir?: string;
  /** Folder of the checkout; the working directory if left out. */
  root?: string;
}

/** Builds the page; throws with esbuild's message where the sources are at fault. */
export async function buildPage({
  outDir = "dist/page",
  root = ".",
}: BuildPageOptions = {}): Promise<PageBuild> {
  const started = performance.now();
  const source = join(root, PAGE);
  await build({
    entryPoints: [join(source, "page.ts"), join(source, "page.css")],
    outdir: outDir,
    bundle: true,
    minify: true,
    format: "esm",
    target: "chrome110",
    legalComments: "none",
    loader: { ".woff2": "file", ".otf": "file" },
    assetNames: "fonts/[name]",
    logLevel: "warning",
    plugins: [noBoxes],
  });
  await copyFile(join(source, "index.html"), join(outDir, "index.html"));
  const sizes: Record<string, number> = {};
  for (const name of ["index.html", "page.js", "page.css"])
    sizes[name] = (await stat(join(outDir, name))).size;
  const fonts = await readdir(join(outDir, "fonts"));
  const fontSizes = await Promise.all(
    fonts.map(async (name) => (await stat(join(outDir, "fonts", name))).size),
  );
  sizes.fonts = fontSizes.reduce((sum, size) => sum + size, 0);
  return { sizes, milliseconds: Math.round(performance.now() - started) };
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { sizes, milliseconds } = await buildPage();
  for (const [name, size] of Object.entries(sizes))
    console.log(`${name.padEnd(12)} ${(size / 1024).toFixed(1)} KiB`);
  console.log(`built in ${milliseconds} ms`);
}
