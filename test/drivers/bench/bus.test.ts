import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { connectBenchBus, startBusServer } from "../../../drivers/bench/bus/index.ts";
import { gpioPorts, i2cPorts } from "../../../drivers/ports/index.ts";
import { temperatureOf } from "../../../drivers/sensor/bme280/simulator.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { CHIP, CONFIG, testPlant } from "./support.ts";

const { test, run } = suite("bench bus");

async function bench(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "guichet-bus-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const plant = testPlant();
  const socket = join(dir, "bus.sock");
  // The client comes first: a unit may start before its bench.
  const connecting = connectBenchBus(socket);
  const server = await startBusServer({ config: CONFIG, world: plant, socket, sysfsRoot: join(dir, "gpio") });
  const bus = await connecting;
  t.after(() => server.stop());
  t.after(() => bus.close());
  return { plant, server, bus };
}

test("numbers begin at 512: a plain offset is refused", async (t) => {
  const { bus } = await bench(t);
  assert.throws(
    () => new bus.Gpio(17, "in", "both"),
    (error: Error & { code?: string }) => error.code === "EINVAL",
  );
  assert.is(await new bus.Gpio(529, "in", "both").read(), 0);
});

test("inputs: promises, callbacks, polarity, edges", async (t) => {
  const { plant, bus } = await bench(t);
  const door = new bus.Gpio(529, "in", "both");
  const service = new bus.Gpio(539, "in", "both", { activeLow: true });
  assert.is(await service.read(), 0);
  const edges: number[] = [];
  door.watch((_error, value) => edges.push(value));
  plant.setInput("door.service", true);
  plant.setInput("switch.service", true);
  await eventually("edge", () => edges.length === 1);
  assert.equal(edges, [1]);
  assert.is(await service.read(), 1);
  assert.is(service.readSync(), 1);
  assert.is(await new Promise((resolve) => door.read((_error, value) => resolve(value))), 1);
  door.unexport();
  plant.setInput("door.service", false);
  assert.is(await service.read(), 1);
  assert.equal(edges, [1], "no edges after unexport");
});

test("debounce tells once, with the level after the bouncing", async (t) => {
  const { plant, bus } = await bench(t);
  const door = new bus.Gpio(529, "in", "both", { debounceTimeout: 30 });
  const edges: number[] = [];
  door.watch((_error, value) => edges.push(value));
  for (const active of [true, false, true]) plant.setInput("door.service", active);
  await eventually("edge", () => edges.length > 0);
  assert.equal(edges, [1]);
});

test("outputs: the level of the constructor, writes, and the level that stays", async (t) => {
  const { plant, bus } = await bench(t);
  const lamp = new bus.Gpio(534, "high", { activeLow: true });
  await lamp.write(1);
  assert.is(plant.level(CHIP, 22), 0);
  assert.is(plant.state().lamps["light.a1"], true);
  lamp.unexport();
  bus.close();
  assert.is(plant.level(CHIP, 22), 0);
});

test("I2C: registers, and no acknowledge when nothing is there or unplugged", async (t) => {
  const { plant, bus } = await bench(t);
  const i2c = await bus.openPromisified(1);
  assert.is(await i2c.readByte(0x76, 0xd0), 0x60);
  await i2c.writeByte(0x76, 0xf4, 0x25);
  const { buffer, bytesRead } = await i2c.readI2cBlock(0x76, 0xf7, 8, Buffer.alloc(8));
  assert.is(bytesRead, 8);
  const raw = (buffer.readUInt16BE(3) << 4) | ((buffer[5] ?? 0) >> 4);
  assert.ok(Math.abs(temperatureOf(raw) - plant.climate().temperatureCel) < 0.01);
  const noAck = async () => i2c.readByte(0x76, 0xd0).catch((error: { code?: string }) => error.code);
  plant.unplug("climate.inside");
  assert.is(await noAck(), "EREMOTEIO");
  plant.replug("climate.inside");
  assert.is(await noAck(), 0x60);
});

test("the ports of a unit work over it unchanged", async (t) => {
  const { plant, bus } = await bench(t);
  const gpio = gpioPorts({ Gpio: bus.Gpio, sysfsRoot: bus.sysfsRoot });
  const input = await gpio.input({ chip: CHIP, offset: 27 }, { activeLow: true, debounceMs: 1 });
  t.after(() => input.close());
  const edges: number[] = [];
  input.onEdge((level) => edges.push(level));
  assert.is(await input.read(), 0);
  plant.setInput("switch.service", true);
  await eventually("edge", () => edges.length === 1);
  const output = await gpio.output({ chip: CHIP, offset: 22 }, { activeLow: true, initial: 0 });
  assert.is(plant.state().lamps["light.a1"], false);
  await output.write(1);
  assert.is(plant.state().lamps["light.a1"], true);
  await output.close();
  assert.is(plant.state().lamps["light.a1"], false);
  const i2c = await i2cPorts({ openPromisified: bus.openPromisified })(1);
  assert.equal([...(await i2c.readBlock(0x76, 0xd0, 1))], [0x60]);
  await i2c.close();
});

test("what waits when the bench goes away is settled", async (t) => {
  const { server, bus } = await bench(t);
  const i2c = await bus.openPromisified(1);
  await server.stop();
  const code = await i2c.readByte(0x76, 0xd0).catch((error: { code?: string }) => error.code);
  assert.is(code, "EIO");
});

run();
