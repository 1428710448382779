import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  layCameraNodes,
  sceneDrawer,
  startCameraServer,
  writeCameraCommands,
} from "../../../drivers/bench/camera/index.ts";
import { makePeople, Plant } from "../../../drivers/bench/index.ts";
import { readFormat, readInfo } from "../../../drivers/camera/v4l2/answers.ts";
import { V4l2Configuration } from "../../../drivers/camera/v4l2/configuration.ts";
import { type V4l2Settings, v4l2Driver } from "../../../drivers/camera/v4l2/index.ts";
import type { Camera, Session } from "../../../drivers/contract/index.ts";
import { check, type Fault, type Result, systemClock } from "../../../drivers/kit/index.ts";
import { sizeOfJpeg } from "../../../drivers/ports/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { alive, picture } from "./support.ts";

const { test, run } = suite("v4l2 camera");
const ROLE = "camera.document";
const never = new AbortController().signal;
const code = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);
const failure = (promise: Promise<unknown>): Promise<Fault> =>
  promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (fault: Fault) => fault,
  );

/** A picture of a size, with a frame header before the rest. */
function sized(n: number, width = 640, height = 360): Buffer {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  const whole = picture(n);
  return Buffer.concat([whole.subarray(0, 2), frame, whole.subarray(2)]);
}

function places(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "guichet-v4l2-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, bin: join(folder, "bin"), name: join(folder, "by-id", "usb-cam-index0") };
}

type Limits = { stillMs?: number; stallMs?: number; settlingFrames?: number };
async function open(
  t: TestContext,
  { bin, name }: { bin: string; name: string },
  limits: Limits = {},
  over: Partial<V4l2Settings> = {},
): Promise<Session<Camera>> {
  const session = await v4l2Driver(
    { role: ROLE, path: name, ...over },
    { camera: { path: [bin] }, clock: systemClock, limits },
  ).open(never);
  t.after(() => session.close());
  return session;
}

/** The bench's camera behind the bench's `v4l2-ctl`. */
async function bench(t: TestContext) {
  const where = places(t);
  const people = makePeople(1);
  const config = { devices: [{ role: ROLE, driver: "camera.v4l2", path: where.name }], slots: [] };
  const plant = new Plant({ config, people, draw: sceneDrawer(people) });
  const socket = join(where.folder, "camera.sock");
  const server = await startCameraServer({ config, plant, socket });
  const nodes = layCameraNodes({ config, plant, folder: where.folder });
  t.after(() => server.stop());
  t.after(() => nodes.stop());
  writeCameraCommands(where.bin, socket);
  const left = () =>
    readdirSync("/proc").filter((pid) => {
      try {
        return (
          /^\d+$/.test(pid) &&
          alive(Number(pid)) &&
          readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(where.bin)
        );
      } catch {
        return false;
      }
    });
  return { ...where, plant, left };
}

const INFO =
  "Driver Info:\n\tDriver name      : uvcvideo\n\tCard type        : HD USB Camera: HD USB Camera\n\tCapabilities     : 0x84a00001\n\t\tVideo Capture\n\t\tMetadata Capture\n\tDevice Caps      : 0x04200001\n\t\tVideo Capture\n\t\tStreaming\n\tSerial           : 01.00.00\nioctl: VIDIOC_ENUM_FMT\n\t[0]: 'MJPG' (Motion-JPEG, compressed)\n";
const FORMAT =
  "Format Video Capture:\n\tWidth/Height      : 640/360\n\tPixel Format      : 'MJPG' (Motion-JPEG)\n";

/**
 * A `v4l2-ctl` whose words and pictures the test chooses: `info`, `format`, `film` (all at once), `frames/N` (one after
 * the other), and `way`: hang, fail, ends, paced.
 */
