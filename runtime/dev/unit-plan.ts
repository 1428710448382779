import type { DeviceConfiguration } from "../../drivers/registry/index.ts";
import type { PublicKey } from "../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";

/**
 * The unit that `make run` brings up: both roles, eight slots behind one lock board, all devices on the bench.
 * Its general holidays are those of Hong Kong; the data of a real unit comes from the department's own bundle.
 */
export const UNIT = "kt-01";
export const SITE = "kwun-tong";
export const GPIO_CHIP = "guichet-bench";
const SLOTS = ["1", "2", "3", "4", "5", "6", "7", "8"];

export const LINES = { serviceDoor: 4, tamper: 5, serviceSwitch: 6, light: (index: number) => 16 + index };

/** General holidays of Hong Kong, 2026 and 2027, without Sundays (gazetted list; Sundays are closed by the weekly hours). */
const HOLIDAYS = [
  "2026-01-01",
  "2026-02-17",
  "2026-02-18",
  "2026-02-19",
  "2026-04-03",
  "2026-04-04",
  "2026-04-06",
  "2026-04-07",
  "2026-05-01",
  "2026-05-25",
  "2026-06-19",
  "2026-07-01",
  "2026-09-26",
  "2026-10-01",
  "2026-10-19",
  "2026-12-25",
  "2026-12-26",
  "2027-01-01",
  "2027-02-06",
  "2027-02-08",
  "2027-02-09",
  "2027-03-26",
  "2027-03-27",
  "2027-03-29",
  "2027-04-05",
  "2027-05-01",
  "2027-05-13",
  "2027-06-09",
  "2027-07-01",
  "2027-09-16",
  "2027-10-01",
  "2027-10-08",
  "2027-12-25",
  "2027-12-27",
];

export function benchDevices(serialPath: (role: string) => string): DeviceConfiguration[] {
  const line = (offset: number) => ({ chip: GPIO_CHIP, offset });
  return [
    {
      role: "finger.front",
      driver: "fingerprint.ef01",
      port: { path: serialPath("finger.front"), baudRate: 57_600 },
      profile: "r503",
      address: 0xffffffff,
      reservedPage: 199,
    },
    {
      role: "lock.main",
      driver: "lock.kerong",
      port: { path: serialPath("lock.main"), baudRate: 19_200 },
      board: 0,
      compartments: SLOTS.length,
      lockedBit: 1,
      itemBit: 1,
      pulseMs: 500,
    },
    {
      role: "printer.receipt",
      driver: "printer.escpos",
      port: { path: serialPath("printer.receipt"), baudRate: 38_400 },
      profile: "tm",
      encoding: "gb18030",
      columns: 42,
    },
    {
      role: "power.supply",
      driver: "sensor.ina226",
      bus: 1,
      address: 0x40,
      shuntMicroOhm: 10_000,
      mainsAboveV: 13.2,
      lowBelowV: 11.4,
    },
    { role: "camera.portrait", driver: "camera.libcamera", index: 0 },
    { role: "camera.document", driver: "camera.libcamera", index: 1 },
    { role: "sensor.cabinet", driver: "sensor.bme280", bus: 1, address: 0x76 },
    {
      role: "door.service",
      driver: "auxiliary.gpio",
      line: line(LINES.serviceDoor),
      activeLow: false,
      debounceMs: 30,
    },
    {
      role: "tamper.cabinet",
      driver: "auxiliary.gpio",
      line: line(LINES.tamper),
      activeLow: false,
      debounceMs: 30,
    },
    {
      role: "switch.service",
      driver: "auxiliary.gpio",
      line: line(LINES.serviceSwitch),
      activeLow: false,
      debounceMs: 30,
    },
    ...SLOTS.map((slot, i) => ({
      role: `light.slot${slot}`,
      driver: "indicator.gpio" as const,
      line: line(LINES.light(i)),
      activeLow: false,
    })),
  ];
}

export function unitPlan(given: {
  serialPath: (role: string) => string;
  broker: { url: string; ca: string };
  keys: PublicKey[];
  sealTo: { kid: string; x: string }[];
  screenPort: number;
  alwaysOpen: boolean;
}): UnitConfiguration {
  const open: [string, string][] = given.alwaysOpen ? [["00:00", "24:00"]] : [["08:00", "22:00"]];
  const days = given.alwaysOpen ? ["1", "2", "3", "4", "5", "6", "7"] : ["1", "2", "3", "4", "5", "6"];
  return {
    v: 1,
    unit: UNIT,
    site: SITE,
    code: "KT01",
    roles: ["submission", "collection"],
    centre: { host: "centre", broker: given.broker, keys: given.keys, sealTo: given.sealTo },
    devices: benchDevices(given.serialPath),
    slots: SLOTS.map((slot, compartment) => ({
      slot,
      lock: "lock.main",
      compartment,
      light: `light.slot${slot}`,
    })),
    interlocks: ["tamper.cabinet", "door.service", "power.supply"],
    serviceSwitch: "switch.service",
    services: ["hkic-application", "passport-application", "one-stop", "collection", "exchange", "retrieval"],
    hours: {
      zone: "Asia/Hong_Kong",
      weekly: Object.fromEntries(days.map((day) => [day, open])),
      holidays: given.alwaysOpen ? [] : HOLIDAYS,
      holidayYears: [2026, 2027],
    },
    screen: { port: given.screenPort, pxPerMm: 3.2, idleS: 90 },
  };
}
