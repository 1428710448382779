import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { setLog } from "../../../drivers/kit/index.ts";
import { readBoard, servicePorts } from "../../../provisioning/index.ts";
import { decideUsb, parseDescriptors } from "../../../provisioning/usb/index.ts";
import { UsbGate } from "../../../runtime/provisioner/gate/gate.ts";
import { Random } from "../../fuzz/streams.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("the gate of the USB bus");

type Interface = [number, number, number];
const STICK: Interface = [0x08, 0x06, 0x50];
const UAS: Interface = [0x08, 0x06, 0x62];
const KEYBOARD: Interface = [0x03, 0x01, 0x01];
const NETWORK: Interface = [0x02, 0x06, 0x00];
const SERIAL: Interface = [0xff, 0xff, 0xff];
const HUB: Interface = [0x09, 0x00, 0x00];

/** What the kernel shows of a device: one list of interfaces for each configuration. */
function descriptors(
  configurations: Interface[][],
  ids: [number, number] = [0x0781, 0x5567],
  deviceClass = 0,
): Buffer {
  const device = Buffer.from([
    18,
    1,
    0,
    2,
    deviceClass,
    0,
    0,
    64,
    0,
    0,
    0,
    0,
    0,
    1,
    1,
    2,
    3,
    configurations.length,
  ]);
  device.writeUInt16LE(ids[0], 8);
  device.writeUInt16LE(ids[1], 10);
  const parts = configurations.map((interfaces, index) => {
    const body = interfaces.flatMap(([class_, subclass, protocol], number) => [
      ...[9, 4, number, 0, 1, class_, subclass, protocol, 0],
      ...[7, 5, 0x81, 2, 0, 2, 0],
    ]);
    return Buffer.from([
      9,
      2,
      (9 + body.length) & 0xff,
      (9 + body.length) >> 8,
      interfaces.length,
      index + 1,
      0,
      0x80,
      50,
      ...body,
    ]);
  });
  return Buffer.concat([device, ...parts]);
}

const USB = {
  servicePort: "1-1.4",
  internal: [
    { port: "1-1", vendor: "2109", product: "3431" },
    { port: "1-1.2", vendor: "0403", product: "6010" },
    { port: "1-1.3", vendor: "0eef", product: "0005" },
  ],
};

/** A bus as sysfs shows it, with everything authorised that the kernel would. */
function bus(t: TestContext, devices: Record<string, Buffer>) {
  const root = mkdtempSync("/dev/shm/guichet-usb-");
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const add = (port: string, bytes: Buffer, authorized = "0") => {
    mkdirSync(join(root, port), { recursive: true });
    writeFileSync(join(root, port, "descriptors"), bytes);
    writeFileSync(join(root, port, "authorized"), `${authorized}\n`);
  };
  mkdirSync(join(root, "usb1"));
  writeFileSync(join(root, "usb1", "authorized_default"), "1\n");
  mkdirSync(join(root, "1-0:1.0"));
  for (const [port, bytes] of Object.entries(devices)) add(port, bytes);
  const letIn = (port: string) => readFileSync(join(root, port, "authorized"), "utf8").trim() === "1";
  return { root, add, letIn };
}

const BUILT_IN = {
  "1-1": descriptors([[HUB]], [0x2109, 0x3431], 9),
  "1-1.2": descriptors([[SERIAL, SERIAL]], [0x0403, 0x6010]),
  "1-1.3": descriptors([[KEYBOARD]], [0x0eef, 0x0005]),
};

test("a stick is let in at the service port while the door is open, and goes when it is closed", async (t) => {
  const { root, letIn } = bus(t, { ...BUILT_IN, "1-1.4": descriptors([[STICK]]) });
  let open = false;
  const gate = new UsbGate({ usb: USB, doorOpen: async () => open, root });
  assert.is(await gate.look(), true);
  assert.is(readFileSync(join(root, "usb1", "authorized_default"), "utf8").trim(), "0");
  assert.equal(["1-1", "1-1.2", "1-1.3", "1-1.4"].map(letIn), [true, true, true, false]);
  open = true;
  await gate.look();
  assert.is(letIn("1-1.4"), true);
  open = false;
  await gate.look();
  assert.is(letIn("1-1.4"), false);
});

