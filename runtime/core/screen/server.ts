import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { Type } from "@sinclair/typebox";
import { b64u, defineEvents, parseJson, systemClock } from "../../../drivers/kit/index.ts";
import { listenUnix } from "../../ipc/index.ts";
import { type Input, LANGUAGES, type ScreenModel } from "./model.ts";
import { Previews, previewOf } from "./previews.ts";

const log = defineEvents("screen", {
  refused: { level: "warn", what: "A request to the screen server was refused", fields: ["reason"] },
  connected: { level: "info", what: "The page is connected", fields: [] },
});

const Text = Type.String({ maxLength: 400 });
const closed = { additionalProperties: false };
const plain = (type: Input["type"]) => Type.Object({ type: Type.Literal(type) }, closed);
const Coordinate = Type.Number({ minimum: -50, maximum: 1_050 });
const InputSchema = Type.Object(
  {
    seq: Type.Integer({ minimum: 0 }),
    input: Type.Union([
      Type.Object({ type: Type.Literal("action"), id: Text }, closed),
      Type.Object({ type: Type.Literal("choose"), id: Text }, closed),
      Type.Object({ type: Type.Literal("edit"), id: Text }, closed),
      Type.Object({ type: Type.Literal("text"), field: Text, value: Text }, closed),
      Type.Object(
        {
          type: Type.Literal("language"),
          id: Type.Unsafe<(typeof LANGUAGES)[number]>({ type: "string", enum: [...LANGUAGES] }),
        },
        closed,
      ),
      Type.Object(
        {
          type: Type.Literal("sign"),
          strokes: Type.Array(Type.Array(Type.Tuple([Coordinate, Coordinate]), { maxItems: 4_000 }), {
            maxItems: 200,
          }),
        },
        closed,
      ),
      ...(["accept", "decline", "skip", "next", "back", "help", "closeHelp", "stop", "more"] as const).map(
        plain,
      ),
    ]),
  },
  closed,
);

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2",
  ".otf": "font/otf",
  ".svg": "image/svg+xml",
};
const MAX_BODY = 512 * 1024;
const COOKIE = "guichet";
/** A page says every five seconds that it draws; after three that were left out it is not believed any more, ms. */
const PAINTED_MS = 16_000;

export interface ScreenServerOptions {
  /** Folder of the built page. */
  assets: string;
  port: number;
  pxPerMm: number;
  model: () => ScreenModel;
  onInput: (seq: number, input: Input) => void;
  /** Whether the unit serves people, for machines. */
  health: () => Record<string, unknown>;
  /** Unix socket that answers `/healthz` too. */
  healthSocket?: string;
  /** Admits the page; made at each start when absent. */
  token?: string;
  /** Called whenever the page has said that it drew. */
  onPainted?: () => void;
}

/**
 * Serves the one page on loopback. A token is exchanged for a cookie by the first request; Host and
 * Origin are checked on every one. The newest page is the screen: an older connection is ended.
 */
export class ScreenServer {
  readonly #options: ScreenServerOptions;
  readonly #token: string;
  readonly #server: Server;
  /** Answers `/healthz` only, to other users of this machine that have no network. */
  readonly #healthServer: Server;
  readonly #pictures = new Map<string, Uint8Array>();
  /** When the page last said that it drew, on the clock that nobody sets; undefined while none has. */
  #paintedAt: number | undefined;
  readonly #previews = new Previews();
  #page: ServerResponse | undefined;
  #beat: NodeJS.Timeout | undefined;
  #port = 0;

