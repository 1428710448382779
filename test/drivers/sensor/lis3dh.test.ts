import * as assert from "uvu/assert";
import { Plant } from "../../../drivers/bench/index.ts";
import { VirtualClock } from "../../../drivers/conformance/time.ts";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { driverTools, i2cPorts, type Ports } from "../../../drivers/ports/index.ts";
import { create } from "../../../drivers/sensor/lis3dh/index.ts";
import { angleBetween, sampleOf } from "../../../drivers/sensor/lis3dh/registers.ts";
import { Lis3dh } from "../../../drivers/sensor/lis3dh/simulator.ts";
import { suite } from "../../kit.ts";
import { busOf } from "../../support/i2c.ts";

const { test, run } = suite("lis3dh");

test("1 g at high resolution is 3E80, low byte first: read by the driver, sent by the simulator", () => {
  assert.equal(sampleOf(Uint8Array.of(0x80, 0x3e, 0, 0, 0x80, 0xc1)), { x: 1, y: 0, z: -1 });
  let now = 0;
  const part = new Lis3dh(() => ({ x: 1, y: 0, z: -1 }), { mono: () => now });
  part.write(Uint8Array.of(0x23, 0x88));
  part.write(Uint8Array.of(0x20, 0x57));
  part.write(Uint8Array.of(0xa7));
  assert.is(part.read(1)[0], 0, "no sample yet");
  now = 10;
  part.write(Uint8Array.of(0xa7));
  assert.equal([...part.read(7)], [0x0f, 0x80, 0x3e, 0, 0, 0x80, 0xc1]);
  part.write(Uint8Array.of(0xa7));
  assert.is(part.read(1)[0], 0, "its flags fell when it was read");
  part.write(Uint8Array.of(0x0f));
  assert.equal([...part.read(2)], [0x33, 0x33], "without bit 7 the pointer stays");
});

test("angles", () => {
  const down = { x: 0, y: 0, z: 1 };
  assert.is(angleBetween(down, down), 0);
  assert.ok(Math.abs((angleBetween(down, { x: 1, y: 0, z: 0 }) ?? 0) - 90) < 1e-9);
  assert.is(angleBetween({ x: 0, y: 0, z: 0 }, down), undefined);
});

async function opened() {
  const clock = new VirtualClock();
  const plant = new Plant({
    config: { devices: [], slots: [] },
    people: [],
    draw: async () => new Uint8Array(),
  });
  let gravity = () => plant.gravity();
  const part = new Lis3dh(() => gravity(), clock);
  const ports = { i2c: i2cPorts({ openPromisified: async () => busOf(0x18, part) }) } as Ports;
  const tools = driverTools(ports, clock, () => {
    throw deviceFault("unauthorised");
  });
  const upright = { x: 0, y: 0, z: 1 };
  const driver = create(
    { role: "tamper.tilt", driver: "sensor.lis3dh", bus: 1, address: 0x18, upright, maxTiltDeg: 10 },
    tools,
  );
  const session = await driver.open(new AbortController().signal);
  await session.recover();
  return {
    clock,
    plant,
    part,
    session,
    feel: (felt: { x: number; y: number; z: number }) => {
      gravity = () => felt;
    },
  };
}

test("a push is no theft; leaning for two seconds is, and standing up again ends it", async () => {
  const { clock, plant, session } = await opened();
  const guard = async () => {
    const read = await session.verbs.guard.read();
    return read.ok ? read.value : read.error.code;
  };
  assert.is(await guard(), "inactive");
  plant.surroundings.setStand({ forwardDeg: 25 });
  await clock.sleep(50);
  assert.is(await guard(), "inactive");
  await clock.sleep(1_000);
  assert.is(await guard(), "inactive");
  await clock.sleep(1_200);
  assert.is(await guard(), "active");
  plant.surroundings.setStand({ forwardDeg: 0 });
  await clock.sleep(50);
  assert.is(await guard(), "inactive");
});

test("while it is shaken nobody knows where down is, and the guard does not say that all is well", async () => {
  const { clock, session, feel } = await opened();
  feel({ x: 0, y: 0, z: 0.1 });
  await clock.sleep(50);
  const read = await session.verbs.read();
  assert.ok(read.ok);
  assert.is(read.value[0]?.quality, "unknown");
  assert.is(read.value[1]?.quality, "outOfRange");
  assert.not.ok((await session.verbs.guard.read()).ok);
});

test("a part that measures no more is stale, also when it still answers", async () => {
  const { session, part } = await opened();
  const write = part.write.bind(part);
  const read = part.read.bind(part);
  let status = 0x27;
  part.write = (bytes) => {
    status = bytes[0] ?? 0;
    write(bytes);
  };
  // The status register says for ever that there is nothing new.
  part.read = (length) => {
    const bytes = read(length);
    if (status === 0xa0) bytes[7] = 0;
    return bytes;
  };
  const readings = await session.verbs.read();
  assert.ok(readings.ok);
  assert.is(readings.value[0]?.quality, "stale");
});

run();
