import * as assert from "uvu/assert";
import type { DeviceConfiguration } from "../../drivers/registry/index.ts";
import * as real from "../../provisioning/unit-check.ts";
import { suite } from "../kit.ts";
import { type Edit, importEdited } from "../support/edited.ts";
import { mustCatch } from "../support/mutate.ts";
import { unitConfiguration } from "../support/unit.ts";

const { test, run } = suite("what a configuration says against itself");

type Check = typeof real;
type Unit = Parameters<typeof unitConfiguration>[0];

const line = (offset: number, chip = "pinctrl") => ({ chip, offset });
/** A lock of two compartments, at six lines from `first` on. */
const wall = (role: string, first: number): DeviceConfiguration & { driver: "lock.gpio" } => ({
  role,
  driver: "lock.gpio",
  compartments: [first, first + 3].map((at) => ({
    coil: line(at),
    door: line(at + 1),
    item: line(at + 2),
  })),
  coilActiveLow: false,
  doorOpenLevel: 1,
  itemPresentLevel: 1,
  debounceMs: 10,
  pulseMs: 100,
  oneShot: true,
});
const contact = (role: string, offset: number): DeviceConfiguration => ({
  role,
  driver: "auxiliary.gpio",
  line: line(offset),
  activeLow: false,
  debounceMs: 10,
});
const light = (role: string, offset: number): DeviceConfiguration => ({
  role,
  driver: "indicator.gpio",
  line: line(offset),
  activeLow: false,
});
const port = (path: string) => ({ path, baudRate: 19_200 });
const board = (role: string, path: string, number: number): DeviceConfiguration => ({
  role,
  driver: "lock.kerong",
  port: port(path),
  board: number,
  compartments: 2,
  lockedBit: 1,
  pulseMs: 200,
});
const dispenser = (role: string, path: string, address: number): DeviceConfiguration => ({
  role,
  driver: "dispenser.crt591",
  port: port(path),
  address,
  profile: "m001",
});
const pin = (role: string, number: number, address = 0x20): DeviceConfiguration => ({
  role,
  driver: "auxiliary.mcp23017",
  bus: 1,
  address,
  pin: number,
  activeLow: true,
  debounceMs: 10,
});
const climate = (role: string, bus: number): DeviceConfiguration => ({
  role,
  driver: "sensor.sht31",
  bus,
  address: 0x44,
});
const power = (address: number): DeviceConfiguration => ({
  role: "power.supply",
  driver: "sensor.ina226",
  bus: 1,
  address,
  shuntMicroOhm: 10_000,
  mainsAboveV: 13,
  lowBelowV: 11,
});

/** Where the two places are that clash, or `good`. */
function said({ parseConfiguration }: Check, over: Unit, own?: Parameters<Check["parseConfiguration"]>[1]) {
  const read = parseConfiguration(JSON.stringify(unitConfiguration(over)), own);
  if (read.ok) return "good";
  const { code, fields } = read.error;
  if (code !== "bundle.contradictory") return code;
  return fields.with === undefined ? `${fields.at} ${fields.rule}` : `${fields.at} = ${fields.with}`;
}
const of = (check: Check, ...devices: DeviceConfiguration[]) => said(check, { devices });

/** Two locks whose second compartments hang on one wire: a voucher for one slot would open the other too. */
function oneCoil(): DeviceConfiguration[] {
  const [left, right] = [wall("lock.left", 0), wall("lock.right", 6)];
  Object.assign(right.compartments[1] ?? {}, { coil: line(3) });
  return [left, right];
}

async function twoLocks(check: Check): Promise<void> {
  assert.is(of(check, wall("lock.left", 0), wall("lock.right", 6)), "good");
  const compartments = "/devices/1/compartments";
  assert.is(of(check, ...oneCoil()), `${compartments}/1/coil = /devices/0/compartments/1/coil`);
  assert.is(
    of(check, wall("lock.left", 0), wall("lock.right", 5)),
    `${compartments}/0/coil = /devices/0/compartments/1/item`,
  );
}

async function twoBoards(check: Check): Promise<void> {
  const bus = "/dev/serial/by-id/bus";
  assert.is(of(check, board("lock.left", bus, 0), board("lock.right", bus, 1)), "good");
  assert.is(
    of(check, board("lock.left", bus, 1), board("lock.right", "/dev/serial/../serial/by-id/bus", 1)),
    "/devices/1/board = /devices/0/board",
  );
  assert.is(
    of(check, board("lock.left", bus, 1), board("lock.right", "/dev/serial/by-id/other", 1)),
    "/devices/1/board = /devices/0/board",
  );
}

test("a line belongs to one device, whatever it is for, and within one device once", async () => {
  await twoLocks(real);
  const [lock] = oneCoil();
  if (!lock) throw new TypeError("no lock");
  assert.is(of(real, lock, contact("tamper.case", 1)), "/devices/1/line = /devices/0/compartments/0/door");
  assert.is(of(real, contact("tamper.case", 1), light("light.a", 1)), "/devices/1/line = /devices/0/line");
  const twice = wall("lock.left", 0);
  Object.assign(twice.compartments[1] ?? {}, { door: line(1) });
  assert.is(of(real, twice), "/devices/0/compartments/1/door = /devices/0/compartments/0/door");
  const elsewhere = contact("tamper.case", 1);
  Object.assign(elsewhere, { line: line(1, "expander") });
  assert.is(of(real, lock, elsewhere), "good");
});

