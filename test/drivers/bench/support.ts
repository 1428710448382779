import type { BenchConfig } from "../../../drivers/bench/config.ts";
import { makePeople } from "../../../drivers/bench/people.ts";
import { Plant } from "../../../drivers/bench/plant/index.ts";

export const CHIP = "pinctrl-bcm2711";

/** One of each class, and a second lock board on the line of the first, without item sensors and with the other polarity. */
export const CONFIG = {
  devices: [
    {
      role: "finger.front",
      driver: "fingerprint.ef01",
      profile: "r503",
      address: 0xffffffff,
      port: { path: "/dev/finger", baudRate: 57_600 },
    },
    {
      role: "lock.left",
      driver: "lock.kerong",
      board: 0,
      compartments: 12,
      lockedBit: 1,
      itemBit: 1,
      pulseMs: 500,
      port: { path: "/dev/locks", baudRate: 19_200 },
    },
    {
      role: "lock.right",
      driver: "lock.kerong",
      board: 2,
      compartments: 4,
      lockedBit: 0,
      pulseMs: 300,
      port: { path: "/dev/locks", baudRate: 19_200 },
    },
    { role: "camera.portrait", driver: "camera.libcamera", index: 0 },
    { role: "camera.document", driver: "camera.libcamera", index: 1 },
    { role: "climate.inside", driver: "sensor.bme280", bus: 1, address: 0x76 },
    { role: "door.service", driver: "auxiliary.gpio", line: { chip: CHIP, offset: 17 }, activeLow: false },
    { role: "switch.service", driver: "auxiliary.gpio", line: { chip: CHIP, offset: 27 }, activeLow: true },
    { role: "light.a1", driver: "indicator.gpio", line: { chip: CHIP, offset: 22 }, activeLow: true },
  ],
  slots: [
    { slot: "A1", lock: "lock.left", compartment: 0, light: "light.a1" },
    { slot: "A2", lock: "lock.left", compartment: 1 },
    { slot: "B1", lock: "lock.right", compartment: 3 },
  ],
} as const satisfies BenchConfig;

export function testPlant(): Plant {
  return new Plant({
    config: CONFIG,
    people: makePeople(1),
    draw: async (scene, width, height, frame) => Buffer.from(JSON.stringify({ scene, width, height, frame })),
    now: () => 0,
  });
}
