import { once } from "node:events";
import type { Socket } from "node:net";
import { Type } from "@sinclair/typebox";
import * as assert from "uvu/assert";
import { ok, type Result, setLog } from "../../../drivers/kit/index.ts";
import { encodeFrame, FrameReader } from "../../../runtime/ipc/frame.ts";
import { type Handlers, type Methods, Peer } from "../../../runtime/ipc/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { socketRig } from "../../support/ipc-rig.ts";

const { test, run } = suite("ipc: too much");

const logged: unknown[] = [];
setLog({ sink: (line) => logged.push(line) });

const Body = Type.Object({ n: Type.Integer(), text: Type.Optional(Type.String()) });
const method = { request: Body, answer: Body };
const methods = { ask: method, other: method } as const satisfies Methods;
const events = { tick: Body };
type Both = Peer<typeof methods, typeof events, typeof events>;
type Served = Partial<Handlers<typeof methods>>;

const code = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);
const question = (n: number, text = "") => encodeFrame({ t: "q", id: n, name: "ask", body: { n, text } }, []);

/** A listener whose peers serve `handlers`; `remote` is what they may ask themselves. */
async function serving(t: TestContext, handlers: Served, remote: Partial<typeof methods> = {}) {
  const sockets: Socket[] = [];
  const peers: Both[] = [];
  const make = (socket: Socket, own: Served, asks: Partial<typeof methods>, incoming = {}): Both =>
    new Peer(socket, {
      remote: asks as typeof methods,
      incoming: incoming as typeof events,
      local: methods,
      handlers: own as never,
    });
  const raw = await socketRig(t, (socket) => {
    const peer = make(socket, handlers, remote);
    sockets.push(socket);
    peers.push(peer);
    return peer;
  });
  const client = async (own: Served = {}) => make(await raw(), own, methods, events);
  return { sockets, peers, raw, client };
}

test("who asks thousands of times and does not read costs a few answers; when it reads, each is answered", async (t) => {
  let served = 0;
  const text = "x".repeat(20_000);
  const { sockets, raw } = await serving(t, {
    ask: async ({ n }) => {
      served++;
      return ok({ body: { n, text }, parts: [] });
    },
  });
  const socket = await raw();
  const all = 5_000;
  socket.write(Buffer.concat(Array.from({ length: all }, (_, n) => question(n))));
  await eventually("it is not read any more", () => sockets[0]?.isPaused());
  // What the kernel keeps has left.
  assert.ok(served >= 64 && served < 200, `${served} served`);
  assert.ok((sockets[0]?.writableLength ?? 0) < 64 * 21_000);
  const answered: number[] = [];
  const reader = new FrameReader((head) => answered.push((JSON.parse(head) as { id: number }).id));
  socket.on("data", (chunk: Buffer) => reader.push(chunk));
  await eventually("all are answered", () => answered.length === all, 20_000);
  assert.equal(answered.sort((a, b) => a - b)[all - 1], all - 1);
  assert.is(new Set(answered).size, all);
});

test("answers of megabytes that nobody reads end the serving by their bytes", async (t) => {
  let served = 0;
  const parts = [new Uint8Array(3 * 1024 * 1024)];
  const { sockets, raw } = await serving(t, {
    ask: async ({ n }) => {
      served++;
      return ok({ body: { n }, parts });
    },
  });
  const socket = await raw();
  // One at a time: what is under way already is answered whatever it comes to.
  for (let n = 0; n < 20 && !sockets[0]?.isPaused(); n++) {
    const before = served;
    socket.write(question(n));
    await eventually("served or not read", () => served > before || sockets[0]?.isPaused());
  }
  assert.ok(sockets[0]?.isPaused() && served <= 4, `${served} served`);
});

