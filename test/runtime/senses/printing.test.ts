import * as assert from "uvu/assert";
import { cable, Plant } from "../../../drivers/bench/index.ts";
import { startPrinterSimulator } from "../../../drivers/bench/printer/index.ts";
import { VirtualClock } from "../../../drivers/conformance/time.ts";
import type { MotionToken, PrintDocument, Printer } from "../../../drivers/contract/index.ts";
import { DeviceHost } from "../../../drivers/host/index.ts";
import { defer, isFault } from "../../../drivers/kit/index.ts";
import type { SerialFactory } from "../../../drivers/ports/index.ts";
import { escposDriver } from "../../../drivers/printer/escpos/driver.ts";
import { Printing } from "../../../runtime/senses/printing.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("senses printing");
const ROLE = "printer.receipt";
const DOCUMENT: PrintDocument = { parts: [{ text: "No. KT01-000042" }, { qr: "guichet:abc" }] };

async function rig(t: TestContext) {
  const clock = new VirtualClock();
  const device = { role: ROLE, driver: "printer.escpos" };
  const plant = new Plant({
    config: { devices: [device], slots: [] },
    people: [],
    draw: async () => new Uint8Array(),
  });
  const wire = cable();
  const simulator = startPrinterSimulator({
    device: ROLE,
    line: wire.simulator,
    world: plant,
    profile: "tm",
    encoding: "big5",
    clock,
  });
  const serial: SerialFactory = async () => {
    const closed = defer<void>();
    return {
      write: async (bytes) => wire.driver.send(bytes),
      onData: (listener) => wire.driver.onBytes(listener),
      setBaudRate: async () => undefined,
      closed: closed.promise,
      close: async () => closed.resolve(),
    };
  };
  const printing = new Printing();
  const settings = {
    role: ROLE,
    port: { path: "/dev/printer", baudRate: 38_400 },
    profile: "tm",
    encoding: "big5",
    columns: 42,
  } as const;
  const host = new DeviceHost<Printer>(escposDriver(settings, { serial, clock, redeem: printing.redeem }), {
    clock,
  });
  host.start();
  t.after(async () => {
    await host.stop();
    await simulator.stop();
  });
  await host.whenReady();
  return { plant, printing, host, simulator, out: () => plant.papers.views()[0]?.tickets ?? [] };
}

test("a command prints once: sent again it gets the first answer, also while it runs", async (t) => {
  const { printing, host, out } = await rig(t);
  const both = [printing.print(host, "command-1", DOCUMENT), printing.print(host, "command-1", DOCUMENT)];
  assert.equal(await Promise.all(both), [{ outcome: "presented" }, { outcome: "presented" }]);
  assert.equal(await printing.print(host, "command-1", DOCUMENT), { outcome: "presented" });
  assert.equal(out(), [["No. KT01-000042", "[QR guichet:abc]"]]);
  const other: PrintDocument = { parts: [{ text: "No. KT01-000043" }] };
  assert.equal(await printing.print(host, "command-1", other), {
    outcome: "notMoved",
    code: "device.conflict",
  });
  assert.equal(await printing.print(host, "command-2", DOCUMENT), { outcome: "presented" });
  assert.is(out().length, 2);
});

test("what cannot begin has not moved, and has left no permission behind", async (t) => {
  const { plant, printing, host, out } = await rig(t);
  plant.papers.setPaper(ROLE, 0);
  assert.equal(await printing.print(host, "command-1", DOCUMENT), {
    outcome: "notMoved",
    code: "device.paperOut",
  });
  plant.papers.setPaper(ROLE);
  plant.papers.setCover(ROLE, "open");
  assert.equal(await printing.print(host, "command-2", DOCUMENT), {
    outcome: "notMoved",
    code: "device.coverOpen",
  });
  plant.papers.setCover(ROLE, "closed");
  const forged = { effect: "command-2", device: ROLE, compartment: 0 } as MotionToken;
  const direct = await host.use("actuate", 20_000, (printer) => printer.print(forged, DOCUMENT));
  assert.ok(!direct.ok && isFault(direct.error, "device.unauthorised"));
  assert.equal(await printing.print(undefined, "command-3", DOCUMENT), {
    outcome: "notMoved",
    code: "device.absent",
  });
  assert.equal(out(), []);
  // Cancelled before its first byte, it has not moved either, and is not printed later.
  const canceled = printing.print(host, "command-4", DOCUMENT);
  assert.is(await host.cancel("command-4"), "canceledBeforeStart");
  assert.equal(await canceled, { outcome: "notMoved", code: "device.canceled" });
  assert.equal(await printing.print(host, "command-4", DOCUMENT), await canceled);
  assert.equal(out(), []);
});

test("paper that ends in the middle is unknown; the rest never comes out, not with new paper, not before the next", async (t) => {
  const { plant, printing, host, simulator, out } = await rig(t);
  plant.papers.setPaper(ROLE, 8);
  assert.equal(await printing.print(host, "command-1", DOCUMENT), { outcome: "unknown" });
  plant.papers.setPaper(ROLE);
  assert.is(simulator.waiting(), 0);
  const other: PrintDocument = { parts: [{ text: "No. KT01-000043" }] };
  assert.equal(await printing.print(host, "command-2", other), { outcome: "presented" });
  assert.equal(out().at(-1), ["No. KT01-000043"], "what hung on the roll was cut off first");
});

test("a knife that sticks is unknown, and nothing is printed again by itself", async (t) => {
  const { plant, printing, host, out } = await rig(t);
  assert.is((await printing.print(host, "command-1", DOCUMENT)).outcome, "presented");
  plant.papers.setCutter(ROLE, "stuck");
  assert.equal(await printing.print(host, "command-2", DOCUMENT), { outcome: "unknown" });
  plant.papers.setCutter(ROLE, "ok");
  assert.equal(await printing.print(host, "command-2", DOCUMENT), { outcome: "unknown" });
  assert.is(out().length, 1);
});

run();