test("the board's own light and sounder are no device's, where the board is known", () => {
  const own = { light: { ...line(7), activeLow: false }, sounder: { ...line(8), activeLow: true } };
  const devices = [contact("tamper.case", 1), light("light.a", 8)];
  assert.is(said(real, { devices }), "good");
  assert.is(said(real, { devices }, {}), "good");
  assert.is(said(real, { devices }, own), "/devices/1/line = board.json/sounder");
});

test("a port belongs to one device; only boards on one bus share it, each at its own address", async () => {
  await twoBoards(real);
  const bus = "/dev/serial/by-id/bus";
  const cards = dispenser("dispenser.main", bus, 0);
  for (const other of [dispenser("dispenser.other", bus, 0), dispenser("dispenser.other", bus, 1)])
    assert.is(of(real, cards, other), "/devices/1/port/path = /devices/0/port/path");
  assert.is(of(real, cards, dispenser("dispenser.other", "/dev/serial/by-id/other", 0)), "good");
  assert.is(of(real, board("lock.left", bus, 0), cards), "/devices/1/port/path = /devices/0/port/path");
  assert.is(of(real, cards, board("lock.left", bus, 0)), "/devices/1/port/path = /devices/0/port/path");
});

test("an address on a bus belongs to one device; only pins of one expander share it, each its own", () => {
  assert.is(of(real, climate("sensor.a", 1), climate("sensor.b", 2), power(0x40)), "good");
  assert.is(
    of(real, climate("sensor.a", 1), climate("sensor.b", 1)),
    "/devices/1/address = /devices/0/address",
  );
  assert.is(of(real, climate("sensor.a", 1), power(0x44)), "/devices/1/address = /devices/0/address");
  assert.is(of(real, pin("door.a", 0), pin("door.b", 1), pin("door.c", 0, 0x21)), "good");
  assert.is(of(real, pin("door.a", 0), pin("door.b", 0)), "/devices/1/pin = /devices/0/pin");
});

test("a camera belongs to one role", () => {
  const camera = (role: string, index: number): DeviceConfiguration => ({
    role,
    driver: "camera.libcamera",
    index,
  });
  const usb = (role: string): DeviceConfiguration => ({
    role,
    driver: "camera.v4l2",
    path: "/dev/v4l/by-id/usb-a-index0",
  });
  assert.is(of(real, camera("camera.a", 0), camera("camera.b", 1), usb("camera.c")), "good");
  assert.is(of(real, camera("camera.a", 0), camera("camera.b", 0)), "/devices/1/index = /devices/0/index");
  assert.is(of(real, usb("camera.a"), usb("camera.b")), "/devices/1/path = /devices/0/path");
});

const DEVICES = [
  board("lock.main", "/dev/serial/by-id/bus", 0),
  contact("door.service", 1),
  light("light.a", 2),
  power(0x40),
  climate("sensor.air", 1),
];
const named = (check: Check, over: Unit) => said(check, { devices: DEVICES, ...over });

/** A door whose name is misspelt would count as one that has no contact, and let a stick in while it is shut. */
async function interlocks(check: Check): Promise<void> {
  assert.is(named(check, { interlocks: ["door.service", "power.supply"] }), "good");
  assert.is(named(check, { interlocks: ["power.supply", "door.servce"] }), "/interlocks/1 noSuchDevice");
}

test("what forbids motion is an input that is there", async () => {
  await interlocks(real);
  for (const role of ["lock.main", "light.a", "sensor.air"])
    assert.is(named(real, { interlocks: [role] }), "/interlocks/0 noSuchDevice", role);
});

test("the staff's switch and a slot's light are there and can be that", () => {
  const slot = { slot: "1", lock: "lock.main", compartment: 0 };
  assert.is(named(real, { serviceSwitch: "door.service", slots: [{ ...slot, light: "light.a" }] }), "good");
  for (const serviceSwitch of ["switch.service", "power.supply"])
    assert.is(named(real, { serviceSwitch }), "/serviceSwitch noSuchDevice", serviceSwitch);
  for (const lamp of ["light.b", "door.service"])
    assert.is(named(real, { slots: [{ ...slot, light: lamp }] }), "/slots/0/light noSuchDevice", lamp);
});

interface Rule extends Edit {
  name: string;
  scenario: (check: Check) => Promise<void>;
}

const RULES: Rule[] = [
  {
    name: "no two locks have one line",
    file: "unit-wires.ts",
    from: 'if ("chip" in value && "offset" in value)',
    to: 'if (at.endsWith("/line") && "chip" in value && "offset" in value)',
    scenario: twoLocks,
  },
  {
    name: "no lock's coil is another one's contact",
    file: "unit-wires.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    from: "`line ${value.chip} ${value.offset}`",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    to: '`line ${at.split("/").pop()} ${value.chip} ${value.offset}`',
    scenario: twoLocks,
  },
  {
    name: "no two boards on one bus have one address",
    file: "unit-wires.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    from: "if (isBoard) holds.push({ what: `board ${device.board}`, at: `${at}/board` });",
    to: "",
    scenario: twoBoards,
  },
  {
    name: "what forbids motion is there",
    file: "unit-check.ts",
    from: "if (!isGuard(roles.get(role)))",
    to: "if (false)",
    scenario: interlocks,
  },
  {
    name: "what two share counts",
    file: "unit-check.ts",
    from: "if (clash)",
    to: "if (false && clash)",
    scenario: twoLocks,
  },
];

for (const { name, scenario, ...edit } of RULES)
  test(`${name}: without the rule it is caught`, async (t) => {
    await scenario(real);
    const changed = await importEdited<Check>("provisioning/unit-check.ts", [edit]);
    await mustCatch(t, () => scenario(changed), 10_000);
  });

run();
