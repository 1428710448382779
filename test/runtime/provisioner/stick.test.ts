import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { defer, err, ok, systemClock } from "../../../drivers/kit/index.ts";
import { StateDisk } from "../../../provisioning/activate/index.ts";
import { readAnswer, readReplyFile, replyFile } from "../../../provisioning/answer/index.ts";
import { bundleFault } from "../../../provisioning/bundle/index.ts";
import {
  noticeFor,
  STICK_LANGUAGES,
  STICK_LIMITS,
  STICK_WORDS,
  type StickNotice,
  stickFault,
} from "../../../provisioning/stick/index.ts";
import { stickView } from "../../../runtime/core/stick/index.ts";
import { Agent, openStickSlot, StickPort } from "../../../runtime/provisioner/index.ts";
import { connectReader, readStick } from "../../../runtime/provisioner/stick/reader.ts";
import { writeReply } from "../../../runtime/provisioner/stick/reply.ts";
import { Signals } from "../../../runtime/provisioner/stick/signals.ts";
import { buildStickReader } from "../../../tools/build.ts";
import { eventually, suite } from "../../kit.ts";
import { board, content, HEALTHY, Owner, signed } from "../../support/bundles.ts";
import { makeStick, noLine, readFrom, slotFolder } from "../../support/sticks.ts";
import { ManualClock, settled } from "../core/visit/fakes.ts";

const { test, run } = suite("the port for sticks");
const owner = new Owner();

test("a stick that appears is read by a process of its own, taken, answered and told; another one is not ours", async (t) => {
  const at = slotFolder(t);
  await buildStickReader(at);
  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const node = join(at, "stick");
  const slot = await openStickSlot({
    state,
    agent,
    node,
    program: join(at, "stick.cjs"),
    board: {},
    gpio: { input: noLine, output: noLine },
  });
  t.after(() => slot.stop());
  const notice = () => JSON.parse(readFileSync(join(state, "stick.json"), "utf8")) as StickNotice;
  const told = () => {
    try {
      return notice().state;
    } catch {
      return "nothing";
    }
  };
  const keys: (string | undefined)[] = [];
  const plug = async (by: Owner, becomes: string) => {
    const image = join(at, `${becomes}.img`);
    makeStick(
      image,
      { bits: 12, clusterBytes: 2_048, kib: 1_024 },
      { "claim.kbundle": signed(by, content("claim")), "REPLY.BIN": replyFile() },
    );
    symlinkSync(image, node);
    await eventually(becomes, () => told() === becomes, 30_000);
    await eventually("answered", () => readReplyFile(readFrom(image, "REPLY.BIN")).ok);
    keys.push(notice().key);
    rmSync(node);
    await eventually("cleared", () => told() === "nothing");
  };
  await plug(new Owner(), "notOurs");
  await plug(owner, "accepted");
  await plug(owner, "older");
  // With a name and no certificate it says the id of its key, once it has taken something.
  const answer = readAnswer(await agent.answer());
  assert.ok(answer.ok);
  assert.equal(keys, [undefined, answer.value.key.kid, undefined]);
  for (const language of STICK_LANGUAGES) {
    const view = stickView({ v: 1, state: "accepted", key: answer.value.key.kid }, language);
    assert.ok(view.kind === "message" && view.body?.includes(answer.value.key.kid), language);
    assert.is.not(view.body, STICK_WORDS.accepted[language].body);
  }
});

test("a stick is found although nothing is heard of the folder that it appears in", async (t) => {
  const at = slotFolder(t);
  const dev = join(at, "dev");
  mkdirSync(dev);
  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const node = join(dev, "stick");
  const program = join(at, "no-reader.cjs");
  const slot = await openStickSlot({
    state,
    agent,
    node,
    program,
    board: {},
    gpio: { input: noLine, output: noLine },
  });
  t.after(() => slot.stop());
  // What is watched is another folder now, as it is where a sandbox has put its own over it.
  renameSync(dev, join(at, "before"));
  mkdirSync(dev);
  symlinkSync(join(at, "before"), node);
  await eventually("told", () => existsSync(join(state, "stick.json")));
});

test("a reader that says what readers never say is broken, whatever else it said", async (t) => {
  const at = slotFolder(t);
  const socket = join(at, "reader.sock");
  let say = Buffer.alloc(0);
  const server = createServer((peer) => peer.end(say));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  const frame = (kind: number, text: string | Buffer) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(kind);
    head.writeUInt32BE(text.length, 1);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const message = (of: object) => frame(1, JSON.stringify(of));
  const file = message({ say: "file", path: "a.kbundle", size: 3 });
  const done = message({ say: "done" });
  const end = message({ say: "end" });
  const cases: Record<string, Buffer[]> = {
    "nothing at all": [],
    "no end": [file, frame(2, "abc"), done],
    "more than it said": [file, frame(2, "abcd"), done, end],
    "less than it said": [file, frame(2, "ab"), done, end],
    "data of no file": [frame(2, "abc"), end],
    "a kind that is none": [frame(9, "abc"), end],
    "an endless frame": [Buffer.from([2, 0xff, 0xff, 0xff, 0xff])],
    "an unknown message": [message({ say: "install" }), end],
    "a word more": [message({ say: "end", now: true })],
    "a file that is too large, delivered all the same": [
      message({ say: "file", path: "a.kbundle", size: STICK_LIMITS.fileBytes + 1 }),
      ...Array.from({ length: 257 }, () => frame(2, Buffer.alloc(65_536))),
      done,
      end,
    ],
    "more files than there may be": [
      ...Array.from({ length: 17 }, () => [file, frame(2, "abc"), done]).flat(),
      end,
    ],
  };
  const read = async (frames: Buffer[], device = socket) => {
    say = Buffer.concat(frames);
    const options = {
      start: connectReader(socket),
      folder: join(at, "staging"),
      disk: new StateDisk(),
      clock: systemClock,
    };
    const staged = await readStick(device, options);
    if (!staged.ok) throw staged.error;
    await staged.value.discard();
    return staged.value.whole?.code;
  };
  for (const [name, frames] of Object.entries(cases)) assert.is(await read(frames), "stick.broken", name);
  assert.is(await read([file, frame(2, "abc"), done, end]), undefined);
  assert.is(await read([], join(at, "none")), "stick.gone");
});

