import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import * as assert from "uvu/assert";
import { type LibcameraSettings, libcameraDriver } from "../../../drivers/camera/libcamera/index.ts";
import { type Fault, isFault, type Result, systemClock } from "../../../drivers/kit/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { alive, picture, programs } from "./support.ts";

const { test, run } = suite("libcamera");
const never = new AbortController().signal;
const HELPER = resolve("drivers/camera/libcamera/still-helper.ts");

type Bench = ReturnType<typeof programs>;

async function open(
  t: TestContext,
  bench: Bench,
  over: { index?: number; stillMs?: number; stallMs?: number; helper?: string } = {},
) {
  const settings: LibcameraSettings = { role: "camera.document", index: over.index ?? 0 };
  const session = await libcameraDriver(settings, {
    camera: { path: bench.path },
    clock: systemClock,
    memory: bench.memory,
    helper: over.helper ?? HELPER,
    limits: { stillMs: over.stillMs ?? 10_000, stallMs: over.stallMs ?? 5_000 },
  }).open(never);
  t.after(() => session.close());
  return session;
}

const code = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);
const failure = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => {
      throw new Error("did not fail");
    },
    (error) => {
      assert.ok(isFault(error), String(error));
      return error;
    },
  );
const own = (bench: Bench) =>
  readdirSync(bench.memory).find((name) => name.includes(`-${process.pid}-`)) ?? "";
const allGone = (bench: Bench) => eventually("the group is gone", () => !bench.pids().some(alive));

for (const prefix of ["rpicam", "libcamera"]) {
  test(`a still by the programs' ${prefix} names: only numbers and the own path, and no file stays`, async (t) => {
    const bench = programs(t, prefix);
    const session = await open(t, bench);
    assert.is(session.identity.model, "imx708");
    const still = await session.verbs.still({ signal: never });
    assert.ok(still.ok, code(still));
    assert.equal(Buffer.from(still.value.jpeg), picture(1));
    const folder = join(bench.memory, own(bench));
    assert.is(statSync(folder).mode & 0o777, 0o700);
    assert.equal(readdirSync(folder), ["bin"]);
    assert.is(
      bench.read("calls").trim().split("\n").at(-1),
      `${folder}/bin/libcamera-still --camera 0 --width 2304 --height 1296 --timeout 500 --nopreview --encoding jpg --quality 95 --output ${folder}/still.jpg`,
    );
    await session.close();
    assert.is(own(bench), "");
  });
}

test("a still that hangs is killed with its children and leaves nothing", async (t) => {
  const bench = programs(t);
  bench.set("way", "hang");
  const session = await open(t, bench, { stillMs: 8_000 });
  assert.is(code(await session.verbs.still({ signal: never })), "device.timeoutDevice");
  assert.is(bench.pids().length, 2);
  await allGone(bench);
  assert.equal(readdirSync(join(bench.memory, own(bench))), ["bin"]);
  bench.set("way", "");
  assert.is(code(await session.verbs.still({ signal: never })), "ok");
});

test("a still that is no longer wanted, or whose session closes, is killed", async (t) => {
  const bench = programs(t);
  bench.set("way", "hang");
  const session = await open(t, bench);
  const wanted = new AbortController();
  const first = session.verbs.still({ signal: wanted.signal });
  await eventually("it hangs", () => bench.pids().length === 2);
  wanted.abort();
  assert.is(code(await first), "device.canceled");
  await allGone(bench);
  const second = session.verbs.still({ signal: never });
  await eventually("it hangs again", () => bench.pids().length === 4);
  await session.close();
  assert.is(code(await second), "device.canceled");
  await allGone(bench);
  assert.is(code(await session.verbs.still({ signal: never })), "device.absent");
});

test("the helper ends its group when its parent is gone", async (t) => {
  const bench = programs(t);
  bench.set("way", "hang");
  const folder = join(bench.memory, "x");
  mkdirSync(folder);
  mkdirSync(join(bench.folder, "old"));
  const { symlinkSync } = await import("node:fs");
  symlinkSync(join(bench.folder, "rpicam-still"), join(bench.folder, "old/libcamera-still"));
  const helper = (...args: string[]) =>
    spawn(process.execPath, ["--import", createRequire(HELPER).resolve("tsx"), HELPER, ...args], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: `${bench.folder}/old:/usr/bin:/bin` },
    });
  const child = helper("0", "640", "480", `${folder}/still.jpg`, "60000");
  await eventually("it hangs", () => bench.pids().length === 2);
  child.stdin?.end();
  await allGone(bench);
  const exitOf = async (...args: string[]) =>
    new Promise((done) => helper(...args).once("exit", (exit) => done(exit)));
  const refused = await Promise.all([
    exitOf("0", "640", "480", `${folder}/a;touch b/still.jpg`, "1000"),
    exitOf("0;touch b", "640", "480", `${folder}/still.jpg`, "1000"),
  ]);
  assert.equal(refused, [2, 2]);
});

