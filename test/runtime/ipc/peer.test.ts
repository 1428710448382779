import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import * as assert from "uvu/assert";
import { defineErrors, err, ok, setLog } from "../../../drivers/kit/index.ts";
import { encodeFrame, FrameReader } from "../../../runtime/ipc/frame.ts";
import { connectUnix, listenUnix, Peer } from "../../../runtime/ipc/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { socketRig } from "../../support/ipc-rig.ts";
import { isZero, sentFrames } from "../../support/sent.ts";

const { test, run } = suite("ipc");

const logged: Record<string, unknown>[] = [];
setLog({ sink: (line) => logged.push(line) });

const refused = defineErrors("ipcTest", {
  no: { what: "It will not", todo: "Ask nicely", remedy: "none", cause: "user" },
});
const Number_ = Type.Object({ n: Type.Integer() }, { additionalProperties: false });
const methods = {
  double: { request: Number_, answer: Number_ },
  refuse: { request: Number_, answer: Number_ },
  throwFault: { request: Number_, answer: Number_ },
  throwBug: { request: Number_, answer: Number_ },
  lie: { request: Number_, answer: Number_ },
  never: { request: Number_, answer: Number_ },
  picture: { request: Number_, answer: Number_ },
  finger: { request: Number_, answer: Number_ },
  unserved: { request: Number_, answer: Number_ },
};
const events = { tick: Number_ };
const none = {};

/** A capture, as the process that made it has it. */
const captured = new Uint8Array(300_000);

function serve(socket: Socket) {
  return new Peer<typeof none, typeof none, typeof events>(socket, {
    remote: none,
    incoming: none,
    local: methods,
    handlers: {
      double: async (body) => ok({ body: { n: (body as { n: number }).n * 2 }, parts: [] }),
      refuse: async () => err(refused("no")),
      throwFault: async () => {
        throw refused("no");
      },
      throwBug: async () => {
        throw new TypeError("a secret that must not travel");
      },
      lie: async () => ok({ body: { n: "two" }, parts: [] }),
      never: () => new Promise(() => undefined),
      finger: async () => ok({ body: { n: 1 }, parts: [captured.fill(7)], personal: true }),
      picture: async () => ok({ body: { n: 1 }, parts: [Uint8Array.of(1, 2, 3), new Uint8Array(300_000)] }),
    },
  });
}

async function pair(t: TestContext) {
  const servers: ReturnType<typeof serve>[] = [];
  const raw = await socketRig(t, (socket) => {
    const server = serve(socket);
    servers.push(server);
    return server;
  });
  return { servers, raw, client: async () => new Peer(await raw(), { remote: methods, incoming: events }) };
}

