import * as assert from "uvu/assert";
import { devicesOf } from "../../../drivers/bench/config.ts";
import { cable } from "../../../drivers/bench/line.ts";
import { startLockBoards } from "../../../drivers/bench/lock/index.ts";
import { eventually, suite } from "../../kit.ts";
import { CONFIG, testPlant } from "./support.ts";

const { test, run } = suite("lock board simulator");

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

function bench() {
  const plant = testPlant();
  const { simulator, driver } = cable();
  const boards = startLockBoards(simulator, devicesOf(CONFIG, "lock.kerong"), plant);
  let got = Buffer.alloc(0);
  driver.onBytes((chunk) => {
    got = Buffer.concat([got, chunk]);
  });
  const take = async (length: number): Promise<string> => {
    await eventually(`${length} bytes`, () => got.length >= length);
    const text = got.toString("hex").toUpperCase();
    got = Buffer.alloc(0);
    return text;
  };
  return { plant, boards, take, send: (text: string) => driver.send(hex(text)) };
}

test("status: the vectors for all closed, and for lock 1 open with an item", async (t) => {
  const { plant, boards, take, send } = bench();
  t.after(() => boards.stop());
  send("02 00 30 03 35");
  // 12 locks are wired: the other contacts read open.
  assert.is(await take(9), "020035FF0F00000348");
  plant.energise("lock.left", 0, 500);
  plant.putItem("A1", "DOC-1");
  send("02 00 30 03 35");
  assert.is(await take(9), "020035FE0F01000348");
});

test("the other polarity, and a board without item sensors", async (t) => {
  const { plant, boards, take, send } = bench();
  t.after(() => boards.stop());
  plant.energise("lock.right", 3, 300);
  plant.putItem("B1", "DOC-1");
  send("02 20 30 03 55");
  assert.is(await take(9), "022035F8FF00000351");
});

test("unlock moves exactly the one compartment for the board's pulse and is not answered", async (t) => {
  const { plant, boards, take, send } = bench();
  t.after(() => boards.stop());
  send("02 23 31 03 59");
  send("02 01 31 03 37");
  send("02 00 30 03 35");
  assert.is(await take(9), "020035FD0F00000346");
  assert.equal(plant.motions(), { A1: 0, A2: 1, B1: 1 });
  assert.equal(
    plant.events().map(({ more }) => more?.ms),
    [300, 500],
  );
});

test("pulse query and setting", async (t) => {
  const { boards, take, send } = bench();
  t.after(() => boards.stop());
  send("02 00 37 03 3C");
  assert.is(await take(7), "0200380032036F");
  send("02 00 37 00 32 03 6E");
  assert.is(await take(7), "0200380032036F");
});

test("requests that are split, merged or led by junk are understood; a wrong sum moves nothing", async (t) => {
  const { plant, boards, take, send } = bench();
  t.after(() => boards.stop());
  for (const byte of ["02", "00", "30", "03", "35"]) send(byte);
  await take(9);
  send("55 00 FF 02 00 30 03 35");
  await take(9);
  send("02 00 31 03 37 02 0F 31 03 44");
  send("02 00 30 03 35 02 20 30 03 55");
  await take(18);
  assert.equal(plant.motions(), { A1: 0, A2: 0, B1: 0 });
});

test("faults: no reply, bad sum, duplicate, echo, wrong address", async (t) => {
  const { boards, take, send } = bench();
  t.after(() => boards.stop());
  boards.setFault("noReply", 1);
  send("02 00 30 03 35");
  await eventually("request", () => boards.requests.length === 1);
  boards.setFault("badSum", 1);
  send("02 00 30 03 35");
  assert.is(await take(9), "020035FF0F00000349");
  boards.setFault("duplicate", 1);
  send("02 00 30 03 35");
  assert.is((await take(18)).length, 36);
  boards.setFault("echo", 1);
  send("02 00 30 03 35");
  assert.is(await take(14), "0200300335020035FF0F00000348");
  boards.setFault("wrongAddress", 1);
  send("02 00 30 03 35");
  assert.is(await take(9), "021035FF0F00000358");
});

test("an unplugged board neither answers nor moves", async (t) => {
  const { plant, boards, take, send } = bench();
  t.after(() => boards.stop());
  plant.unplug("lock.left");
  send("02 00 31 03 36 02 00 30 03 35 02 20 30 03 55");
  assert.is((await take(9)).slice(0, 4), "0220");
  assert.is(plant.motions().A1, 0);
});

run();
