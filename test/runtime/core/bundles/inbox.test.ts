import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { up } from "../../../../fleet/contract/index.ts";
import { Inbox } from "../../../../runtime/core/bundles/index.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";
import { FakeLink, stateFolder } from "../../../support/office.ts";

const { test, run } = suite("bundles over the link");

function open(t: TestContext) {
  const state = stateFolder(t);
  const link = new FakeLink();
  const inboxOf = new Inbox({ state, way: link.asLink });
  t.after(() => inboxOf.stop());
  const inbox = () => (existsSync(join(state, "inbox")) ? readdirSync(join(state, "inbox")).sort() : []);
  const part = (id: string, n: number | string, of: number | string, text = `<${n}>`) =>
    link.deliver("bundle", [id, String(n), String(of)], text);
  return { state, link, inbox, part };
}

test("parts in whatever order, some twice, make one whole bundle, which appears at once", async (t) => {
  const { state, inbox, part } = open(t);
  for (const n of [2, 0, 2, 0]) await part("b-1", n, 3);
  assert.equal(inbox(), ["b-1.parts"]);
  await part("b-1", 1, 3);
  assert.equal(inbox(), ["b-1.kbundle"]);
  assert.is(readFileSync(join(state, "inbox", "b-1.kbundle"), "utf8"), "<0><1><2>");
});

test("a part that cannot be written is let go, and the bundle comes whole when it is sent again", async (t) => {
  const { state, inbox, part } = open(t);
  await part("b-1", 0, 2);
  // In the place of the file stands a folder.
  const place = join(state, "inbox", "b-1.parts", "1.new");
  mkdirSync(place);
  await part("b-1", 1, 2);
  assert.equal(inbox(), ["b-1.parts"]);
  rmSync(place, { recursive: true, force: true });
  for (const n of [0, 1]) await part("b-1", n, 2);
  assert.equal(inbox(), ["b-1.kbundle"]);
});

test("what a broker may make up is not kept", async (t) => {
  const { inbox, part, link } = open(t);
  const cases: [string, number | string, number | string][] = [
    ["../../keys", 0, 1],
    ["b/c", 0, 1],
    ["", 0, 1],
    ["a".repeat(65), 0, 1],
    ["b", -1, 1],
    ["b", 1, 1],
    ["b", "0x0", 1],
    ["b", "", 1],
    ["b", 0, 0],
    ["b", 0, 97],
    ["b", 0, 1e9],
    ["b", "00", 1],
  ];
  for (const [id, n, of] of cases) await part(id, n, of);
  await link.deliver("bundle", ["b", "0", "1", "more"], "x");
  await link.deliver("bundle", [], "x");
  assert.equal(inbox(), []);
});

test("bundles that never become whole do not fill the disk nor keep others out", async (t) => {
  const { inbox, part } = open(t);
  for (let n = 0; n < 10; n++) await part(`half-${n}`, 0, 2);
  assert.is(inbox().length, 2);
  await part("good", 0, 1);
  assert.ok(inbox().includes("good.kbundle"));
});

test("whole bundles that nobody takes do not fill the disk", async (t) => {
  const { state, inbox, part } = open(t);
  await part("first", 0, 1);
  const large = join(state, "inbox", "large.kbundle");
  writeFileSync(large, "");
  truncateSync(large, 64 * 1024 * 1024);
  await part("second", 0, 1);
  assert.equal(inbox(), ["first.kbundle", "large.kbundle"]);
  rmSync(large);
  await part("second", 0, 1);
  assert.equal(inbox(), ["first.kbundle", "second.kbundle"]);
});

test("the time is handed on as it was signed, once an hour, and like bundles so that the provisioner can read it", async (t) => {
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  const { state, inbox, link, part } = open(t);
  const at = join(state, "inbox", "time.jws");
  const word = () => existsSync(at) && readFileSync(at, "utf8");
  link.events.emit("time", { jws: "first", iat: 1_000_000 });
  await eventually("it is there", () => word() === "first");
  link.events.emit("time", { jws: "soon", iat: 1_003_599 });
  link.events.emit("time", { jws: "old", iat: 5 });
  link.events.emit("time", { jws: "next", iat: 1_003_600 });
  await eventually("the next one is there", () => word() === "next");
  await part("b-1", 0, 1);
  assert.equal(inbox(), ["b-1.kbundle", "time.jws"]);
  for (const name of inbox()) assert.is(statSync(join(state, "inbox", name)).mode & 0o777, 0o640, name);
});

test("the unit's answer is told when there is a new one, and at each connection", async (t) => {
  const { state, link } = open(t);
  const told = () => link.sent.map(({ topic, payload }) => [topic, payload.toString()]);
  writeFileSync(join(state, "answer.new"), "a.b.c");
  renameSync(join(state, "answer.new"), join(state, "answer.jws"));
  await eventually("the answer is sent", () => link.sent.length > 0);
  assert.equal(told()[0], [up.answer("kt-01"), "a.b.c"]);
  link.sent.length = 0;
  link.events.emit("up", undefined);
  await eventually("the answer is sent again", () => link.sent.length > 0);
});

run();