  constructor(options: ScreenServerOptions) {
    this.#options = options;
    this.#token = options.token ?? b64u(randomBytes(24));
    this.#healthServer = createServer((request, response) => {
      if (request.url === "/healthz") this.#json(response, this.#options.health());
      else this.#refuse(response, 404, "health");
    });
    this.#server = createServer(
      { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 3_000 },
      (request, response) => {
        this.#handle(request, response).catch(() => this.#refuse(response, 500, "internal"));
      },
    );
    this.#server.maxConnections = 64;
  }

  /** Listens on 127.0.0.1; answers the address that the browser opens, with its token. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    if (this.#options.healthSocket) await listenUnix(this.#options.healthSocket, this.#healthServer);
    return `http://127.0.0.1:${this.#port}/?t=${this.#token}`;
  }

  /** Whether the page that is connected has said lately that a screen of this start is on the panel. */
  get painted(): boolean {
    return this.#paintedAt !== undefined && systemClock.mono() - this.#paintedAt < PAINTED_MS;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async close(): Promise<void> {
    this.#endPage();
    this.#previews.end();
    this.#server.closeAllConnections();
    this.#healthServer.closeAllConnections();
    this.#healthServer.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Sends a model to the page. A live view that it does not show has ended. */
  push(model: ScreenModel): void {
    this.#previews.end(previewOf(model));
    // A page that has stopped reading is ended; it comes back and gets the whole model.
    if ((this.#page?.writableLength ?? 0) > MAX_BODY) this.#page?.destroy();
    else this.#page?.write(`data: ${JSON.stringify(model)}\n\n`);
  }

  /** Keeps a picture for the page until `forgetPictures`; answers its address. */
  putPicture(jpeg: Uint8Array): string {
    const id = b64u(randomBytes(12));
    this.#pictures.set(id, Uint8Array.from(jpeg));
    return `/picture/${id}`;
  }

  forgetPictures(): void {
    this.#previews.end();
    for (const jpeg of this.#pictures.values()) jpeg.fill(0);
    this.#pictures.clear();
  }

  /** One frame of a live view; a page that has not taken the last one misses it. */
  frame(role: string, jpeg: Uint8Array): void {
    this.#previews.frame(role, jpeg);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.origin);
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Content-Security-Policy", CSP);
    if (request.headers.host !== `127.0.0.1:${this.#port}`) return this.#refuse(response, 421, "host");
    const { origin } = request.headers;
    if (origin !== undefined && origin !== this.origin) return this.#refuse(response, 403, "origin");
    if (url.pathname === "/healthz") return this.#json(response, this.#options.health());
    if (url.pathname === "/" && url.searchParams.has("t"))
      return this.#welcome(url.searchParams.get("t") ?? "", response);
    if (!this.#known(request)) return this.#refuse(response, 401, "token");
    if (request.method === "POST" && url.pathname === "/input") return this.#input(request, response, origin);
    if (request.method === "POST" && url.pathname === "/painted") {
      if (origin !== this.origin) return this.#refuse(response, 403, "origin");
      if (this.#page) {
        this.#paintedAt = systemClock.mono();
        this.#options.onPainted?.();
      }
      return void response.writeHead(204).end();
    }
    if (request.method !== "GET") return this.#refuse(response, 405, "method");
    if (url.pathname === "/events") return this.#events(response);
    const [, kind, name] = url.pathname.split("/");
    if (kind === "preview" && (name === "portrait" || name === "document")) {
      // Not for a screen that has been replaced meanwhile.
      if (previewOf(this.#options.model()) !== name) return this.#refuse(response, 404, "preview");
      return this.#previews.add(name, response);
    }
    if (kind === "picture" && name) return this.#picture(name, response);
    return this.#asset(url.pathname, response);
  }

  #welcome(token: string, response: ServerResponse): void {
    if (!same(token, this.#token)) return this.#refuse(response, 401, "token");
    response.writeHead(303, {
      Location: "/",
      "Set-Cookie": `${COOKIE}=${this.#token}; HttpOnly; SameSite=Strict; Path=/`,
    });
    response.end();
  }

  #known(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? "").split(/;\s*/);
    return cookies.some(
      (cookie) => cookie.startsWith(`${COOKIE}=`) && same(cookie.slice(COOKIE.length + 1), this.#token),
    );
  }

  async #input(
    request: IncomingMessage,
    response: ServerResponse,
    origin: string | undefined,
  ): Promise<void> {
    if (origin !== this.origin) return this.#refuse(response, 403, "origin");
    if (!(request.headers["content-type"] ?? "").startsWith("application/json"))
      return this.#refuse(response, 415, "type");
    if (Number(request.headers["content-length"] ?? 0) > MAX_BODY) return this.#tooLarge(request, response);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BODY) return this.#tooLarge(request, response);
      chunks.push(chunk);
    }
    const body = parseJson(InputSchema, Buffer.concat(chunks).toString("utf8"), "input");
    if (!body.ok) return this.#refuse(response, 400, "shape");
    response.writeHead(204).end();
    this.#options.onInput(body.value.seq, body.value.input as Input);
  }

  /** Says so, and reads no more of it. */
  #tooLarge(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("Connection", "close");
    this.#refuse(response, 413, "size");
    response.once("finish", () => request.destroy());
  }

  /** Nothing is written to a page that was ended: that would end the process. */
  #endPage(): void {
    clearInterval(this.#beat);
    const page = this.#page;
    this.#page = undefined;
    this.#paintedAt = undefined;
    page?.end();
  }

  #events(response: ServerResponse): void {
    this.#endPage();
    this.#page = response;
    response.writeHead(200, { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
    log("connected");
    this.push(this.#options.model());
    this.#beat = setInterval(() => response.write(": beat\n\n"), 10_000);
    response.on("error", () => response.destroy());
    response.on("close", () => this.#page === response && this.#endPage());
  }

  #picture(id: string, response: ServerResponse): void {
    const jpeg = this.#pictures.get(id);
    if (!jpeg) return this.#refuse(response, 404, "picture");
    response.writeHead(200, { "Content-Type": "image/jpeg" });
    response.end(jpeg);
  }

  async #asset(path: string, response: ServerResponse): Promise<void> {
    const name = path === "/" ? "/index.html" : path;
    const type = TYPES[extname(name)];
    if (!type || !/^\/[A-Za-z0-9_./-]+$/.test(name) || name.includes(".."))
      return this.#refuse(response, 404, "asset");
    const bytes = await readFile(join(this.#options.assets, name)).catch(() => undefined);
    if (!bytes) return this.#refuse(response, 404, "asset");
    // Fonts never change within a build and hold nothing of a person; all else is asked for anew.
    if (name.startsWith("/fonts/")) response.setHeader("Cache-Control", "max-age=86400");
    response.writeHead(200, { "Content-Type": type });
    if (name !== "/index.html") return void response.end(bytes);
    response.end(
      bytes
        .toString("utf8")
        .replace(/(<meta name="px-per-mm" content=")[^"]*(")/, `$1${this.#options.pxPerMm}$2`),
    );
  }

  #json(response: ServerResponse, body: unknown): void {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  }

  #refuse(response: ServerResponse, status: number, reason: string): void {
    if (status !== 404) log("refused", { reason });
    if (response.headersSent) return void response.end();
    response.writeHead(status, { "Content-Type": "text/plain" });
    response.end(`${reason}\n`);
  }
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