test("at a connector with two places a stick of either kind is let in, and only while the door is open", async (t) => {
  const { root, letIn } = bus(t, { "2-1.4": descriptors([[UAS]]), "2-1.3": descriptors([[UAS]]) });
  let open = true;
  const usb = { ...USB, servicePort: ["1-1.4", "2-1.4"] };
  const gate = new UsbGate({ usb, doorOpen: async () => open, root });
  assert.is(await gate.look(), true, "the door matters");
  assert.equal(["2-1.4", "2-1.3"].map(letIn), [true, false]);
  open = false;
  await gate.look();
  assert.is(letIn("2-1.4"), false);
});

test("board.json names the service port by one place or by several", async (t) => {
  const { root } = bus(t, {});
  const file = join(root, "board.json");
  const read = async (servicePort: unknown) => {
    writeFileSync(file, JSON.stringify({ usb: { servicePort, internal: [] } }));
    const board = await readBoard(file);
    return board.ok ? servicePorts(board.value.usb) : board.error.code;
  };
  assert.equal(await read("1-1.4"), ["1-1.4"]);
  assert.equal(await read(["1-1.4", "2-1.4"]), ["1-1.4", "2-1.4"]);
  for (const bad of [[], "1-1.4|*", ["1-1.4", "1-1.4"], ["*"], 1]) assert.type(await read(bad), "string");
  assert.equal(servicePorts(undefined), []);
});

test("from a kernel that has let nothing in, what is built in comes in at the start, hub by hub", async (t) => {
  const { root, add, letIn } = bus(t, { "1-1": BUILT_IN["1-1"], "1-2": descriptors([[KEYBOARD]]) });
  writeFileSync(join(root, "usb1", "authorized_default"), "0\n");
  // A hub at the root of the bus is the kernel's own, and always in.
  add("usb1", descriptors([[HUB]], [0x1d6b, 0x0002], 9), "1");
  const gate = new UsbGate({ usb: USB, doorOpen: async () => false, root });
  await gate.look();
  assert.equal(["usb1", "1-1", "1-2"].map(letIn), [true, true, false]);
  // Only now does the kernel see what hangs on the hub.
  for (const port of ["1-1.2", "1-1.3"] as const) add(port, BUILT_IN[port]);
  add("1-1.4", descriptors([[STICK]]));
  await gate.look();
  assert.equal(["1-1.2", "1-1.3", "1-1.4"].map(letIn), [true, true, false]);
});

test("a bus that was open from power-on is told once, with what mends it, where there is a service port", async (t) => {
  const { root } = bus(t, {});
  const parameter = join(root, "parameter");
  const said: Record<string, unknown>[] = [];
  setLog({ sink: (line) => said.push(line), level: "warn" });
  t.after(() => setLog({ sink: () => undefined, level: "error" }));
  const start = async (usb: typeof USB | undefined) => {
    const gate = new UsbGate({ usb, doorOpen: async () => false, root, parameter });
    await gate.checkBoot();
    await gate.look();
    return said.splice(0).map(({ event, level, remedy }) => [event, level, remedy]);
  };
  assert.equal(await start(USB), [], "a kernel without USB");
  for (const open of ["-1\n", "1\n", "2\n"]) {
    writeFileSync(parameter, open);
    const [told, ...more] = await start(USB);
    assert.equal(told?.slice(0, 2), ["usb.openAtBoot", "warn"], open);
    assert.match(String(told?.[2]), /usbcore\.authorized_default=0/);
    assert.equal(more, []);
    assert.equal(await start(undefined), [], "nobody can reach it");
  }
  writeFileSync(parameter, "0\n");
  assert.equal(await start(USB), []);
});

test("while nobody knows of the door a stick that was let in stays, and no other comes in", async (t) => {
  // So it is whenever a stick brings a configuration: the core starts anew with the stick in the port.
  const { root, add, letIn } = bus(t, { "1-1.4": descriptors([[STICK]]) });
  let open: boolean | undefined = true;
  const gate = new UsbGate({ usb: USB, doorOpen: async () => open, root });
  await gate.look();
  open = undefined;
  assert.is(await gate.look(), true);
  assert.is(letIn("1-1.4"), true, "the same stick");
  // Another of the same make: the kernel authorises nothing by itself.
  rmSync(join(root, "1-1.4"), { recursive: true });
  add("1-1.4", descriptors([[STICK]]));
  await gate.look();
  assert.is(letIn("1-1.4"), false, "another stick, too quick to be missed");
  open = true;
  await gate.look();
  assert.is(letIn("1-1.4"), true);
  open = undefined;
  writeFileSync(join(root, "1-1.4", "descriptors"), descriptors([[STICK]], [1, 2]));
  await gate.look();
  assert.is(letIn("1-1.4"), false, "it became another one");
  writeFileSync(join(root, "1-1.4", "descriptors"), descriptors([[STICK]]));
  open = true;
  await gate.look();
  open = undefined;
  await gate.look();
  assert.is(letIn("1-1.4"), true);
  open = false;
  await gate.look();
  assert.is(letIn("1-1.4"), false, "the door is known to be shut");
});

