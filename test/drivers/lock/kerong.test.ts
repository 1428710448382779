import * as fc from "fast-check";
import * as assert from "uvu/assert";
import type { Lock, MotionToken, Session } from "../../../drivers/contract/index.ts";
import { isFault, systemClock } from "../../../drivers/kit/index.ts";
import { STATUS_LENGTH, statusRequest, sum, unlockRequest } from "../../../drivers/lock/kerong/frame.ts";
import { KerongBuses, type KerongSettings, kerongDriver } from "../../../drivers/lock/kerong/index.ts";
import { KerongParser } from "../../../drivers/lock/kerong/parser.ts";
import type { SerialConnection, SerialFactory } from "../../../drivers/ports/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("kerong");
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

test("frames are the published ones", () => {
  assert.equal(statusRequest(0), hex("02 00 30 03 35"));
  assert.equal(statusRequest(1), hex("02 10 30 03 45"));
  assert.equal(unlockRequest(0, 0), hex("02 00 31 03 36"));
  assert.equal(unlockRequest(0, 15), hex("02 0F 31 03 45"));
  assert.equal(unlockRequest(2, 3), hex("02 23 31 03 59"));
  const parser = new KerongParser();
  assert.equal(parser.push(hex("02 00 35 FF FF 00 00 03 38")).statuses, [
    { board: 0, latchBits: 0xffff, itemBits: 0 },
  ]);
  assert.equal(parser.push(hex("02 00 35 FE FF 01 00 03 38")).statuses, [
    { board: 0, latchBits: 0xfffe, itemBits: 1 },
  ]);
});

test("a frame is found byte by byte, and right after any junk", () => {
  const frame = hex("02 00 35 02 03 02 03 03 44");
  frame[8] = sum(frame.slice(0, 8));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 5 }), (junk, cuts) => {
      const parser = new KerongParser();
      // junk that ends like the start of a frame may eat the first one; the second must always be found
      const stream = [...junk, ...frame, ...frame, ...frame];
      let found = 0;
      let at = 0;
      for (const cut of [...cuts, 255]) {
        found += parser.push(Uint8Array.from(stream.slice(at, at + (cut % 13) + 1))).statuses.length;
        at += (cut % 13) + 1;
      }
      found += parser.push(Uint8Array.from(stream.slice(at))).statuses.length;
      return found >= 2;
    }),
    { numRuns: 3_000 },
  );
});

test("a wrong sum, a cut frame and an echo are no status", () => {
  const parser = new KerongParser();
  assert.is(parser.push(hex("02 00 35 FF FF 00 00 03 39")).statuses.length, 0);
  parser.reset();
  const echo = parser.push(hex("02 00 30 03 35 02 00 35 FF FF 00 00 03 38"));
  assert.equal([echo.requests, echo.statuses.length, echo.junk], [1, 1, 0]);
  assert.is(parser.push(hex("02 00 35 FF")).statuses.length, 0);
  assert.is(parser.reset(), 4);
});

/** A line in memory: `answer` decides what the board sends back for each request. */
function line(answer: (request: Uint8Array, reply: (bytes: Uint8Array) => void) => void) {
  const sent: string[] = [];
  let opened = 0;
  let drop: () => void = () => undefined;
  const factory: SerialFactory = async () => {
    opened++;
    let listener: (chunk: Uint8Array) => void = () => undefined;
    let end: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      end = resolve;
    });
    drop = end;
    const connection: SerialConnection = {
      write: async (bytes) => {
        sent.push(Buffer.from(bytes).toString("hex"));
        queueMicrotask(() => answer(bytes, (reply) => listener(reply)));
      },
      onData: (next) => {
        listener = next;
      },
      setBaudRate: async () => undefined,
      closed,
      close: async () => end(),
    };
    return connection;
  };
  return { factory, sent, opened: () => opened, drop: () => drop() };
}

const settings: KerongSettings = {
  role: "lock.main",
  port: { path: "/dev/null-board", baudRate: 19_200 },
  board: 0,
  compartments: 8,
  lockedBit: 1,
  itemBit: 1,
  pulseMs: 500,
};
const reply = (board: number, latch: number, item: number) => {
  const bytes = Uint8Array.of(2, board << 4, 0x35, latch & 255, latch >> 8, item & 255, item >> 8, 3, 0);
  bytes[STATUS_LENGTH - 1] = sum(bytes.slice(0, STATUS_LENGTH - 1));
  return bytes;
};
const signal = new AbortController().signal;
const open = (
  factory: SerialFactory,
  over: Partial<KerongSettings> = {},
  redeem: () => void = () => undefined,
): Promise<Session<Lock>> =>
  kerongDriver({ ...settings, ...over }, { buses: new KerongBuses(factory, systemClock), redeem }).open(
    signal,
  );
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "ok",
    (error) => (isFault(error) ? error.code : String(error)),
  );
const token = (compartment: number) =>
  ({ effect: "e", device: "lock.main", compartment }) as unknown as MotionToken;

test("states follow the configured polarity", async () => {
  const board = line((_request, send) => send(reply(0, 0xfe, 0x01)));
  const normal = await (await open(board.factory)).verbs.read();
  assert.ok(normal.ok);
  assert.equal(normal.value[0], { compartment: 0, latch: "open", item: "present" });
  assert.equal(normal.value[1], { compartment: 1, latch: "locked", item: "absent" });
  const inverted = await (await open(board.factory, { lockedBit: 0, itemBit: 0 })).verbs.read();
  assert.ok(inverted.ok);
  assert.equal(inverted.value[0], { compartment: 0, latch: "locked", item: "absent" });
  const blind = await open(board.factory, { itemBit: undefined });
  assert.equal(blind.verbs.capabilities.evidence, ["latch"]);
});

