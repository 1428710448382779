import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import * as assert from "uvu/assert";
import { sceneDrawer, startCameraServer, writeCameraCommands } from "../../../drivers/bench/camera/index.ts";
import { makePeople } from "../../../drivers/bench/people.ts";
import { Plant, type Scene } from "../../../drivers/bench/plant/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { CONFIG } from "./support.ts";

const { test, run } = suite("camera command");
const execute = promisify(execFile);

async function bench(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "guichet-camera-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const people = makePeople(1);
  const plant = new Plant({ config: CONFIG, people, draw: sceneDrawer(people) });
  const socket = join(dir, "camera.sock");
  const server = await startCameraServer({ config: CONFIG, plant, socket });
  t.after(() => server.stop());
  writeCameraCommands(join(dir, "bin"), socket);
  const command = (name: string) => join(dir, "bin", name);
  return { dir, plant, command };
}

async function read(jpeg: Buffer): Promise<string | undefined> {
  const { readBarcodes, prepareZXingModule } = await import("zxing-wasm/reader");
  const wasmBinary = readFileSync("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm");
  prepareZXingModule({ overrides: { wasmBinary: Uint8Array.from(wasmBinary).buffer } });
  const [found] = await readBarcodes(Uint8Array.from(jpeg), { formats: ["QRCode"] });
  return found?.text;
}

test("a still in the size that was asked for, by either name, to stdout and to a file", async (t) => {
  const { dir, plant, command } = await bench(t);
  plant.show("camera.portrait", { kind: "person", person: "ada" });
  const size = ["--width", "648", "--height", "810", "--nopreview", "-t", "1", "--encoding", "jpg"];
  const { stdout } = await execute(command("rpicam-still"), [...size, "-o", "-"], { encoding: "buffer" });
  const { format, width, height } = await sharp(stdout).metadata();
  assert.equal([format, width, height], ["jpeg", 648, 810]);
  const file = join(dir, "still.jpg");
  await execute(command("libcamera-still"), [...size, `--output=${file}`, "--camera", "0"]);
  assert.is((await sharp(file).metadata()).width, 648);
});

test("film: whole frames, no two alike, until it is stopped", async (t) => {
  const { plant, command } = await bench(t);
  plant.show("camera.portrait", { kind: "person", person: "ada" });
  const child = spawn(command("rpicam-vid"), [
    ...[
      "-t",
      "0",
      "--codec",
      "mjpeg",
      "--width",
      "320",
      "--height",
      "400",
      "--framerate",
      "20",
      "-n",
      "-o",
      "-",
    ],
  ]);
  t.after(() => child.kill("SIGKILL"));
  let bytes = Buffer.alloc(0);
  child.stdout.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  const starts = () => {
    const found: number[] = [];
    for (let i = bytes.indexOf("ffd8ff", 0, "hex"); i >= 0; i = bytes.indexOf("ffd8ff", i + 3, "hex"))
      found.push(i);
    return found;
  };
  await eventually("four frames", () => starts().length >= 4);
  const [a = 0, b = 0, c = 0] = starts();
  assert.is((await sharp(bytes.subarray(a, b)).metadata()).width, 320);
  assert.is.not(Buffer.compare(bytes.subarray(a, b), bytes.subarray(b, c)), 0);
  plant.unplug("camera.portrait");
  const code = await new Promise((resolve) => child.on("exit", resolve));
  assert.is(code, 0);
});

test("lists what is attached; an absent camera fails as the real program does", async (t) => {
  const { plant, command } = await bench(t);
  const list = async () => (await execute(command("libcamera-still"), ["--list-cameras"])).stdout;
  assert.match(await list(), /^0 : imx708.*^1 : imx708/ms);
  plant.unplug("camera.document");
  assert.not.match(await list(), /^1 : /m);
  const failed = await execute(command("rpicam-still"), ["--camera", "1", "-t", "1", "-o", "-"]).catch(
    (error: { code: number; stderr: string }) => error,
  );
  assert.is("code" in failed && failed.code, 255);
  assert.match(failed.stderr, /no cameras available/);
  const wrong = await execute(command("rpicam-still"), ["--spoon", "-o", "-"]).catch(
    (error: { code: number }) => error,
  );
  assert.is("code" in wrong && wrong.code, 255);
});

test("codes can be read, torn ones cannot", async (t) => {
  const { plant } = await bench(t);
  const see = async (scene: Scene) => {
    plant.show("camera.document", scene);
    return read(Buffer.from(await plant.picture("camera.document", 1296, 972)));
  };
  const long = "x".repeat(700);
  assert.is(await see({ kind: "code", text: "GCH1:AB000123X" }), "GCH1:AB000123X");
  assert.is(await see({ kind: "code", text: long }), long);
  assert.is(await see({ kind: "item", code: "DOC-00017" }), "DOC-00017");
  assert.is(await see({ kind: "code", text: "GCH1:AB000123X", torn: true }), undefined);
  assert.is(await see({ kind: "empty" }), undefined);
});

test("scenes differ as they should: dark is dark, small is small, two are two", async (t) => {
  const { plant } = await bench(t);
  const see = async (scene: Scene) => {
    plant.show("camera.portrait", scene);
    return sharp(await plant.picture("camera.portrait", 324, 405)).stats();
  };
  const person = await see({ kind: "person", person: "ada" });
  const dark = await see({ kind: "dark", person: "ada" });
  assert.ok((dark.channels[1]?.mean ?? 255) < (person.channels[1]?.mean ?? 0) / 5);
  for (const kind of ["small", "twoFaces"] as const) {
    const { channels } = await see(
      kind === "small" ? { kind, person: "ada" } : { kind, person: "ada", other: "ben" },
    );
    assert.ok((channels[0]?.stdev ?? 0) > 5, kind);
  }
});

run();