test("nothing else is let in, with the door wide open", () => {
  const cases: [why: string, port: string, bytes: Buffer][] = [
    ["input", "1-1.4", descriptors([[KEYBOARD]])],
    ["input", "1-1.4", descriptors([[STICK, KEYBOARD]])],
    ["input", "1-1.4", descriptors([[STICK], [KEYBOARD]])],
    ["composite", "1-1.4", descriptors([[STICK, NETWORK]])],
    ["composite", "1-1.4", descriptors([[STICK], [STICK]])],
    ["composite", "1-1.4", descriptors([[STICK]], [1, 2], 0xef)],
    ["notStorage", "1-1.4", descriptors([[NETWORK]])],
    ["notStorage", "1-1.4", descriptors([[HUB]], [1, 2], 9)],
    ["notStorage", "1-1.4", descriptors([[]])],
    ["notStorage", "1-1.4", descriptors([[[0x08, 0x01, 0x50]]])],
    ["place", "1-1.4.1", descriptors([[STICK]])],
    ["place", "1-2", descriptors([[STICK]])],
    ["place", "2-1.4", descriptors([[STICK]])],
    ["other", "1-1.2", descriptors([[KEYBOARD]])],
    ["other", "1-1.3", descriptors([[STICK]])],
    ["malformed", "1-1.4", descriptors([[STICK]]).subarray(0, 30)],
    ["malformed", "1-1.4", Buffer.alloc(0)],
    ["malformed", "1-1.4", Buffer.concat([descriptors([[STICK]]), Buffer.from([9, 4, 1, 0, 0, 3, 1, 1, 0])])],
  ];
  for (const [why, port, bytes] of cases)
    assert.equal(
      decideUsb(USB, port, parseDescriptors(bytes), true),
      { admit: false, why },
      `${why} at ${port}`,
    );
  for (const way of [STICK, UAS])
    assert.equal(decideUsb(USB, "1-1.4", parseDescriptors(descriptors([[way]])), true), { admit: true });
  assert.equal(decideUsb(undefined, "1-1.4", parseDescriptors(descriptors([[STICK]])), true), {
    admit: false,
    why: "place",
  });
});

test("a device that becomes another one at its port is judged anew", async (t) => {
  const { root, add, letIn } = bus(t, { "1-1.4": descriptors([[STICK]]) });
  const gate = new UsbGate({ usb: USB, doorOpen: async () => true, root });
  await gate.look();
  assert.is(letIn("1-1.4"), true);
  writeFileSync(join(root, "1-1.4", "descriptors"), descriptors([[STICK, KEYBOARD]]));
  await gate.look();
  assert.is(letIn("1-1.4"), false);
  rmSync(join(root, "1-1.4"), { recursive: true });
  assert.is(await gate.look(), false);
  add("1-1.4", descriptors([[STICK]]));
  await gate.look();
  assert.is(letIn("1-1.4"), true);
});

test("no spoiled descriptors let in what has a keyboard", () => {
  const random = new Random(7);
  const good = descriptors([[STICK, KEYBOARD]]);
  for (let n = 0; n < 20_000; n++) {
    const bytes = Buffer.from(good);
    for (let flips = 1 + random.below(3); flips > 0; flips--)
      bytes[random.below(bytes.length)] = random.below(256);
    const device = parseDescriptors(bytes);
    const decision = decideUsb(USB, "1-1.4", device, true);
    if (!decision.admit) continue;
    // Let in: then by its own words every interface is storage.
    assert.ok(
      device?.interfaces.every((one) => one.class === 8 && one.subclass === 6),
      bytes.toString("hex"),
    );
  }
});

run();