function scripted(t: TestContext) {
  const where = places(t);
  const at = (file: string) => join(where.folder, file);
  const set = (file: string, text: string | Buffer) => writeFileSync(at(file), text);
  const read = (file: string) => (existsSync(at(file)) ? readFileSync(at(file), "utf8") : "");
  mkdirSync(where.bin);
  mkdirSync(join(where.folder, "by-id"));
  set("video4", "");
  symlinkSync(at("video4"), where.name);
  set("info", INFO);
  set("format", FORMAT);
  set("way", "");
  mkdirSync(at("frames"));
  for (let n = 0; n < 20; n++) set(`frames/${n}`, sized(n));
  set("film", Buffer.concat(Array.from({ length: 40 }, (_, n) => sized(n))));
  writeFileSync(
    join(where.bin, "v4l2-ctl"),
    `#!/bin/sh
D='${where.folder}'
echo "$*" >> "$D/calls"
case "$(cat "$D/way")" in fail) exit 1;; esac
case "$*" in *--info*) cat "$D/info"; exit 0;; *--try-fmt-video*) cat "$D/format"; exit 0;; esac
case "$(cat "$D/way")" in
hang) ;;
paced) for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do cat "$D/frames/$n"; sleep 0.05; done;;
*) cat "$D/film";;
esac
[ "$(cat "$D/way")" = ends ] && exit 0
sleep 600 & echo "$$ $!" >> "$D/pids"; wait
`,
  );
  chmodSync(join(where.bin, "v4l2-ctl"), 0o755);
  const pids = () => read("pids").split(/\s+/).filter(Boolean).map(Number);
  t.after(() => {
    for (const pid of pids().filter(alive)) process.kill(pid, "SIGKILL");
  });
  const allGone = () => eventually("all gone", () => !pids().some(alive));
  return { ...where, set, read, pids, allGone };
}

test("what the tool says: a card, its serial, what its node can; nothing where it is no camera", () => {
  assert.equal(readInfo(INFO), {
    card: "HD USB Camera: HD USB Camera",
    serial: "01.00.00",
    captures: true,
    mjpeg: true,
  });
  const metadata = INFO.replace("\t\tVideo Capture\n\t\tStreaming", "\t\tMetadata Capture\n\t\tStreaming");
  assert.is(readInfo(metadata)?.captures, false);
  assert.is(readInfo(INFO.replace("MJPG", "YUYV"))?.mjpeg, false);
  assert.is(readInfo("Cannot open device /dev/video9, exiting."), undefined);
  assert.equal(readFormat(FORMAT), { width: 640, height: 360 });
  assert.is(readFormat(FORMAT.replace("MJPG", "YUYV")), undefined);
});

test("a configuration names a camera by what stays, never by its number", () => {
  const named = (path: string) =>
    check(V4l2Configuration, { role: ROLE, driver: "camera.v4l2", path }, "camera").ok;
  assert.ok(named("/dev/v4l/by-id/usb-046d_HD_Pro_Webcam_C920_5F2A-video-index0"));
  assert.ok(named("/dev/v4l/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0-video-index0"));
  for (const path of [
    "/dev/video0",
    "/dev/v4l/by-id/../../etc/x",
    "/dev/v4l/by-id/a b",
    "/tmp/by-id/x",
    "/dev/v4l/by-id/a;b",
  ])
    assert.not.ok(named(path), path);
});

test("a still of the bench's camera, in the size that it offers, and no process stays", async (t) => {
  const it = await bench(t);
  it.plant.show(ROLE, { kind: "item", code: "DOC-0001" });
  const session = await open(t, it, {}, { still: { width: 1300, height: 700 } });
  assert.equal(session.identity, { model: "Bench Cam: Bench Cam", serial: "CAMERADOCUMENT" });
  assert.is(session.verbs.capabilities.stillWidth, 1280, "it says what it gives, not what was asked for");
  const still = await session.verbs.still({ signal: never });
  assert.ok(still.ok);
  assert.equal(sizeOfJpeg(still.value.jpeg), [1280, 720]);
  await eventually("nothing left", () => it.left().length === 0);
});

test("a frozen camera is found at the first still and in the film; after it the next still is good", async (t) => {
  const it = await bench(t);
  const session = await open(t, it);
  it.plant.setCameraFault(ROLE, "frozen");
  assert.is(code(await session.verbs.still({ signal: never })), "device.frozen");
  assert.is(code(await session.verbs.preview(() => undefined, never)), "device.frozen");
  it.plant.setCameraFault(ROLE, "ok");
  assert.is(code(await session.verbs.still({ signal: never })), "ok");
});

test("pulled in the middle of a film: absent within a second, and found again under another number", async (t) => {
  const it = await bench(t);
  const session = await open(t, it);
  let frames = 0;
  const film = session.verbs.preview(() => frames++, never);
  await eventually("it films", () => frames > 2);
  it.plant.unplug(ROLE);
  const began = performance.now();
  assert.is((await session.lost).code, "device.absent");
  assert.ok(performance.now() - began < 1_000);
  assert.is(code(await film), "device.absent");
  assert.is((await failure(open(t, it))).code, "device.absent");
  it.plant.replug(ROLE);
  assert.is(code(await (await open(t, it)).verbs.still({ signal: never })), "ok");
  assert.is(
    code(await session.verbs.still({ signal: never })),
    "ok",
    "each command opens it anew by its name",
  );
});

