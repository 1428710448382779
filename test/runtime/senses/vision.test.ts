import { spawn } from "node:child_process";
import sharp from "sharp";
import * as assert from "uvu/assert";
import { err, systemClock } from "../../../drivers/kit/index.ts";
import { scanCode } from "../../../runtime/senses/scan.ts";
import { Vision, visionCommand } from "../../../runtime/senses/vision/index.ts";
import { PHOTO_PROFILES, type PhotoProfile, visionFault } from "../../../runtime/senses/vision/profiles.ts";
import { cropOf, type Face, headHeight, judgeFace, roll } from "../../../runtime/senses/vision/rules.ts";
import { eventually, suite } from "../../kit.ts";
import { codePicture, pictures } from "./pictures.ts";

const { test, run } = suite("vision");
const profile = PHOTO_PROFILES.hkic as PhotoProfile;
const vision = new Vision(systemClock);

async function judged(jpeg: Uint8Array) {
  const result = await vision.assess(jpeg, "hkic");
  if (!result.ok) throw result.error;
  const failed = result.value.verdicts.filter(({ pass }) => !pass);
  return { ...result.value, first: failed[0]?.advice, rules: failed.map(({ rule }) => rule) };
}

test("a real face passes every rule and is cut to a passport photograph", async () => {
  const { pass, verdicts, cropped } = await judged(await pictures.good());
  assert.ok(pass, JSON.stringify(verdicts));
  assert.equal(
    verdicts.map(({ rule }) => rule),
    ["exposure", "faceCount", "headSize", "position", "roll", "sharpness"],
  );
  const { format, width = 0, height = 0, exif } = await sharp(cropped).metadata();
  assert.is(format, "jpeg");
  assert.is(exif, undefined);
  assert.ok(Math.abs(width / height - 0.8) < 0.01, `${width} x ${height}`);
  // The head of the crop, found again in the crop itself, is 64-72 % of its height.
  const again = await judged(Buffer.from(cropped));
  const head = again.verdicts.find(({ rule }) => rule === "headSize")?.value ?? 0;
  assert.ok(head > 0.64 && head < 0.72, `head is ${head} of the crop`);
});

for (const [name, advice] of [
  ["empty", "noFace"],
  ["twoFaces", "oneFaceOnly"],
  ["small", "comeCloser"],
  ["close", "goBack"],
  ["dark", "moreLight"],
  ["bright", "lessLight"],
  ["rolled", "headStraight"],
  ["aside", "centre"],
  ["blurred", "holdStill"],
] as const) {
  test(`${name}: ${advice}`, async () => {
    const { pass, first, rules } = await judged(await pictures[name]());
    assert.not(pass);
    assert.is(first, advice, rules.join());
  });
}

test("geometry: head, lean and crop by numbers", () => {
  const upright: Face = {
    eyes: [
      { x: 450, y: 400 },
      { x: 550, y: 400 },
    ],
    chin: { x: 500, y: 550 },
    luma: 128,
    sharpness: 100,
  };
  const frame = { width: 1_000, height: 800 };
  assert.is(headHeight(upright), 300);
  assert.is(roll(upright), 0);
  const { rectangle, outside } = cropOf(upright, frame, profile);
  assert.is(outside, 0);
  assert.is(rectangle.height, Math.round(300 / 0.68));
  assert.is(rectangle.width, Math.round((300 / 0.68) * 0.8));
  assert.ok(Math.abs(rectangle.left + rectangle.width / 2 - 500) <= 1);
  // Leaning by 7.9 degrees passes, by 8.1 not.
  const lean = (degrees: number): Face => {
    const turn = (degrees * Math.PI) / 180;
    const [dx, dy] = [50 * Math.cos(turn), 50 * Math.sin(turn)];
    return {
      ...upright,
      eyes: [
        { x: 500 - dx, y: 400 - dy },
        { x: 500 + dx, y: 400 + dy },
      ],
    };
  };
  const failing = (face: Face) =>
    judgeFace(face, { ...frame, luma: 128, burnt: 0 }, profile)
      .filter(({ pass }) => !pass)
      .map(({ advice }) => advice);
  for (const sign of [1, -1]) {
    assert.equal(failing(lean(7.9 * sign)), []);
    assert.equal(failing(lean(8.1 * sign)), ["headStraight"]);
  }
});