test("a reader that says nothing is ended at its time", async (t) => {
  const at = slotFolder(t);
  const clock = new ManualClock();
  let ended: () => void = () => undefined;
  const silent = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const said = (async function* () {
    await silent;
    yield* [];
  })();
  const reading = readStick("", {
    start: async () => ({ said, end: ended }),
    folder: join(at, "staging"),
    disk: new StateDisk(),
    clock,
  });
  await settled();
  await clock.advance(STICK_LIMITS.timeMs + 1);
  const staged = await reading;
  assert.is(staged.ok && staged.value.whole?.code, "stick.slow");
});

test("a stick that is out already leaves its word on the screen for a while", async (t) => {
  const { state } = board(t, owner);
  const clock = new ManualClock();
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const pulled = defer<void>();
  const said = (async function* () {
    await pulled.promise;
    yield* [];
  })();
  const start = async () => ({ said, end: () => undefined });
  const port = new StickPort({ state, agent, start, clock });
  const there = () => existsSync(join(state, "stick.json"));
  const reading = port.plugged(join(state, "none"));
  await eventually("it is being read", there);
  await port.unplugged();
  pulled.resolve();
  assert.equal(await reading, { v: 1, state: "gone", code: "stick.gone" });
  await clock.advance(29_000);
  assert.ok(there());
  await clock.advance(2_000);
  await eventually("it is gone", () => !there());
});

test("the answer goes into a reply file and nowhere else", async (t) => {
  const device = join(slotFolder(t), "stick.img");
  const before = Buffer.alloc(200_000, 7);
  replyFile().copy(before, 65_536);
  writeFileSync(device, before);
  assert.is((await writeReply(device, 512, replyFile("x")))?.code, "stick.reply");
  assert.is((await writeReply(device, 190_000, replyFile("x")))?.code, "stick.reply");
  assert.ok(readFileSync(device).equals(before));
  assert.is(await writeReply(device, 65_536, replyFile("x")), undefined);
  replyFile("x").copy(before, 65_536);
  assert.ok(readFileSync(device).equals(before));
  assert.is((await writeReply(join(device, "none"), 0, replyFile("x")))?.code, "stick.notAnswered");
});

test("of many bundles the worst is told, but what is for others does not spoil what was taken", () => {
  const good = { file: "a", kind: "claim" as const, result: ok({} as never) };
  const bad = (name: Parameters<typeof bundleFault>[0]) => ({
    file: "b",
    kind: undefined,
    result: err(bundleFault(name)),
  });
  const state = (...reports: Parameters<typeof noticeFor>[0]) => noticeFor(reports).state;
  assert.is(state(good), "accepted");
  assert.is(state(good, bad("notForThisUnit"), bad("older")), "accepted");
  assert.is(state(bad("notForThisUnit"), bad("older")), "otherUnit");
  assert.is(state(good, bad("damaged")), "partly");
  assert.is(state(bad("unsigned"), bad("damaged"), bad("older")), "damaged");
  assert.is(state(bad("notHealthy"), bad("notHealthy")), "wentBack");
  assert.is(state(bad("expired")), "notTaken");
  assert.is(noticeFor([], stickFault("noFat")).state, "unreadable");
});

test("light and sounder play what is told, and are off when nothing is", async () => {
  const clock = new ManualClock();
  const heard: string[] = [];
  const part = (name: string) => async (on: boolean) =>
    void heard.push(`${name} ${on ? "on" : "off"} ${clock.mono()}`);
  const signals = new Signals({ light: part("light"), sounder: part("sounder") }, clock);
  signals.show({ v: 1, state: "older" });
  await settled();
  for (let time = 0; time < 20; time++) await clock.advance(60);
  const beeps = heard.filter((line) => line.startsWith("sounder on"));
  assert.is(beeps.length, 2);
  assert.is(heard.filter((line) => line.startsWith("light on")).length >= 1, true);
  assert.is(heard.filter((line) => line.startsWith("light off")).length, 0);
  await signals.stop();
  assert.ok(heard.at(-1)?.includes("off"));
  const after = heard.length;
  await clock.advance(5_000);
  assert.is(heard.length, after);
});

run();
