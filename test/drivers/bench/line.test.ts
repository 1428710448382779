import { readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import * as assert from "uvu/assert";
import { PtyLine } from "../../../drivers/bench/line.ts";
import { eventually, suite } from "../../kit.ts";

const { test, run } = suite("serial line");

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

async function opened(path: string): Promise<{ port: SerialPort; got: () => Buffer }> {
  const port = new SerialPort({ path, baudRate: 19_200, autoOpen: false });
  let got = Buffer.alloc(0);
  port.on("data", (chunk: Buffer) => {
    got = Buffer.concat([got, chunk]);
  });
  port.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  return { port, got: () => got };
}

const newPath = (name: string) => join(tmpdir(), `guichet-line-${process.pid}`, name);

test("carries every byte value both ways, unchanged and not echoed", async (t) => {
  const line = new PtyLine(newPath("raw"));
  t.after(() => line.close());
  let fromDriver = Buffer.alloc(0);
  line.onBytes((chunk) => {
    fromDriver = Buffer.concat([fromDriver, chunk]);
  });
  const { port, got } = await opened(line.path);
  t.after(() => port.close(() => undefined));
  port.write(ALL_BYTES);
  await eventually("bytes at the simulator", () => fromDriver.length >= 256);
  line.send(ALL_BYTES);
  await eventually("bytes at the driver", () => got().length >= 256);
  assert.equal(Buffer.compare(fromDriver, ALL_BYTES), 0);
  assert.equal(Buffer.compare(got(), ALL_BYTES), 0);
});

test("a driver may close and open again", async (t) => {
  const line = new PtyLine(newPath("again"));
  t.after(() => line.close());
  const first = await opened(line.path);
  await new Promise<void>((resolve) => first.port.close(() => resolve()));
  const second = await opened(line.path);
  t.after(() => second.port.close(() => undefined));
  line.send(Buffer.from([1, 2, 3]));
  await eventually("bytes after the second open", () => second.got().length === 3);
});

test("unplug closes the driver's port, replug gives the same path again, on request behind another device", async (t) => {
  const line = new PtyLine(newPath("plug"));
  t.after(() => line.close());
  const before = line.device;
  const { port, got } = await opened(line.path);
  line.send(Buffer.from([1]));
  await eventually("bytes before unplug", () => got().length === 1);
  // serialport sees a hang-up only while it polls: one that falls into its own read loops there, with no event to wait for.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = new Promise<Error | null>((resolve) => port.on("close", resolve));
  line.unplug();
  assert.is((await closed) instanceof Error, true, "close says that it was disconnected");
  assert.is(line.plugged, false);
  assert.throws(() => readlinkSync(line.path));
  line.replug({ elsewhere: true });
  assert.is(readlinkSync(line.path), line.device);
  assert.is.not(line.device, before);
  const again = await opened(line.path);
  t.after(() => again.port.close(() => undefined));
  line.send(Buffer.from([7]));
  await eventually("bytes after replug", () => again.got().length === 1);
});

run();