test("a program that fails is a fault, a camera that is not there is absent, no programs are absent", async (t) => {
  const bench = programs(t);
  const session = await open(t, bench, { index: 1 });
  assert.is(session.identity.model, "imx219");
  bench.set("way", "fail");
  assert.is(code(await session.verbs.still({ signal: never })), "device.fault");
  bench.set("way", "nocamera");
  assert.is(code(await session.verbs.still({ signal: never })), "device.absent");
  bench.set("list", "No cameras available!\n");
  assert.is((await failure(session.probe())).code, "device.absent");
  assert.is((await failure(open(t, bench))).code, "device.absent");
  bench.set("list", "Available cameras\n---\n0 : imx708 [x]\n");
  assert.is((await failure(open(t, bench, { index: 1 }))).code, "device.absent");
  assert.is((await failure(open(t, { ...bench, path: ["relative", bench.memory] }))).code, "device.absent");
  bench.set("list", "ERROR: unrecognised option '--list-cameras'\n");
  assert.is((await open(t, bench)).identity.model, "libcamera");
});

test("half a picture is refused, the same picture three times is a frozen camera", async (t) => {
  const bench = programs(t);
  bench.set("pictures/1", picture(1).subarray(0, 20));
  for (const n of [2, 3, 4]) bench.set(`pictures/${n}`, picture(9));
  const session = await open(t, bench);
  const codes: string[] = [];
  for (let n = 1; n <= 5; n++) codes.push(code(await session.verbs.still({ signal: never })));
  assert.equal(codes, ["device.protocol", "ok", "ok", "device.frozen", "ok"]);
});

test("recovering wipes what dead processes left and nothing of living ones", async (t) => {
  const bench = programs(t);
  const dead = spawn("/bin/true");
  await new Promise((done) => dead.once("exit", done));
  const start = (pid: number) => `guichet-camera-0-${pid}`;
  const plant = (name: string) => {
    mkdirSync(join(bench.memory, name));
    writeFileSync(join(bench.memory, name, "still.jpg"), "a face");
  };
  plant(`${start(dead.pid ?? 0)}-12345`);
  // A number that was given to another process since.
  plant(`${start(process.ppid)}-1`);
  const session = await open(t, bench);
  writeFileSync(join(bench.memory, own(bench), "still.jpg"), "a face");
  assert.equal(await session.recover(), { wiped: 3 });
  assert.equal(readdirSync(bench.memory), [own(bench)]);
  assert.equal(readdirSync(join(bench.memory, own(bench))), ["bin"]);
  const other = await libcameraDriver(
    { role: "camera.portrait", index: 1 },
    { camera: { path: bench.path }, clock: systemClock, memory: bench.memory },
  ).open(never);
  assert.equal([await other.recover(), readdirSync(bench.memory).length], [{ wiped: 0 }, 2]);
  assert.equal([other.capabilities.stillWidth, other.capabilities.stillHeight], [1032, 1290]);
  await other.close();
});

test("a film: frames until it is no longer wanted; then its group is gone and a still may follow", async (t) => {
  const bench = programs(t);
  bench.set("film", Buffer.concat(Array.from({ length: 200 }, (_, n) => picture(n))));
  const session = await open(t, bench);
  const stop = new AbortController();
  const frames: Uint8Array[] = [];
  const film = session.verbs.preview((jpeg) => frames.push(jpeg), stop.signal);
  // 200 at once are more than anybody can look at: the newest is handed over, the rest is lost.
  await eventually("the last frame", () => frames.some((jpeg) => picture(199).equals(jpeg)));
  assert.ok(frames.length < 150, `${frames.length} frames`);
  assert.is(code(await session.verbs.still({ signal: never })), "device.busy");
  await eventually("the film program waits", () => bench.pids().length === 2);
  stop.abort();
  assert.is(code(await film), "ok");
  await allGone(bench);
  assert.is(code(await session.verbs.still({ signal: never })), "ok");
  const call = bench
    .read("calls")
    .split("\n")
    .find((line) => line.includes("-vid "));
  assert.is(
    call?.slice(call.indexOf(" ") + 1),
    "--codec mjpeg --output - --timeout 0 --nopreview --flush --width 1024 --height 576 --camera 0 --framerate 15",
  );
});

test("a film that freezes, stalls, ends by itself, or whose taker throws, ends with its reason", async (t) => {
  const bench = programs(t);
  const session = await open(t, bench, { stallMs: 400 });
  const film = (onFrame: (jpeg: Uint8Array) => void = () => undefined) =>
    session.verbs.preview(onFrame, never).then(code);
  bench.set("film", Buffer.concat(Array.from({ length: 40 }, () => picture(7))));
  assert.is(await film(), "device.frozen");
  bench.set("film", picture(1));
  assert.is(await film(), "device.timeoutDevice");
  assert.is(
    await film(() => {
      throw new Error("taker");
    }),
    "device.fault",
  );
  await allGone(bench);
  bench.set("way", "ends");
  assert.is(await film(), "device.fault");
  bench.set("list", "No cameras available!\n");
  assert.is(await film(), "device.absent");
});

test("the helper works as a bundle, without the loader", async (t) => {
  const bench = programs(t);
  const helper = join(bench.folder, "still-helper.mjs");
  await build({
    entryPoints: [HELPER],
    outfile: helper,
    bundle: true,
    format: "esm",
    platform: "node",
    minify: true,
    banner: {
      js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);",
    },
  });
  const session = await open(t, bench, { helper });
  const still = await session.verbs.still({ signal: never });
  assert.ok(still.ok, code(still));
});

run();
