import * as assert from "uvu/assert";
import type { Camera, Driver } from "../../../drivers/contract/index.ts";
import { DeviceHost } from "../../../drivers/host/index.ts";
import { defer, type Fault, ok, systemClock } from "../../../drivers/kit/index.ts";
import { CameraView } from "../../../runtime/senses/camera-view.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("camera view");

/** A camera that notes what it does; a frame is shown when the test says so. */
async function rig(t: TestContext) {
  const notes: string[] = [];
  const films: ((jpeg: Uint8Array) => void)[] = [];
  const capabilities = { stillWidth: 4, stillHeight: 5, previewWidth: 4, previewHeight: 5 };
  const verbs: Camera = {
    capabilities,
    still: async () => {
      notes.push("still");
      return ok({ jpeg: Uint8Array.of(1), at: 0 });
    },
    preview: async (onFrame, signal) => {
      notes.push("film");
      films.push(onFrame);
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      notes.push("dark");
      return ok(undefined);
    },
  };
  const driver: Driver<Camera> = {
    role: "camera.portrait",
    class: "camera",
    name: "camera.libcamera",
    probeEveryMs: 60_000,
    deviceTimeMs: 1_000,
    open: async () => ({
      identity: { model: "test" },
      capabilities,
      verbs,
      recover: async () => ({}),
      probe: async () => undefined,
      lost: defer<Fault>().promise,
      close: async () => undefined,
    }),
  };
  const host = new DeviceHost(driver, { clock: systemClock });
  host.start();
  t.after(() => host.stop());
  await host.whenReady();
  const view = new CameraView(host, systemClock, 1_000);
  t.after(() => view.stop());
  return { view, notes, show: (byte: number) => films.at(-1)?.(Uint8Array.of(byte)) };
}

test("one film for all who look; it runs until the last one has left", async (t) => {
  const { view, notes, show } = await rig(t);
  const seen: string[] = [];
  view.watch("screen", ([byte]) => seen.push(`screen ${byte}`));
  view.watch("scan", ([byte]) => seen.push(`scan ${byte}`));
  await eventually("film", () => notes.length === 1);
  show(1);
  view.leave("scan");
  show(2);
  assert.equal(seen, ["screen 1", "scan 1", "screen 2"]);
  assert.equal(notes, ["film"]);
  view.leave("screen");
  await eventually("dark", () => notes.length === 2);
  assert.equal(notes, ["film", "dark"]);
});

test("two stills at once: the film makes way for both and comes back once", async (t) => {
  const { view, notes } = await rig(t);
  view.watch("screen", () => undefined);
  await eventually("film", () => notes.length === 1);
  const { signal } = new AbortController();
  const both = await Promise.all([view.still(signal), view.still(signal)]);
  assert.ok(both.every((still) => still.ok));
  await eventually("film again", () => notes.at(-1) === "film");
  assert.equal(notes, ["film", "dark", "still", "still", "film"]);
});

test("stopping ends at once, also when somebody comes to look while it ends", async (t) => {
  const { view, notes } = await rig(t);
  view.watch("screen", () => undefined);
  await eventually("film", () => notes.length === 1);
  const stopped = view.stop();
  view.watch("late", () => undefined);
  await stopped;
  view.watch("later", () => undefined);
  assert.equal(notes, ["film", "dark"]);
});

run();