/** What a raw socket gets back as heads, and when it was closed. */
function listenTo(socket: Socket) {
  const heads: { t: string; id?: number; body?: { code?: string; n?: number } }[] = [];
  const reader = new FrameReader((head) => heads.push(JSON.parse(head)));
  socket.on("data", (chunk: Buffer) => reader.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { heads, closed };
}

const question = (id: number, name: string, body: unknown) => encodeFrame({ t: "q", id, name, body }, []);
const failure = (answer: { ok: true } | { ok: false; error: { code: string } }) =>
  answer.ok ? "ok" : answer.error.code;

test("a frame is read whole wherever the stream is cut, and several at once", () => {
  const parts = [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(255)];
  const stream = Buffer.concat([
    encodeFrame({ a: "é語" }, parts),
    encodeFrame({ b: 1 }, []),
    encodeFrame({ c: 1 }, parts),
  ]);
  for (let cut = 0; cut <= stream.length; cut++) {
    const got: [string, number[][]][] = [];
    const reader = new FrameReader((head, p) => got.push([head, p.map((part) => [...part])]));
    assert.ok(reader.push(stream.subarray(0, cut)) && reader.push(stream.subarray(cut)));
    assert.equal(got, [
      ['{"a":"é語"}', [[1, 2, 3], [], [255]]],
      ['{"b":1}', []],
      ['{"c":1}', [[1, 2, 3], [], [255]]],
    ]);
  }
  const got: string[] = [];
  const reader = new FrameReader((head) => got.push(head));
  for (const byte of stream) assert.ok(reader.push(Buffer.of(byte)));
  assert.is(got.length, 3);
});

test("what was captured is overwritten once it is sent, in the part and in the frame, also when nobody reads it", async (t) => {
  const { client, raw } = await pair(t);
  const frames = sentFrames(t, captured.length - 1, /"t":"a"/);
  const answer = await (await client()).call("finger", { n: 1 });
  assert.ok(answer.ok && answer.value.parts[0]?.every((byte) => byte === 7), "it arrives whole");
  assert.ok(isZero(captured));
  await eventually("the frame is overwritten", () => isZero(frames[0]));
  // One that asks and does not read: the frame is in the socket until the connection ends.
  const deaf = await raw();
  deaf.pause();
  deaf.write(question(1, "finger", { n: 1 }));
  await eventually("the second frame", () => frames[1]);
  assert.ok(isZero(captured));
  deaf.destroy();
  await eventually("the second frame is overwritten", () => isZero(frames[1]));
  // What is no capture stays as it is.
  const picture = await (await client()).call("picture", { n: 1 });
  assert.ok(picture.ok);
  assert.ok(frames[2]?.some((byte) => byte !== 0));
});

test("sizes beyond the caps are refused from the prefix, before the bytes are there", () => {
  const prefix = (head: number, ...sizes: number[]) => {
    const bytes = Buffer.alloc(5 + 4 * sizes.length);
    bytes.writeUInt32BE(head, 0);
    bytes.writeUInt8(sizes.length, 4);
    sizes.forEach((size, i) => {
      bytes.writeUInt32BE(size, 5 + 4 * i);
    });
    return bytes;
  };
  const accepts = (bytes: Buffer) => new FrameReader(() => undefined).push(bytes);
  assert.is(accepts(prefix(256 * 1024)), true);
  assert.is(accepts(prefix(256 * 1024 + 1)), false);
  assert.is(accepts(prefix(0)), false);
  assert.is(accepts(prefix(2, ...Array(8).fill(0))), true);
  assert.is(accepts(prefix(2, ...Array(9).fill(0))), false);
  assert.is(accepts(prefix(2, 0xffff_ffff)), false);
  assert.is(accepts(prefix(2, ...Array(8).fill(2 * 1024 * 1024))), false);
  assert.throws(() => encodeFrame({ text: "x".repeat(256 * 1024) }, []));
  assert.throws(() => encodeFrame({}, Array(9).fill(new Uint8Array(1))));
});

test("calls are answered each by its own, with its parts", async (t) => {
  const { client } = await pair(t);
  const peer = await client();
  const answers = await Promise.all([1, 2, 3].map((n) => peer.call("double", { n })));
  assert.equal(
    answers.map((answer) => answer.ok && answer.value.body.n),
    [2, 4, 6],
  );
  const picture = await peer.call("picture", { n: 1 });
  assert.ok(picture.ok);
  assert.equal(
    picture.value.parts.map((part) => part.length),
    [3, 300_000],
  );
});

test("a method that refuses, throws, lies or is not there ends its own call only, and says no more than it may", async (t) => {
  const { client } = await pair(t);
  const peer = await client();
  const ask = (name: string, body: unknown) =>
    (
      peer as unknown as {
        call(name: string, body: unknown): Promise<{ ok: false; error: { code: string } }>;
      }
    ).call(name, body);
  const cases: [string, unknown, string][] = [
    ["refuse", { n: 1 }, "ipcTest.no"],
    ["throwFault", { n: 1 }, "ipcTest.no"],
    ["throwBug", { n: 1 }, "ipc.internal"],
    ["lie", { n: 1 }, "schema.invalid"],
    ["unserved", { n: 1 }, "ipc.unknownMethod"],
    ["nothing", { n: 1 }, "ipc.unknownMethod"],
    ["toString", { n: 1 }, "ipc.unknownMethod"],
    ["__proto__", { n: 1 }, "ipc.unknownMethod"],
    ["double", { n: 1.5 }, "schema.invalid"],
    ["double", { n: 1, more: 1 }, "schema.invalid"],
    ["double", null, "schema.invalid"],
    ["double", undefined, "schema.invalid"],
  ];
  for (const [name, body, reason] of cases) {
    const answer = await ask(name, body);
    assert.is(failure(answer), reason, `${name} ${JSON.stringify(body)}`);
    assert.not.match(JSON.stringify(answer), "secret");
  }
  assert.not.match(JSON.stringify(logged), "a secret that must not travel");
  assert.is(failure(await peer.call("double", { n: 1 })), "ok");
});

test("a peer that sends what is no message is disconnected, the others are not", async (t) => {
  const { client, raw } = await pair(t);
  const other = await client();
  const frame = (text: string) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(Buffer.byteLength(text), 0);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const nonsense: [string, Buffer][] = [
    ["a head beyond its cap", Buffer.from([0x7f, 0xff, 0xff, 0xff, 0])],
    ["too many parts", Buffer.from([0, 0, 0, 2, 200])],
    ["parts beyond the cap", Buffer.from([0, 0, 0, 2, 1, 0xff, 0xff, 0xff, 0xff])],
    ["no JSON", frame("{]")],
    ["a list", frame("[]")],
    ["an unknown kind", frame('{"t":"z","id":1}')],
    ["a question without a number", frame('{"t":"q","name":"double"}')],
    ["a negative number", frame('{"t":"q","id":-1,"name":"double"}')],
    ["an event that nobody expects", frame('{"t":"e","name":"tick","body":{"n":1}}')],
    ["a name like a prototype's", frame('{"t":"e","name":"toString","body":{}}')],
  ];
  for (const [what, bytes] of nonsense) {
    const socket = await raw();
    const { closed } = listenTo(socket);
    socket.write(bytes);
    await Promise.race([
      closed,
      new Promise((_, reject) => setTimeout(() => reject(new Error(`kept: ${what}`)), 3_000).unref()),
    ]);
  }
  assert.is(failure(await other.call("double", { n: 4 })), "ok");
});

test("answers to nothing are ignored, and a question byte by byte is served", async (t) => {
  const { raw } = await pair(t);
  const socket = await raw();
  const { heads } = listenTo(socket);
  socket.write(encodeFrame({ t: "a", id: 77, body: {} }, []));
  for (const byte of question(5, "double", { n: 21 })) {
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (heads.length === 0) await once(socket, "data");
  assert.equal(heads, [{ t: "a", id: 5, body: { n: 42 } }]);
});

test("when the other one goes, every open call is settled, and every later one", async (t) => {
  const { servers, client } = await pair(t);
  const peer = await client();
  const open = [peer.call("never", { n: 1 }), peer.call("never", { n: 2 })];
  assert.is(failure(await peer.call("double", { n: 1 })), "ok");
  servers[0]?.close();
  assert.equal((await Promise.all(open)).map(failure), ["ipc.gone", "ipc.gone"]);
  await peer.closed;
  assert.is(peer.connected, false);
  assert.is(failure(await peer.call("double", { n: 1 })), "ipc.gone");
  servers[0]?.emit("tick", { n: 1 });
});

test("events reach those who listen, until they no longer do", async (t) => {
  const { servers, client } = await pair(t);
  const peer = await client();
  await peer.call("double", { n: 1 });
  const heard: number[] = [];
  const off = peer.on("tick", ({ n }) => heard.push(n));
  servers[0]?.emit("tick", { n: 1 });
  await peer.call("double", { n: 1 });
  off();
  servers[0]?.emit("tick", { n: 2 });
  await peer.call("double", { n: 1 });
  assert.equal(heard, [1]);
});

test("a leftover socket of a former life is no obstacle, and a late listener is found", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-ipc-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "run", "late.sock");
  const gone = new AbortController();
  const waiting = connectUnix(path, gone.signal);
  gone.abort();
  assert.is(await waiting, undefined);
  const early = connectUnix(path, AbortSignal.timeout(5_000));
  const dead = spawn(process.execPath, [
    "-e",
    `require("node:fs").mkdirSync(${JSON.stringify(join(folder, "run"))}, { recursive: true });
     require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"));`,
  ]);
  await once(dead, "exit");
  const listener = await listenUnix(path, () => undefined);
  t.after(() => listener.close());
  const socket = await early;
  assert.ok(socket);
  socket.destroy();
});

run();
