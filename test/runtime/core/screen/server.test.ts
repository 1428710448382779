import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Input, ScreenModel } from "../../../../runtime/core/screen/model.ts";
import { ScreenServer } from "../../../../runtime/core/screen/server.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";

const { test, run } = suite("screen server");

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

async function open(t: TestContext) {
  const assets = mkdtempSync(join(tmpdir(), "guichet-screen-"));
  writeFileSync(join(assets, "index.html"), '<meta name="px-per-mm" content="">');
  writeFileSync(join(assets, "page.js"), "1");
  const inputs: { seq: number; input: Input }[] = [];
  const shown = { seq: 7, view: { kind: "wait", title: "t", body: "" } } as unknown as ScreenModel;
  const server = new ScreenServer({
    assets,
    port: 0,
    pxPerMm: 4,
    model: () => shown,
    onInput: (seq, input) => inputs.push({ seq, input }),
    health: () => ({ ready: true }),
  });
  const url = await server.listen();
  t.after(async () => {
    await server.close();
    rmSync(assets, { recursive: true });
  });
  const port = Number(new URL(url).port);
  const start = (
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const own = request({
        host: "127.0.0.1",
        port,
        path,
        method: options.method ?? "GET",
        headers: options.headers ?? {},
      });
      own.once("response", resolve).once("error", reject).end(options.body);
    });
  const ask = async (...args: Parameters<typeof start>): Promise<Answer> => {
    const response = await start(...args);
    let body = "";
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  };
  const welcome = await ask(new URL(url).pathname + new URL(url).search);
  const setCookie = String(welcome.headers["set-cookie"]);
  const cookie = setCookie.split(";")[0] ?? "";
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    ask("/input", {
      method: "POST",
      headers: { cookie, origin: `http://127.0.0.1:${port}`, "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  /** A screen with a live view, or without one. */
  const show = (preview?: string) => {
    shown.view = { kind: "photo", ...(preview ? { preview } : {}) } as unknown as ScreenModel["view"];
    server.push(shown);
  };
  return { server, show, port, start, ask, post, cookie, setCookie, welcome, inputs };
}

const NEXT = { seq: 7, input: { type: "next" } };

test("a screen counts as painted when the connected page has said so, and no longer when it has gone", async (t) => {
  const { server, port, start, ask, cookie } = await open(t);
  const painted = (origin: string, own = cookie) =>
    ask("/painted", { method: "POST", headers: { cookie: own, origin } });
  const origin = `http://127.0.0.1:${port}`;
  assert.is((await painted(origin)).status, 204);
  assert.is(server.painted, false);
  const page = await start("/events", { headers: { cookie } });
  page.resume();
  assert.is((await painted("http://evil.example")).status, 403);
  assert.is((await painted(origin, "other=1")).status, 401);
  assert.is(server.painted, false);
  assert.is((await painted(origin)).status, 204);
  assert.is(server.painted, true);
  page.destroy();
  await eventually("the page is gone", () => !server.painted);
});

test("the beat of a page has stopped before the page is ended: a word after the end would end the process", async (t) => {
  const own = { set: globalThis.setInterval, clear: globalThis.clearInterval };
  const beats: unknown[] = [];
  const done: string[] = [];
  const { start, cookie } = await open(t);
  t.after(() => Object.assign(globalThis, { setInterval: own.set, clearInterval: own.clear }));
  globalThis.setInterval = ((job: () => void, ms: number) => {
    const timer = own.set(job, ms);
    if (ms === 10_000) {
      beats.push(timer);
      done.push(`begins ${beats.length}`);
    }
    return timer;
  }) as typeof setInterval;
  globalThis.clearInterval = ((timer: NodeJS.Timeout) => {
    if (beats.includes(timer)) done.push(`ends ${beats.indexOf(timer) + 1}`);
    own.clear(timer);
  }) as typeof clearInterval;
  (await start("/events", { headers: { cookie } })).resume();
  (await start("/events", { headers: { cookie } })).resume();
  assert.equal(done.slice(0, 3), ["begins 1", "ends 1", "begins 2"]);
});

test("the token of this start becomes a cookie that no script and no other site can use", async (t) => {
  const { welcome, setCookie, ask, cookie } = await open(t);
  assert.is(welcome.status, 303);
  assert.is(welcome.headers.location, "/");
  assert.match(setCookie, /HttpOnly/);
  assert.match(setCookie, /SameSite=Strict/);
  const page = await ask("/", { headers: { cookie } });
  assert.is(page.status, 200);
  assert.match(page.body, 'content="4"');
  assert.match(String(page.headers["content-security-policy"]), /^default-src 'none'/);
  assert.not.match(String(page.headers["content-security-policy"]), /unsafe/);
  assert.is(page.headers["cache-control"], "no-store");
});

test("without the token nothing is answered but health", async (t) => {
  const { ask, port } = await open(t);
  for (const path of ["/", "/events", "/page.js", "/picture/x", "/preview/portrait"])
    assert.is((await ask(path)).status, 401, path);
  assert.is((await ask("/?t=guess")).status, 401);
  assert.is((await ask("/", { headers: { cookie: "guichet=guess" } })).status, 401);
  const body = JSON.stringify(NEXT);
  const origin = `http://127.0.0.1:${port}`;
  assert.is((await ask("/input", { method: "POST", headers: { origin }, body })).status, 401);
  assert.equal(JSON.parse((await ask("/healthz")).body), { ready: true });
});

test("another host name (rebinding) and another origin are refused, also with the cookie", async (t) => {
  const { ask, post, cookie, port, inputs } = await open(t);
  for (const host of ["evil.example", `localhost:${port}`, "127.0.0.1"])
    assert.is((await ask("/", { headers: { cookie, host } })).status, 421, host);
  assert.is((await ask("/healthz", { headers: { host: "evil.example" } })).status, 421);
  assert.is((await ask("/events", { headers: { cookie, origin: "http://evil.example" } })).status, 403);
  assert.is((await post(NEXT, { origin: "http://evil.example" })).status, 403);
  assert.is((await post(NEXT, { origin: "null" })).status, 403);
  const body = JSON.stringify(NEXT);
  const headers = { cookie, "content-type": "application/json" };
  assert.is((await ask("/input", { method: "POST", headers, body })).status, 403);
  assert.is(inputs.length, 0);
});

test("inputs are checked: shape, type, size", async (t) => {
  const { post, inputs } = await open(t);
  assert.is((await post(NEXT)).status, 204);
  assert.equal(inputs, [NEXT]);
  for (const wrong of [
    "{",
    {},
    { seq: -1, input: { type: "next" } },
    { seq: 1, input: { type: "launch" } },
    { seq: 1, input: { type: "next", more: 1 } },
    { seq: 1, input: { type: "language", id: "fr" } },
    { seq: 1, input: { type: "text", field: "a", value: "x".repeat(401) } },
    { seq: 1, input: { type: "sign", strokes: [[[0, 9_999]]] } },
  ])
    assert.is((await post(wrong)).status, 400, JSON.stringify(wrong).slice(0, 60));
  assert.is((await post(NEXT, { "content-type": "text/plain" })).status, 415);
  assert.is((await post("x".repeat(600 * 1024))).status, 413);
  const endless = await post("x".repeat(600 * 1024), { "transfer-encoding": "chunked" }).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  assert.ok(endless === "ECONNRESET" || endless === "EPIPE" || (endless as Answer).status === 413);
  assert.is(inputs.length, 1);
});

test("only files of the page are served", async (t) => {
  const { ask, cookie } = await open(t);
  const headers = { cookie };
  assert.is((await ask("/page.js", { headers })).status, 200);
  for (const path of ["/../package.json", "/%2e%2e/package.json", "/..%2fpage.js", "/page.json", "/none.js"])
    assert.is((await ask(path, { headers })).status, 404, path);
  assert.is((await ask("/page.js", { headers, method: "DELETE" })).status, 405);
});

test("the newest page is the screen; it gets the whole model, the older one is ended", async (t) => {
  const { start, cookie, server } = await open(t);
  const listen = async () => {
    const response = await start("/events", { headers: { cookie } });
    const heard = { text: "", ended: false };
    response.setEncoding("utf8").on("data", (chunk: string) => {
      heard.text += chunk;
    });
    response.on("end", () => {
      heard.ended = true;
    });
    return heard;
  };
  const first = await listen();
  await eventually("the model", () => first.text.includes('"seq":7'));
  const second = await listen();
  await eventually("the end of the first", () => first.ended);
  await eventually("the model", () => second.text.includes('"seq":7'));
  server.push({ seq: 8, view: { kind: "wait" } } as ScreenModel);
  await eventually("the next model", () => second.text.includes('"seq":8'));
  assert.not.match(first.text, '"seq":8');
});

test("pictures live as long as the visit; frames of a slow page are dropped, not kept", async (t) => {
  const { ask, start, show, cookie, server } = await open(t);
  const jpeg = new Uint8Array([1, 2, 3]);
  const path = server.putPicture(jpeg);
  assert.is((await ask(path, { headers: { cookie } })).status, 200);
  server.forgetPictures();
  assert.is((await ask(path, { headers: { cookie } })).status, 404);
  assert.is((await ask("/preview/secret", { headers: { cookie } })).status, 404);
  show("/preview/portrait");
  const slow = await start("/preview/portrait", { headers: { cookie } });
  slow.pause();
  const frame = new Uint8Array(1024 * 1024);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 50; i++) server.frame("portrait", frame);
  assert.ok(process.memoryUsage().arrayBuffers - before < 10 * frame.length);
  slow.destroy();
});

test("a live view ends with the screen that shows it and with the visit, and nothing is sent behind its end", async (t) => {
  const { ask, start, show, cookie, server } = await open(t);
  const headers = { cookie };
  const look = async () => {
    const response = await start("/preview/portrait", { headers });
    const seen = { bytes: 0, ended: false };
    response.on("data", (chunk: Buffer) => {
      seen.bytes += chunk.length;
    });
    response.on("end", () => {
      seen.ended = true;
    });
    server.frame("portrait", new Uint8Array(100));
    await eventually("a frame", () => seen.bytes > 100);
    return seen;
  };
  show("/preview/portrait");
  const first = await look();
  show("/preview/portrait");
  server.frame("portrait", new Uint8Array(100));
  await eventually("it goes on with the same view", () => first.bytes > 200);
  assert.not(first.ended);
  // Another picture, another camera, the end of the visit.
  for (const end of [() => show(), () => show("/preview/document"), () => server.forgetPictures()]) {
    show("/preview/portrait");
    const seen = await look();
    end();
    server.frame("portrait", new Uint8Array(100));
    await eventually("the end", () => seen.ended);
  }
  assert.ok(first.ended);
  show("/preview/document");
  assert.is((await ask("/preview/portrait", { headers })).status, 404);
});

run();
