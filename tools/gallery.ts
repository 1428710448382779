import { mkdir, readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { type Input, LANGUAGES, type Language, type ScreenModel } from "../runtime/core/screen/model.ts";
import { buildPage } from "./build-page.ts";
import { type Fixture, fixtures } from "./gallery/fixtures.ts";

/**
 * The page without a core: a server that plays models to it, for looking and for tests.
 * `tsx tools/gallery.ts OUTDIR [part-of-a-name] [language] [WIDTHxHEIGHT]` takes pictures.
 */
export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'";
export const SIZES = [
  { name: "portrait", width: 1080, height: 1920 },
  { name: "landscape", width: 1920, height: 1080 },
  { name: "phone", width: 390, height: 844 },
] as const;
export const BROWSER = {
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
};

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
  woff2: "font/woff2",
  otf: "font/otf",
};

export interface Gallery {
  url: string;
  /** Every input that the page sent. */
  inputs: { seq: number; input: Input }[];
  /** What the next `POST /input` answers; 204 unless set. */
  answer: { status: number };
  show(model: ScreenModel): void;
  /** Ends all event streams, as a core that restarts; `refuse` keeps new ones out until it is called again. */
  drop(refuse: boolean): void;
  stop(): Promise<void>;
}

/** Serves a built page from `dir` on a free loopback port. `pxPerMm` goes into the page as the screen server's does. */
export async function serveGallery(dir: string, pxPerMm = 3.2): Promise<Gallery> {
  const streams = new Set<ServerResponse>();
  const inputs: Gallery["inputs"] = [];
  const answer = { status: 204 };
  let last: ScreenModel | undefined;
  let refusing = false;
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    response.setHeader("content-security-policy", CSP);
    if (path === "/events") {
      if (refusing) return response.writeHead(503).end();
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.flushHeaders();
      streams.add(response);
      request.on("close", () => streams.delete(response));
      if (last) response.write(`data: ${JSON.stringify(last)}\n\n`);
      return;
    }
    if (path === "/input") {
      let body = "";
      for await (const chunk of request) body += chunk;
      inputs.push(JSON.parse(body) as { seq: number; input: Input });
      return response.writeHead(answer.status).end();
    }
    if (path === "/painted") return response.writeHead(204).end();
    if (path.startsWith("/preview/") || path.startsWith("/picture/")) {
      response.writeHead(200, { "content-type": "image/svg+xml" });
      return response.end(path.includes("document") ? PAPER : SITTER);
    }
    const file = path === "/" ? "index.html" : normalize(path).replace(/^(\.\.|\/)+/, "");
    try {
      let content: Buffer | string = await readFile(join(dir, file));
      if (file === "index.html") {
        content = content.toString().replace(/(name="px-per-mm" content=")[^"]*/, `$1${pxPerMm}`);
      }
      response.writeHead(200, {
        "content-type": TYPES[file.split(".").pop() ?? ""] ?? "application/octet-stream",
      });
      return response.end(content);
    } catch {
      return response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    inputs,
    answer,
    show: (model) => {
      last = model;
      for (const stream of streams) stream.write(`data: ${JSON.stringify(model)}\n\n`);
    },
    drop: (refuse) => {
      refusing = refuse;
      for (const stream of streams) stream.end();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Stand-ins for the cameras: a head and shoulders, and a sheet with a code. */
const SITTER = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 350 450" width="700" height="900"><path fill="#c9ced1" d="M0 0h350v450H0z"/><path fill="#3f4b5e" d="M20 450c0-120 80-146 155-146s155 26 155 146z"/><path fill="#b98d6e" d="M140 270h70v60q-35 30-70 0z"/><ellipse cx="175" cy="205" rx="82" ry="108" fill="#c99b7c"/><path fill="#2b2523" d="M93 200c-10-150 174-150 164 0-8-50-30-72-82-72s-74 22-82 72z"/><path stroke="#2b2523" stroke-width="6" stroke-linecap="round" fill="none" d="M137 204h18M195 204h18M150 262q25 12 50 0"/></svg>`;
const PAPER = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="800" height="800"><path fill="#5d6668" d="M0 0h400v400H0z"/><rect x="120" y="50" width="180" height="320" rx="20" fill="#111" transform="rotate(6 200 200)"/><rect x="134" y="80" width="152" height="250" fill="#f4f4f4" transform="rotate(6 200 200)"/></svg>`;

/** Takes pictures of the fixtures into `outDir`. */
async function pictures(
  outDir: string,
  part: string,
  languages: readonly Language[],
  size: string,
): Promise<void> {
  await buildPage();
  await mkdir(outDir, { recursive: true });
  const gallery = await serveGallery("dist/page");
  const browser = await chromium.launch(BROWSER);
  for (const { name, width, height } of SIZES.filter((each) => each.name.includes(size))) {
    const page = await browser.newPage({ viewport: { width, height }, reducedMotion: "reduce" });
    page.on("console", (line) => console.log(`${line.type()}: ${line.text()}`));
    page.on("pageerror", (error) => console.log(`error: ${error.message}`));
    const shots: Fixture[] = languages.flatMap((language) => fixtures(language));
    let seq = 0;
    await page.goto(gallery.url);
    for (const fixture of shots.filter((each) => each.name.includes(part))) {
      seq += 1;
      gallery.show({ ...fixture.model, seq });
      await page.waitForSelector(`main[data-seq="${seq}"]`);
      // As text: this side of the program knows no DOM.
      await page.evaluate(
        "document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))",
      );
      await page.screenshot({ path: join(outDir, `${fixture.name}-${fixture.language}-${name}.png`) });
    }
    await page.close();
  }
  await browser.close();
  await gallery.stop();
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const [outDir = "/tmp/gallery", part = "", language = "", size = ""] = process.argv.slice(2);
  const started = performance.now();
  await pictures(outDir, part, language ? [language as Language] : LANGUAGES, size);
  console.log(`pictures in ${outDir} after ${Math.round(performance.now() - started)} ms`);
}
