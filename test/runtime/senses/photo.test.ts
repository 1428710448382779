import { readdirSync, readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { eventually, suite } from "../../kit.ts";
import { isZero, sentFrames } from "../../support/sent.ts";
import { codePicture, pictures } from "./pictures.ts";
import { sensesRig } from "./rig.ts";

const { test, run } = suite("senses: cameras", 90_000);

test("through the camera: a real face passes all rules; empty, two, small and dark each fail with their own advice", async (t) => {
  const { seen, core } = await sensesRig(t);
  const take = async (name: keyof typeof pictures) => {
    seen.jpeg = await pictures[name]();
    const taken = await core.call("photo.take", { session: "s", profile: "hkic" });
    if (!taken.ok) throw taken.error;
    const { body, parts } = taken.value;
    return { ...body, parts, first: body.verdicts.find(({ pass }) => !pass)?.advice };
  };
  const sent = sentFrames(t, 10_000, /"t":"a"|"ask":"assess"/);
  const good = await take("good");
  assert.is(sent.length, 2, "the still to the helper, and the answer");
  await eventually("nothing of the face is left of what was sent", () => sent.every(isZero));
  assert.ok(good.pass, JSON.stringify(good.verdicts));
  assert.equal(
    good.verdicts.map(({ rule }) => rule),
    ["exposure", "faceCount", "headSize", "position", "roll", "sharpness"],
  );
  const [jpeg, cropped] = good.parts;
  assert.ok((jpeg?.length ?? 0) > 10_000 && (cropped?.length ?? 0) > 10_000);
  for (const [name, advice] of [
    ["empty", "noFace"],
    ["twoFaces", "oneFaceOnly"],
    ["small", "comeCloser"],
    ["dark", "moreLight"],
    ["rolled", "headStraight"],
  ] as const) {
    const { pass, first, verdicts } = await take(name);
    assert.not(pass, name);
    assert.is(first, advice, JSON.stringify(verdicts));
  }
  const unknown = await core.call("photo.take", { session: "s", profile: "nobody" });
  assert.is(!unknown.ok && unknown.error.code, "vision.unknownProfile");
});

test("the live view makes way for a still, goes on after it, survives a pulled camera, and ends with the connection", async (t) => {
  const { seen, core, connect, plant, allReady } = await sensesRig(t);
  seen.jpeg = await pictures.good();
  let frames = 0;
  core.on("preview.frame", ({ role }, [jpeg]) => {
    if (role === "portrait" && jpeg?.length) frames++;
  });
  const more = async (what: string) => {
    const before = frames;
    await eventually(what, () => frames > before + 1);
  };
  assert.ok((await core.call("preview.start", { role: "portrait" })).ok);
  assert.ok((await core.call("preview.start", { role: "portrait" })).ok);
  await more("frames");
  const taken = await core.call("photo.take", { session: "s", profile: "passport" });
  assert.ok(taken.ok && taken.value.body.pass);
  await more("frames after the still");
  plant.unplug("camera.portrait");
  await eventually("camera gone", async () => {
    const status = await core.call("status", {});
    return status.ok && status.value.body.devices.some(({ lifecycle }) => lifecycle === "absent");
  });
  plant.replug("camera.portrait");
  await allReadyOrBusy();
  await more("frames after it is back");
  assert.ok((await core.call("preview.stop", { role: "portrait" })).ok);
  await allReady();
  const other = await connect();
  assert.ok((await other.call("preview.start", { role: "document" })).ok);
  await eventually("busy", async () => (await lifecycle("camera.document")) === "busy");
  other.close();
  await eventually("free again", async () => (await lifecycle("camera.document")) === "ready");

  async function lifecycle(role: string): Promise<string | undefined> {
    const status = await core.call("status", {});
    return status.ok
      ? status.value.body.devices.find((device) => device.role === role)?.lifecycle
      : undefined;
  }
  async function allReadyOrBusy(): Promise<void> {
    await eventually("camera back", async () => (await lifecycle("camera.portrait")) === "busy");
  }
});

test("a code is read through the document camera; cancel, time-out and the end of the visit end a scan", async (t) => {
  const { seen, core, allReady } = await sensesRig(t);
  const text = "G1.KT01-000001-A.AAAAAAAAAAAAAAAAAAAAAA.AAAAAA";
  seen.jpeg = await pictures.empty();
  const scan = core.call("code.scan", { session: "s", userTimeMs: 60_000 });
  await eventually("looking", () => seen.served > 2);
  seen.jpeg = await codePicture(text);
  const read = await scan;
  assert.is(read.ok && read.value.body.text, text);

  seen.jpeg = await codePicture(text, true);
  const late = await core.call("code.scan", { session: "s", userTimeMs: 1_000 });
  assert.is(!late.ok && late.error.code, "device.timeoutUser");
  const running = core.call("code.scan", { session: "s2", userTimeMs: 60_000 });
  await core.call("cancel", { session: "other" });
  await core.call("cancel", { session: "s2" });
  const canceled = await running;
  assert.is(!canceled.ok && canceled.error.code, "device.canceled");
  const unfinished = core.call("code.scan", { session: "s3", userTimeMs: 60_000 });
  assert.ok((await core.call("visit.clear", {})).ok);
  const ended = await unfinished;
  assert.is(!ended.ok && ended.error.code, "device.canceled");
  await allReady();
});

test("who goes in the middle of a visit leaves no picture in the helper; who only looked on leaves it alone", async (t) => {
  const { seen, core, connect } = await sensesRig(t);
  seen.jpeg = await codePicture("G1.KT01-000001-A.AAAAAAAAAAAAAAAAAAAAAA.AAAAAA");
  const [visitor, onlooker] = [await connect(), await connect()];
  assert.ok((await onlooker.call("status", {})).ok);
  assert.ok((await visitor.call("code.scan", { session: "s", userTimeMs: 60_000 })).ok);
  assert.is(helpers(), 1);
  onlooker.close();
  await core.call("status", {});
  assert.is(helpers(), 1);
  visitor.close();
  await eventually("no helper", () => helpers() === 0);
});

/** Helpers that look at pictures, of this process. */
function helpers(): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      const status = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
      if (!status.includes(`PPid:\t${process.pid}\n`) || status.includes("State:\tZ")) return false;
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("vision/helper.ts");
    } catch {
      return false;
    }
  }).length;
}

run();
