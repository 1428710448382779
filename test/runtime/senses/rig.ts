import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { connectBenchBus, startBusServer } from "../../../drivers/bench/bus/index.ts";
import { startCameraServer, writeCameraCommands } from "../../../drivers/bench/camera/index.ts";
import { startFingerprintSimulator } from "../../../drivers/bench/fingerprint/index.ts";
import { cable } from "../../../drivers/bench/line.ts";
import { makePeople } from "../../../drivers/bench/people.ts";
import { Plant } from "../../../drivers/bench/plant/index.ts";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import {
  type I2cBusObject,
  i2cPorts,
  type SerialFactory,
  systemPorts,
} from "../../../drivers/ports/index.ts";
import type { DeviceConfiguration } from "../../../drivers/registry/index.ts";
import { newSigningKey } from "../../../fleet/contract/index.ts";
import { connectUnix, Peer, sensesEvents, sensesMethods } from "../../../runtime/ipc/index.ts";
import { startSenses } from "../../../runtime/senses/index.ts";
import { eventually, type TestContext } from "../../kit.ts";
import { unitConfiguration } from "../../support/unit.ts";

const DEVICES = [
  {
    role: "finger.front",
    driver: "fingerprint.ef01",
    port: { path: "/dev/finger", baudRate: 57_600 },
    profile: "r503",
    address: 0xffffffff,
    reservedPage: 199,
  },
  { role: "camera.portrait", driver: "camera.libcamera", index: 0 },
  { role: "camera.document", driver: "camera.libcamera", index: 1 },
  { role: "sensor.cabinet", driver: "sensor.bme280", bus: 1, address: 0x76 },
] satisfies DeviceConfiguration[];

/** The real senses on simulated devices: a module on a cable, camera programs that serve `pictures`, a climate sensor. */
export async function sensesRig(t: TestContext) {
  const state = mkdtempSync(join(tmpdir(), "guichet-senses-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const voucherKey = newSigningKey("voucher");
  const config = unitConfiguration({ devices: DEVICES });
  config.centre.keys = [voucherKey.public];
  mkdirSync(join(state, "config"));
  writeFileSync(join(state, "config", "unit.json"), JSON.stringify(config));

  /** What both cameras see; each frame a little different, as a sensor is never still. */
  const seen: { jpeg: Uint8Array; served: number } = { jpeg: new Uint8Array(0), served: 0 };
  const people = makePeople(1);
  const plant = new Plant({
    config: { devices: DEVICES, slots: [] },
    people,
    draw: (_scene, width, height, frame) => {
      seen.served++;
      return sharp(seen.jpeg)
        .resize(width, height, { fit: "contain", background: "#888" })
        .linear(1, (frame % 5) - 2)
        .jpeg({ quality: 90 })
        .toBuffer();
    },
  });
  const cameraSocket = join(state, "camera.sock");
  const cameraServer = await startCameraServer({
    config: { devices: DEVICES, slots: [] },
    plant,
    socket: cameraSocket,
  });
  t.after(() => cameraServer.stop());
  writeCameraCommands(join(state, "bin"), cameraSocket);
  const busSocket = join(state, "bus.sock");
  const busServer = await startBusServer({
    config: { devices: DEVICES, slots: [] },
    world: plant,
    socket: busSocket,
    sysfsRoot: join(state, "sysfs"),
  });
  t.after(() => busServer.stop());
  const bus = await connectBenchBus(busSocket);
  t.after(() => bus.close());

  const { simulator: wire, driver: own } = cable();
  const module = startFingerprintSimulator({
    world: plant,
    device: "finger.front",
    profile: "r503",
    line: wire,
    address: 0xffffffff,
  });
  t.after(() => module.stop());
  const serial: SerialFactory = async () => {
    let end: () => void = () => undefined;
    let open = true;
    const closed = new Promise<void>((resolve) => {
      end = resolve;
    });
    return {
      write: async (bytes) => {
        if (!open) throw deviceFault("absent");
        own.send(bytes);
      },
      onData: (listener) => own.onBytes(listener),
      setBaudRate: async () => undefined,
      closed,
      close: async () => {
        open = false;
        end();
      },
    };
  };
  const start = () =>
    startSenses({
      state,
      ports: {
        ...systemPorts(),
        serial,
        i2c: i2cPorts({
          openPromisified: bus.openPromisified as unknown as (number: number) => Promise<I2cBusObject>,
        }),
        camera: { path: [join(state, "bin")] },
      },
    });
  let senses = await start();
  t.after(() => senses.stop());

  async function connect() {
    const socket = await connectUnix(
      join(state, "run", "senses", "socket"),
      new AbortController().signal,
      systemClock,
    );
    if (!socket) throw new TypeError("no socket");
    const peer = new Peer<typeof sensesMethods, typeof sensesEvents, Record<never, never>>(socket, {
      remote: sensesMethods,
      incoming: sensesEvents,
    });
    t.after(() => peer.close());
    return peer;
  }
  const core = await connect();
  const allReady = () =>
    eventually("devices ready", async () => {
      const status = await core.call("status", {});
      return status.ok && status.value.body.devices.every(({ lifecycle }) => lifecycle === "ready");
    });
  await allReady();
  return {
    state,
    config,
    voucherKey,
    plant,
    people,
    module,
    seen,
    core,
    connect,
    allReady,
    stop: () => senses.stop(),
    restart: async () => {
      await senses.stop();
      senses = await start();
    },
  };
}
export type SensesRig = Awaited<ReturnType<typeof sensesRig>>;
