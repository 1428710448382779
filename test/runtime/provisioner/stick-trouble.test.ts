import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { setLog } from "../../../drivers/kit/index.ts";
import { readAnswer, replyFile } from "../../../provisioning/answer/index.ts";
import { bundleFault } from "../../../provisioning/bundle/index.ts";
import type { StickNotice } from "../../../provisioning/stick/index.ts";
import { stickView } from "../../../runtime/core/stick/index.ts";
import { Agent, openBoardSlot, StickPort } from "../../../runtime/provisioner/index.ts";
import { suite } from "../../kit.ts";
import { board, content, HEALTHY, Owner, signed } from "../../support/bundles.ts";
import { noLine, slotFolder } from "../../support/sticks.ts";
import { ManualClock } from "../core/visit/fakes.ts";

setLog({ sink: () => undefined });
const { test, run } = suite("the port for sticks, when the unit itself is in trouble");
const owner = new Owner();

/** A reader that has copied one bundle, and found where the answer may go. */
function readerOf(bundle: Uint8Array, replyAt: number) {
  const frame = (kind: number, bytes: Uint8Array) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(kind);
    head.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  };
  const say = (of: object) => frame(1, Buffer.from(JSON.stringify(of)));
  const frames = [
    say({ say: "reply", at: replyAt }),
    say({ say: "file", path: "a.kbundle", size: bundle.length }),
    frame(2, bundle),
    say({ say: "done" }),
    say({ say: "end" }),
  ];
  const said = async function* () {
    yield Buffer.concat(frames);
  };
  return async () => ({ said: said(), end: () => undefined });
}

test("whatever goes wrong in the unit itself, the screen says an end and a code", async (t) => {
  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const device = join(slotFolder(t), "stick.img");
  writeFileSync(device, replyFile());
  const start = readerOf(signed(owner, content("claim")), 0);
  const told = () => JSON.parse(readFileSync(join(state, "stick.json"), "utf8")) as StickNotice;
  const plugged = async (over: object) => {
    const stub = {
      takeCopies: agent.takeCopies.bind(agent),
      reply: agent.reply,
      asks: () => agent.asks(),
      ...over,
    };
    const notice = await new StickPort({ state, agent: stub, start, clock: new ManualClock() }).plugged(
      device,
    );
    assert.equal(told(), notice);
    return notice;
  };
  const fail = (error: unknown) => () => Promise.reject(error);
  assert.equal(await plugged({ takeCopies: fail(bundleFault("noIdentity")) }), {
    v: 1,
    state: "notTaken",
    code: "bundle.noIdentity",
  });
  assert.is((await plugged({ takeCopies: fail(new TypeError("a defect")) })).code, "stick.failed");
  const full = Object.assign(new Error("full"), { code: "ENOSPC" });
  assert.is((await plugged({ takeCopies: fail(full) })).code, "bundle.noSpace");
  // The state is damaged while the service runs.
  const identity = readFileSync(join(state, "identity.json"));
  writeFileSync(join(state, "identity.json"), "{");
  assert.equal(await plugged({}), { v: 1, state: "notTaken", code: "schema.invalid" });
  writeFileSync(join(state, "identity.json"), identity);
  // Taken is taken; that its answer did not get onto the stick is said beside it.
  const taken = await plugged({ reply: fail(new TypeError("a defect")), asks: fail(new TypeError("too")) });
  assert.equal(taken, { v: 1, state: "accepted", code: "stick.failed" });
});

test("an accepted bundle whose stick has no place for the answer says so", async (t) => {
  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const device = join(slotFolder(t), "stick.img");
  writeFileSync(device, Buffer.alloc(200_000));
  const start = readerOf(signed(owner, content("claim")), 512);
  const notice = await new StickPort({ state, agent, start, clock: new ManualClock() }).plugged(device);
  assert.is(notice.state, "accepted");
  assert.is(notice.code, "stick.reply");
  const view = stickView(notice, "en");
  assert.is(view.kind === "message" && view.code, "stick.reply");
});

test("a line for light or sounder that cannot be opened, and a mistake in board.json, keep nothing else from working", async (t) => {
  const at = slotFolder(t);
  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const lines: unknown[] = [];
  setLog({ level: "info", sink: ({ event }) => lines.push(event) });
  t.after(() => setLog({ sink: () => undefined }));
  const file = join(at, "board.json");
  const line = { chip: "gpiochip9", offset: 1, activeLow: false };
  const open = async (text: string) => {
    writeFileSync(file, text);
    const options = { state, agent, node: join(at, "stick"), program: join(at, "none.cjs") };
    const slot = await openBoardSlot(file, { ...options, gpio: { input: noLine, output: noLine } });
    await slot?.stop();
    return slot !== undefined;
  };
  assert.ok(await open(JSON.stringify({ light: line, sounder: line })));
  assert.is(lines.filter((event) => event === "signal.failed").length, 2);
  assert.not.ok(lines.includes("board.noSlot"));
  assert.not.ok(await open(JSON.stringify({ light: { ...line, offset: "one" } })));
  assert.ok(lines.includes("board.noSlot"));
  const answer = readAnswer(readFileSync(join(state, "answer.jws"), "latin1"));
  assert.ok(answer.ok && answer.value.faults.includes("schema.invalid"));
});

run();
