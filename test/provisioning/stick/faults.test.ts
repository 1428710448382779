import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemClock } from "../../../drivers/kit/index.ts";
import { readStanding, StateDisk, type Step } from "../../../provisioning/activate/index.ts";
import { readReplyFile, replyFile } from "../../../provisioning/answer/index.ts";
import { Refusal } from "../../../provisioning/stick/refusal.ts";
import { Agent } from "../../../runtime/provisioner/index.ts";
import { StickPort } from "../../../runtime/provisioner/stick/port.ts";
import { suite, type TestContext } from "../../kit.ts";
import { board, content, HEALTHY, Owner, signed } from "../../support/bundles.ts";
import { makeStick, readFrom } from "../../support/sticks.ts";
import { memoryStick, type OnRead, readerOn } from "./rig.ts";

const { test, run } = suite("a stick that changes, is pulled, or meets a full disk");
const owner = new Owner();
const first = () => signed(owner, content("claim"));

/** A board and a stick that claims it. */
async function rig(t: TestContext, files: Record<string, Uint8Array> = {}, step?: Step) {
  const { state } = board(t, owner);
  const folder = mkdtempSync("/dev/shm/guichet-stick-");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const image = join(folder, "stick.img");
  makeStick(
    image,
    { bits: 16, clusterBytes: 512, kib: 4_096 },
    { "claim.kbundle": first(), "REPLY.BIN": replyFile(), ...files },
  );
  const disk = new StateDisk(step);
  const agent = await Agent.open({ state, trial: HEALTHY, disk });
  t.after(() => agent.stop());
  const plug = (onRead?: OnRead, bytes = readFileSync(image)) => {
    const source = memoryStick(bytes, onRead);
    const port = new StickPort({ state, agent, start: readerOn(source), clock: systemClock, disk });
    return { source, port, told: () => port.plugged(image) };
  };
  const unit = async () => {
    const standing = await readStanding(state);
    if (!standing.ok) throw standing.error;
    return standing.value.claim?.unit;
  };
  return { state, image, plug, unit };
}

test("nothing of a file is read twice: what changes on the stick afterwards is not what is taken", async (t) => {
  const { image, plug, unit } = await rig(t);
  const bytes = readFileSync(image);
  const content = bytes.indexOf(first().subarray(0, 64));
  assert.ok(content > 0);
  let seen = 0;
  const { told } = plug((_, at, length) => {
    if (at > content || at + length <= content) return;
    if (++seen > 1) bytes.fill(0x20, content, content + 512);
  }, bytes);
  assert.is((await told()).state, "accepted");
  assert.is(seen, 1);
  assert.is(await unit(), "kt-01");
});

test("a stick whose every sector is another one at each second read is judged by one reading", async (t) => {
  const { image, plug, unit } = await rig(t);
  const bytes = readFileSync(image);
  const times = new Map<number, number>();
  const { told } = plug((_, at, length) => {
    for (let sector = at >> 9; sector < (at + length) >> 9; sector++) {
      const before = times.get(sector) ?? 0;
      times.set(sector, before + 1);
      if (before > 0) bytes.fill(0xa5, sector << 9, (sector + 1) << 9);
    }
  }, bytes);
  // The boot sector is looked at twice, as partition table and as volume; what is there the second time counts for the volume.
  const { state, code } = await told();
  assert.ok(state === "unreadable" && code === "stick.volume", `${state} ${code}`);
  assert.is(await unit(), undefined);
});

test("pulled at any of its reads: nothing is taken, and the reason is shown", async (t) => {
  const { state, plug, unit } = await rig(t);
  const whole = plug();
  for (let at = 1; ; at++) {
    const { source, told } = plug((number) => {
      if (number >= at) throw new Refusal("gone", at % 2 ? "EIO" : "ENXIO");
    });
    const notice = await told();
    if (source.reads() < at) {
      assert.is(notice.state, "accepted");
      assert.is(await unit(), "kt-01");
      assert.ok(at > 5, `${at} reads`);
      break;
    }
    assert.equal(notice, { v: 1, state: "gone", code: "stick.gone" });
    assert.equal(JSON.parse(readFileSync(join(state, "stick.json"), "utf8")), notice);
    assert.is(await unit(), undefined);
    assert.not.ok(existsSync(join(state, "staging")));
  }
  assert.is((await whole.told()).state, "older");
});

test("pulled while it is tried: what was copied is taken, the missing answer is no harm", async (t) => {
  const { image, plug, unit } = await rig(t);
  const { told, port } = plug();
  const telling = told();
  await port.unplugged();
  rmSync(image);
  assert.is((await telling).state, "accepted");
  assert.is(await unit(), "kt-01");
});

test("the disk is full at any of its changes: the unit is what it was, and the reason is shown", async (t) => {
  let left = Number.POSITIVE_INFINITY;
  const { state, plug, unit } = await rig(t, {}, (name) => {
    if (name === "remove") return;
    if (left-- <= 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
  });
  for (let steps = 0; ; steps++) {
    left = steps;
    const notice = await plug().told();
    left = Number.POSITIVE_INFINITY;
    // From the commit on, a full disk keeps no more than the word about it.
    if (notice.state === "accepted") {
      assert.ok(steps > 10, `${steps} changes`);
      break;
    }
    assert.equal(notice, { v: 1, state: "notTaken", code: "bundle.noSpace" }, `change ${steps}`);
    assert.is(await unit(), undefined);
    assert.not.ok(existsSync(join(state, "staging")));
    // Where even the way back found no space, the next start makes it.
    await (await Agent.open({ state, trial: HEALTHY })).stop();
    assert.not.ok(existsSync(join(state, "config")));
  }
  assert.is(await unit(), "kt-01");
});

test("on a disk that is really full nothing is taken, and with space the same stick is", async (t) => {
  const mount = mkdtempSync("/dev/shm/guichet-small-");
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", mount]);
  t.after(() => {
    execFileSync("umount", ["-l", mount]);
    rmSync(mount, { recursive: true });
  });
  const { state: made, image } = await rig(t);
  const state = join(mount, "state");
  mkdirSync(state);
  writeFileSync(join(state, "identity.json"), readFileSync(join(made, "identity.json")));
  const agent = await Agent.open({ state, trial: HEALTHY });
  t.after(() => agent.stop());
  const fill = join(mount, "fill");
  try {
    for (;;) writeFileSync(fill, Buffer.alloc(4_096), { flag: "a" });
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
  const plug = () =>
    new StickPort({
      state,
      agent,
      start: readerOn(memoryStick(readFileSync(image))),
      clock: systemClock,
    }).plugged(image);
  assert.equal(await plug(), { v: 1, state: "notTaken", code: "bundle.noSpace" });
  assert.equal(
    readdirSync(state).filter((name) => /^(staging|config)/.test(name)),
    [],
  );
  rmSync(fill);
  assert.is((await plug()).state, "accepted");
  const answer = readReplyFile(readFrom(image, "REPLY.BIN"));
  assert.ok(answer.ok && answer.value.claim?.unit === "kt-01");
  assert.equal(answer.value.taken, [{ file: "claim.kbundle", code: "ok" }]);
});

run();