test("an unlock is one write after its token was redeemed, needs no answer, and is never sent again", async () => {
  const board = line((request, send) => request[2] === 0x30 && send(reply(0, 0xff, 0)));
  const order: string[] = [];
  const session = await open(board.factory, {}, () =>
    order.push(`redeemed after ${board.sent.length} writes`),
  );
  const before = board.sent.length;
  assert.ok((await session.verbs.unlock(token(3))).ok);
  assert.equal(board.sent.slice(before), [Buffer.from(unlockRequest(0, 3)).toString("hex")]);
  assert.equal(order, [`redeemed after ${before} writes`]);
});

test("a refused token lets no byte out", async () => {
  const board = line((request, send) => request[2] === 0x30 && send(reply(0, 0xff, 0)));
  const session = await open(board.factory, {}, () => {
    throw new Error("not minted");
  });
  const before = board.sent.length;
  assert.is(await code(session.verbs.unlock(token(1))), "Error: not minted");
  assert.ok(!(await session.verbs.unlock(token(8))).ok);
  assert.is(board.sent.length, before);
});

test("silence is noReply, two answers to one address are misbound, another board's answer is none", async () => {
  assert.is(await code(open(line(() => undefined).factory)), "device.noReply");
  const two = line((_request, send) => {
    send(reply(0, 0xff, 0));
    send(reply(0, 0xfe, 0));
  });
  assert.is(await code(open(two.factory)), "device.misbound");
  assert.is(await code(open(line((_r, send) => send(reply(1, 0xff, 0))).factory)), "device.noReply");
});

test("two boards on one line share it, and a lost line tells both", async () => {
  const board = line((request, send) => send(reply((request[1] ?? 0) >> 4, 0xff, 0)));
  const buses = new KerongBuses(board.factory, systemClock);
  const make = (role: string, id: number) =>
    kerongDriver({ ...settings, role, board: id }, { buses, redeem: () => undefined }).open(signal);
  const [a, b] = await Promise.all([make("lock.a", 0), make("lock.b", 1)]);
  assert.is(board.opened(), 1);
  board.drop();
  assert.is((await a.lost).code, "device.absent");
  assert.is((await b.lost).code, "device.absent");
  await Promise.all([a.close(), b.close()]);
  await make("lock.a", 0);
  assert.is(board.opened(), 2);
});

test("two boards that talk at once are no silence; after two answers nothing moves until three were single", async () => {
  const garbled = line((_request, send) => {
    const both = reply(0, 0xff, 0);
    both[3] = 0x7e;
    send(both);
  });
  assert.is(await code(open(garbled.factory)), "device.protocol");
  let two = false;
  const board = line((request, send) => {
    if (request[2] !== 0x30) return;
    send(reply(0, 0xff, 0));
    if (two) send(reply(0, 0xff, 0));
  });
  const session = await open(board.factory, {}, () => {
    throw new Error("the token was redeemed");
  });
  two = true;
  const read = await session.verbs.read();
  assert.ok(!read.ok && read.error.code === "device.misbound");
  two = false;
  for (let single = 0; single < 3; single++) {
    assert.is(await code(session.verbs.unlock(token(1))), "device.misbound");
    assert.ok((await session.verbs.read()).ok);
  }
  assert.not.ok(board.sent.some((request) => request.slice(4, 6) === "31"));
  assert.is(await code(session.verbs.unlock(token(1))), "Error: the token was redeemed");
});

test("two boards that spoil each other only sometimes are found while the line is opened", async () => {
  let asked = 0;
  const board = line((_request, send) => {
    send(reply(0, 0xff, 0));
    if (++asked === 3) send(reply(0, 0xff, 0));
  });
  assert.is(await code(open(board.factory)), "device.misbound");
});

test("one coil at a time: the next unlock waits for the end of the pulse, a status does not", async () => {
  const times: [string, number][] = [];
  const board = line((request, send) => {
    times.push([request[2] === 0x30 ? "status" : "unlock", performance.now()]);
    if (request[2] === 0x30) send(reply(0, 0xff, 0));
  });
  const session = await open(board.factory, { pulseMs: 400 });
  times.length = 0;
  assert.ok((await session.verbs.unlock(token(1))).ok);
  const [second, read] = await Promise.all([session.verbs.unlock(token(2)), session.verbs.read()]);
  assert.ok(second.ok && read.ok);
  assert.equal(
    times.map(([what]) => what),
    ["unlock", "status", "unlock"],
  );
  const [one, , two] = times.map(([, at]) => at);
  assert.ok((two ?? 0) - (one ?? 0) >= 490, `${(two ?? 0) - (one ?? 0)} ms`);
});

test("an adapter that echoes is noticed, and its echo is no answer", async () => {
  const echoing = line((request, send) => {
    send(request);
    if (request[2] === 0x30) send(reply(0, 0xfe, 0));
  });
  const session = await open(echoing.factory);
  assert.is(session.capabilities.echo, true);
  assert.ok((await session.verbs.unlock(token(0))).ok);
  const deaf = line((request, send) => send(request));
  assert.is(await code(open(deaf.factory)), "device.noReply");
});

run();