test("a QR code is read offline; a torn one, a face and bytes that are no picture are not", async () => {
  const text = "G1.KT01-000001-A.AAAAAAAAAAAAAAAAAAAAAA.AAAAAA";
  const read = async (jpeg: Uint8Array) => {
    const result = await vision.read(jpeg);
    return result.ok ? result.value : result.error.code;
  };
  assert.is(await read(await codePicture(text)), text);
  // However it is held, and as soft as a lens out of focus makes it.
  for (const [turn, blur] of [
    [30, 1.5],
    [90, 3],
    [133, 3],
    [180, 1.5],
  ] as const) {
    assert.is(
      await read(await codePicture(text, false, { turn, blur })),
      text,
      `${turn} degrees, blur ${blur}`,
    );
  }
  assert.is(await read(await codePicture(text, true)), undefined);
  assert.is(await read(await pictures.good()), undefined);
  assert.is(await read(Buffer.from("no picture at all")), undefined);
  const broken = await vision.assess(Buffer.from("no picture at all"), "hkic");
  assert.is(!broken.ok && broken.error.code, "vision.notAPicture");
  const unknown = await vision.assess(await pictures.good(), "toString");
  assert.is(!unknown.ok && unknown.error.code, "vision.unknownProfile");
});

test("killed in the middle it settles what waits, and the next picture starts it anew", async () => {
  await vision.warm();
  const { pid } = vision;
  const waiting = vision.assess(await pictures.good(), "hkic");
  vision.kill();
  const ended = await waiting;
  assert.is(!ended.ok && ended.error.code, "vision.failed");
  assert.is(vision.pid, undefined);
  await eventually("helper gone", () => {
    try {
      process.kill(pid as number, 0);
      return false;
    } catch {
      return true;
    }
  });
  assert.ok((await vision.read(await codePicture("again"))).ok);
});

test("a helper that never answers is killed at its time, one that cannot start is told", async () => {
  const now = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
  };
  const silent = new Vision(now, { file: process.execPath, args: ["-e", "setInterval(()=>0,1000)"] });
  const late = await silent.read(new Uint8Array(10));
  assert.is(!late.ok && late.error.code, "vision.failed");
  assert.is(silent.pid, undefined);
  const missing = new Vision(systemClock, { file: "/does/not/exist", args: visionCommand().args });
  const failed = await missing.read(new Uint8Array(10));
  assert.is(!failed.ok && failed.error.code, "vision.failed");
});

test("the helper ends with its standard input, so that it never outlives the senses", async () => {
  const { file, args } = visionCommand();
  const child = spawn(file, args, { stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  child.stdin.end();
  assert.is(await ended, 0);
});

test("a scan whose helper cannot run ends with that, and is not tried for ever", async () => {
  let watching = false;
  const view = {
    watch: (_who: unknown, onFrame: (jpeg: Uint8Array) => void) => {
      watching = true;
      const feed = () => {
        if (!watching) return;
        onFrame(new Uint8Array(4));
        setImmediate(feed);
      };
      feed();
    },
    leave: () => {
      watching = false;
    },
  };
  let reads = 0;
  const broken = {
    read: async () => {
      reads++;
      return err(visionFault("failed"));
    },
  };
  const { signal } = new AbortController();
  const scanned = await scanCode(view, broken, systemClock, { userTimeMs: 60_000, signal });
  assert.is(!scanned.ok && scanned.error.code, "vision.failed");
  assert.is(reads, 3);
  assert.not(watching);
});

test("it ends by itself when nobody asks for a minute", async () => {
  const quick = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms === 60_000 ? 30 : ms, signal),
  };
  const idle = new Vision(quick);
  assert.ok((await idle.read(await codePicture("x"))).ok);
  await eventually("ended", () => idle.pid === undefined);
});

test("afterwards", () => vision.kill());

run();
