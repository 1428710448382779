import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readFlight } from "../../../drivers/flight/format.ts";
import { FlightRecorder } from "../../../drivers/flight/index.ts";
import { flightName, MOST_BYTES, MOST_FILES, writeFlight } from "../../../drivers/flight/write.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import { type Ports, WireTap } from "../../../drivers/ports/index.ts";
import { suite, type TestContext } from "../../kit.ts";
import { flightRig } from "../../support/flights.ts";

const { test, run } = suite("flight recorder");

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "guichet-flight-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "flights");
}

test("a file is for its owner only, whole, and named by time and device", async (t) => {
  const folder = folderFor(t);
  const name = flightName("lock.main", Date.UTC(2026, 10, 24, 19, 30, 15, 123));
  assert.is(name, "20261124T193015123Z-lock.main.jsonl");
  const path = await writeFlight(folder, name, "text\n");
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(statSync(folder).mode & 0o777, 0o700);
  assert.is(readFileSync(path, "utf8"), "text\n");
  assert.equal(readdirSync(folder), [name]);
});

test("files are bounded by count and by size, the oldest goes; what a cut left half is swept, and nothing else is touched", async (t) => {
  const folder = folderFor(t);
  mkdirSync(folder);
  writeFileSync(join(folder, "notes.txt"), "mine");
  writeFileSync(join(folder, "20260101T000000000Z-a.b.jsonl.half"), "torn");
  const at = (second: number) => flightName("lock.main", Date.UTC(2026, 0, 1) + second * 1_000);
  for (let i = 0; i < MOST_FILES + 5; i++) await writeFlight(folder, at(i), "x");
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  assert.is(files.length, MOST_FILES);
  assert.is(files.sort().at(-1), at(MOST_FILES + 4));
  assert.equal(
    readdirSync(folder).filter((file) => !file.endsWith(".jsonl")),
    ["notes.txt"],
  );
  await writeFlight(folder, at(100), "y".repeat(MOST_BYTES - 10));
  const left = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const total = left.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  assert.ok(total <= MOST_BYTES, `${total}`);
  assert.ok(left.includes(at(100)));
});

test("a fault is written once, with what came after it; a device that was never there writes nothing", async () => {
  const rig = await flightRig("lock.kerong");
  try {
    await rig.until(() => rig.host.lifecycle === "ready");
    rig.unplug();
    await rig.clock.sleep(20_000);
    rig.replug();
    await rig.until(() => rig.host.lifecycle === "ready");
    const files = await rig.flights();
    assert.is(files.length, 1);
    const flight = readFlight(files[0] ?? "");
    assert.ok(flight.ok);
    const { header, entries } = flight.value;
    assert.is(header.code, "device.absent");
    assert.is(header.role, "lock.main");
    assert.is(header.seed, 1);
    assert.equal(header.lines, ["serial /dev/locks"]);
    assert.is((header.configuration as { board: number }).board, 1);
    const lost = entries.findIndex((entry) => "event" in entry && entry.event === "lost");
    assert.ok(lost > 0);
    assert.ok(entries.slice(lost).some((entry) => "event" in entry && entry.event === "failed notThere"));
  } finally {
    await rig.stop();
  }
  const away = await flightRig("lock.kerong", { unplugged: true });
  try {
    await away.until(() => away.host.status().fitness.state === "failed");
    assert.equal(await away.flights(), []);
  } finally {
    await away.stop();
  }
});

test("a wedged driver is written before the process is ended", async () => {
  const rig = await flightRig("lock.kerong");
  try {
    await rig.until(() => rig.host.lifecycle === "ready");
    await rig.recorder.wedged(rig.role);
    const [file = ""] = await rig.flights();
    const flight = readFlight(file);
    assert.ok(flight.ok);
    assert.is(flight.value.header.why, "wedged");
    assert.ok(flight.value.entries.some((entry) => "event" in entry && entry.event === "wedged"));
  } finally {
    await rig.stop();
  }
});

test("devices that fail together have a file each", async (t) => {
  const folder = folderFor(t);
  const tap = new WireTap(systemClock);
  const recorder = new FlightRecorder({ tap, clock: systemClock, folder, process: "senses", version: "0" });
  const ports = tap.over({
    serial: async () => ({
      write: async () => undefined,
      onData: () => undefined,
      setBaudRate: async () => undefined,
      closed: new Promise<void>(() => undefined),
      close: async () => undefined,
    }),
  } as unknown as Ports);
  const roles = ["finger.front", "printer.receipt", "sensor.a", "sensor.b"];
  for (const role of roles) {
    const port = { path: `/dev/${role}`, baudRate: 9_600 };
    const device = { role, port };
    tap.bind(device);
    const line = await ports.serial(port);
    await line.write(Uint8Array.of(1));
    recorder.unknownOutcome(role);
  }
  await recorder.stop();
  const written = readdirSync(folder).map((file) => file.replace(/^\d{8}T\d{9}Z-/, ""));
  assert.equal(
    written.sort(),
    roles.map((role) => `${role}.jsonl`),
  );
});

test("a folder that cannot be written to disturbs nobody", async (t) => {
  const folder = folderFor(t);
  // A file in the folder's place: also root cannot write below it.
  writeFileSync(folder, "");
  chmodSync(folder, 0o600);
  const tap = new WireTap(systemClock);
  tap.bind({ role: "door.service", line: { chip: "c", offset: 1 } } as { role: string });
  const recorder = new FlightRecorder({ tap, clock: systemClock, folder, process: "vault", version: "0" });
  await recorder.wedged("door.service");
  recorder.unknownOutcome("door.service");
  await recorder.stop();
});

test("secrets of a configuration are left out", async () => {
  const rig = await flightRig("lock.kerong", {
    entry: (entry) => ({
      ...entry,
      configuration: { ...entry.configuration, password: 1_234, apiKey: "k" },
    }),
  });
  try {
    await rig.until(() => rig.host.lifecycle === "ready");
    rig.unplug();
    await rig.until(() => rig.host.status().fitness.state === "failed");
    const [file = ""] = await rig.flights();
    assert.ok(readFlight(file).ok);
    assert.not.match(file, /1234|apiKey|password/);
  } finally {
    await rig.stop();
  }
});

run();