test("two ends that ask each other without end, and ask back for each answer, come to theirs", async (t) => {
  const asksBack = (peer: () => Both): Served => ({
    ask: async ({ n }) => {
      const answer = await peer().call("other", { n });
      return answer.ok ? ok({ body: { n: answer.value.body.n + 1 }, parts: [] }) : answer;
    },
    other: async ({ n }) => ok({ body: { n: n * 2, text: "x".repeat(10_000) }, parts: [] }),
  });
  const { peers, client } = await serving(
    t,
    asksBack(() => peers[0] as Both),
    methods,
  );
  const near: Both = await client(asksBack(() => near));
  await near.call("other", { n: 0 });
  const far = peers[0] as Both;
  const asked = [near, far].flatMap((peer) => Array.from({ length: 500 }, (_, n) => peer.call("ask", { n })));
  const answers = await Promise.all(asked);
  assert.equal(answers.map(code), Array(1_000).fill("ok"));
});

test("who is asked something must not ask more than can wait instead of answering", async (t) => {
  const { peers, raw } = await serving(t, { ask: () => new Promise(() => undefined) }, methods);
  const socket = await raw();
  socket.write(question(0));
  const far = await eventually("connected", () => peers[0]);
  const answer = far.call("other", { n: 1 });
  socket.resume();
  const text = "x".repeat(200_000);
  for (let n = 1; n < 200; n++) socket.write(question(n, text));
  assert.is(code(await answer), "ipc.gone");
  assert.match(JSON.stringify(logged), "ipc.flood");
});

test("what fits no frame is ipc.internal for who asked, no event, and the end of nothing else", async (t) => {
  const { peers, client } = await serving(t, {
    ask: async ({ n }) => {
      if (n === 1) return ok({ body: { n, text: "x".repeat(300_000) }, parts: [] });
      if (n === 2) return ok({ body: { n }, parts: [new Uint8Array(17 * 1024 * 1024)] });
      if (n === 3) return ok({ body: { n, more: 1n } as { n: number }, parts: [] });
      return ok({ body: { n }, parts: [] });
    },
  });
  const peer = await client();
  for (const n of [1, 2, 3]) assert.is(code(await peer.call("ask", { n })), "ipc.internal", String(n));
  peers[0]?.emit("tick", { n: 1, text: "x".repeat(300_000) });
  const ticks: number[] = [];
  peer.on("tick", ({ n }) => ticks.push(n));
  peers[0]?.emit("tick", { n: 2 });
  const long = await peer.call("ask", { n: 4, text: "x".repeat(300_000) }).catch((error: unknown) => error);
  assert.instance(long, RangeError);
  assert.is(code(await peer.call("ask", { n: 5 })), "ok");
  assert.equal(ticks, [2]);
});

test("behind what is no message nothing is served, and a peer without parts to send sends none", async (t) => {
  const served: number[] = [];
  const { raw } = await serving(t, {
    ask: async ({ n }) => {
      served.push(n);
      return ok({ body: { n }, parts: [] });
    },
  });
  for (const [n, wrong] of [
    [1, encodeFrame({ t: "z", id: 1 }, [])],
    [3, encodeFrame({ t: "q", id: 3, name: "ask", body: { n: 30 } }, [new Uint8Array(8)])],
  ] as const) {
    const socket = await raw();
    const closed = once(socket, "close");
    socket.resume();
    socket.write(Buffer.concat([question(n), wrong, question(n + 1)]));
    await closed;
  }
  assert.equal(served, [1, 3]);
});

test("few connections are served, and when one is left the next one is", async (t) => {
  const { raw, client } = await serving(t, { ask: async ({ n }) => ok({ body: { n }, parts: [] }) });
  const kept = await Promise.all(Array.from({ length: 8 }, () => client()));
  for (const peer of kept) assert.is(code(await peer.call("ask", { n: 1 })), "ok");
  const ninth = await raw();
  ninth.resume();
  await once(ninth, "close");
  kept[0]?.close();
  await eventually(
    "a place is free",
    async () => code(await (await client()).call("ask", { n: 1 })) === "ok",
  );
  assert.is(code(await (kept[1] as Both).call("ask", { n: 1 })), "ok");
});

run();
