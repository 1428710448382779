import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { PtyLine } from "../../../drivers/bench/line.ts";
import { type Fault, isFault } from "../../../drivers/kit/index.ts";
import { type SerialConnection, serialPorts } from "../../../drivers/ports/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("serial ports");

function line(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "guichet-serial-"));
  const pty = new PtyLine(join(folder, "line"));
  const received: number[] = [];
  pty.onBytes((chunk) => received.push(...chunk));
  t.after(() => {
    pty.close();
    rmSync(folder, { recursive: true });
  });
  const open = async () => {
    const connection = await serialPorts()({ path: pty.path, baudRate: 19_200 });
    t.after(() => connection.close());
    return connection;
  };
  return { pty, received, open };
}

const failure = (work: Promise<unknown>): Promise<Fault> =>
  work.then(
    () => {
      throw new Error("did not fail");
    },
    (error) => {
      assert.ok(isFault(error), String(error));
      return error;
    },
  );
/** Open descriptors of this process that name this file. */
const descriptors = (name: string) =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === name;
    } catch {
      return false;
    }
  }).length;

test("every byte goes through unchanged in both directions", async (t) => {
  const { pty, received, open } = line(t);
  const all = Uint8Array.from({ length: 256 }, (_, n) => n);
  const port = await open();
  const heard: number[] = [];
  port.onData((chunk) => heard.push(...chunk));
  await port.write(all);
  await eventually("all bytes out", () => received.length === 256);
  pty.send(all);
  await eventually("all bytes in", () => heard.length === 256);
  assert.equal([received, heard], [[...all], [...all]]);
  await port.setBaudRate(57_600);
});

test("a line is held by one, and free again when closed; what is not there is absent", async (t) => {
  const { pty, open } = line(t);
  const first = await open();
  const second = await failure(open());
  assert.equal([second.code, second.fields.reason], ["device.absent", "locked"]);
  await first.close();
  await first.close();
  await first.closed;
  await (await open()).close();
  pty.unplug();
  const third = await failure(open());
  assert.equal([third.code, third.fields.reason], ["device.absent", "notThere"]);
});

test("an unplugged line closes, refuses every byte, and keeps none for the next one", async (t) => {
  const { pty, received, open } = line(t);
  const port = await open();
  const lateWrites: Promise<Fault>[] = [];
  void port.closed.then(() => lateWrites.push(failure(port.write(Uint8Array.of(0x31)))));
  pty.unplug();
  await port.closed;
  assert.is((await failure(port.write(Uint8Array.of(0x31)))).code, "device.absent");
  assert.is((await failure(port.setBaudRate(9_600))).code, "device.absent");
  await port.close();
  pty.replug();
  const next = await open();
  await next.write(Uint8Array.of(0x30));
  await eventually("the new byte", () => received.length > 0);
  assert.equal(received, [0x30]);
  assert.is((await lateWrites[0])?.code, "device.absent");
});

test("a line that is pulled before anything was sent closes by itself", async (t) => {
  const { pty, open } = line(t);
  const port = await open();
  pty.unplug();
  await port.closed;
  assert.is((await failure(port.write(Uint8Array.of(0x31)))).code, "device.absent");
});

test("ten times out and in leave no descriptor, and a write that was under way is answered", async (t) => {
  const { pty, open } = line(t);
  for (let n = 0; n < 10; n++) {
    const device = pty.device ?? "";
    const before = descriptors(device);
    const port: SerialConnection = await open();
    assert.is(descriptors(device), before + 1);
    // More than the line takes at once: it is still under way when the cable goes.
    const writing = port.write(new Uint8Array(200_000)).catch((error: Fault) => error.code);
    pty.unplug();
    assert.is(await writing, "device.absent");
    await port.closed;
    // One of those before was the pseudo-terminal's own, which it closes.
    await eventually("no descriptor more", () => descriptors(`${device} (deleted)`) <= before - 1);
    pty.replug();
  }
});

run();