test("only these options, of numbers and the node's own path", async (t) => {
  const it = scripted(t);
  it.set("way", "paced");
  const session = await open(t, it, { settlingFrames: 2 });
  assert.is(code(await session.verbs.still({ signal: never })), "ok");
  const node = join(it.folder, "video4");
  assert.equal(it.read("calls").trim().split("\n"), [
    `--device ${node} --info --list-formats`,
    `--device ${node} --try-fmt-video=width=1920,height=1080,pixelformat=MJPG`,
    `--device ${node} --try-fmt-video=width=640,height=360,pixelformat=MJPG`,
    `--device ${node} --set-fmt-video=width=640,height=360,pixelformat=MJPG --set-parm=15 --stream-mmap --stream-to=- --silent`,
  ]);
  await it.allGone();
});

test("a camera that gives no picture is killed with its children, when it stalls, when nobody wants it, when it closes", async (t) => {
  const it = scripted(t);
  it.set("way", "hang");
  const session = await open(t, it, { stallMs: 1_500 });
  assert.is(code(await session.verbs.still({ signal: never })), "device.timeoutDevice");
  await it.allGone();
  const unwanted = new AbortController();
  const patient = await open(t, it);
  const second = patient.verbs.still({ signal: unwanted.signal });
  await eventually("it hangs", () => it.pids().length === 4);
  assert.is(code(await patient.verbs.preview(() => undefined, never)), "device.busy");
  unwanted.abort();
  assert.is(code(await second), "device.canceled");
  await it.allGone();
  const third = patient.verbs.still({ signal: never });
  await eventually("it hangs again", () => it.pids().length === 6);
  await patient.close();
  assert.is(code(await third), "device.canceled");
  await it.allGone();
  assert.is(code(await patient.verbs.still({ signal: never })), "device.absent");
});

test("the whole still has its time, however busily pictures come", async (t) => {
  const it = scripted(t);
  const session = await open(t, it, { stillMs: 1_000, settlingFrames: 1_000 });
  assert.is(code(await session.verbs.still({ signal: never })), "device.timeoutDevice");
  await it.allGone();
});

test("what is no camera, has no JPEG, or gives another size than it says is refused", async (t) => {
  const it = scripted(t);
  it.set("info", INFO.replace("\t\tVideo Capture\n\t\tStreaming", "\t\tMetadata Capture"));
  assert.is((await failure(open(t, it))).code, "device.misbound");
  it.set("info", INFO.replace("MJPG", "YUYV"));
  assert.is((await failure(open(t, it))).code, "device.misbound");
  it.set("info", INFO);
  it.set("way", "fail");
  assert.is((await failure(open(t, it))).code, "device.fault");
  it.set("way", "");
  it.set("film", Buffer.concat(Array.from({ length: 40 }, (_, n) => sized(n, 320, 180))));
  const session = await open(t, it);
  assert.is(code(await session.verbs.still({ signal: never })), "device.protocol");
  it.set("info", INFO.replace("01.00.00", "02.00.00"));
  assert.is((await failure(session.probe())).code, "device.misbound");
  assert.is((await failure(open(t, { ...it, bin: it.folder }))).code, "device.absent");
});

test("a consumer that is slow loses pictures: it gets the newest, and nothing piles up", async (t) => {
  const it = scripted(t);
  const count = 4_000;
  const last = sized(count - 1);
  it.set("film", Buffer.concat(Array.from({ length: count }, (_, n) => sized(n))));
  const session = await open(t, it);
  const stop = new AbortController();
  let got = 0;
  const film = session.verbs.preview((jpeg) => {
    got++;
    if (last.equals(jpeg)) stop.abort();
    const until = performance.now() + 20;
    while (performance.now() < until);
  }, stop.signal);
  assert.is(code(await film), "ok");
  assert.ok(got < count / 4, `${got} of ${count}`);
  await it.allGone();
});

test("the program ends by itself: a fault, or absent when the camera went with it", async (t) => {
  const it = scripted(t);
  it.set("way", "ends");
  it.set("film", sized(1));
  const session = await open(t, it);
  assert.is(code(await session.verbs.still({ signal: never })), "device.fault");
  rmSync(it.name);
  assert.is(code(await session.verbs.still({ signal: never })), "device.absent");
});

run();
