import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Fault } from "../../../drivers/kit/index.ts";
import { chardevPorts } from "../../../drivers/ports/chardev/index.ts";
import { type GpioKernel, linuxKernel } from "../../../drivers/ports/chardev/kernel.ts";
import {
  IOCTL,
  lineRequest,
  lineValues,
  readChipInfo,
  readEvents,
} from "../../../drivers/ports/chardev/uapi.ts";
import { chosenGpio, type GpioFactory } from "../../../drivers/ports/index.ts";
import { eventually, suite } from "../../kit.ts";

const { test, run } = suite("gpio character device");

/** Bytes in hex; `(n)` is n zeros. */
const bytes = (text: string): Buffer =>
  Buffer.from(
    text.replace(/\((\d+)\)/g, (_, count) => "00".repeat(Number(count))),
    "hex",
  );

/** Made by a C compiler from the kernel's own header, linux/gpio.h of Linux 6.1: see each name. */
const VECTOR = {
  /** offset 17, debounced for 5 ms, both edges, active low, consumer "guichet" */
  input: bytes("11(255)67756963686574(25)36(7)01(23)03(7)8813(6)01(223)01(31)"),
  /** offset 22, output that begins high */
  output: bytes("16(255)67756963686574(25)08(7)01(23)02(7)01(7)01(223)01(31)"),
  values: bytes("01(7)01(7)"),
  rising: bytes("887766554433221101000000110000000300000003(27)"),
  falling: bytes("887766554433221102000000110000000300000003(27)"),
  chip: bytes("6770696f6368697030(23)70696e6374726c2d62636d32373131(17)3a000000"),
};

test("calls, requests, values and events are laid out as the kernel's header has them", () => {
  assert.equal(
    [IOCTL.chipInfo, IOCTL.getLine, IOCTL.getValues, IOCTL.setValues],
    [0x8044b401, 0xc250b407, 0xc010b40e, 0xc010b40f],
  );
  const input = lineRequest(17, { direction: "input", activeLow: true, debounceMs: 5 });
  assert.is(input.toString("hex"), VECTOR.input.toString("hex"));
  const output = lineRequest(22, { direction: "output", activeLow: false, initial: 1 });
  assert.is(output.toString("hex"), VECTOR.output.toString("hex"));
  assert.is(lineValues(1).toString("hex"), VECTOR.values.toString("hex"));
  assert.equal(readEvents(Buffer.concat([VECTOR.rising, VECTOR.falling])), [1, 0]);
  assert.equal(readChipInfo(VECTOR.chip), { label: "pinctrl-bcm2711", lines: 58 });
});

/** A kernel with two chips, which reads requests by itself and keeps the electrical levels. */
function kernel() {
  const electrical = new Map<string, 0 | 1>();
  const files = new Map<number, { chip?: number; line?: string; output?: boolean; activeLow?: boolean }>();
  const held = new Set<string>();
  const readable = new Map<number, () => void>();
  const events = new Map<number, Buffer[]>();
  const log: string[] = [];
  let next = 40;
  const labels = ["brcmvirt-gpio", "pinctrl-bcm2711"];
  const fail = (code: string) => Object.assign(new Error(code), { code });
  const fake: GpioKernel = {
    chips: async () => ["/dev/gpiochip0", "/dev/gpiochip1"],
    open: (path) => {
      files.set(++next, { chip: Number(path.at(-1)) });
      return next;
    },
    ioctl: (fd, request, argument) => {
      const file = files.get(fd);
      if (!file) throw fail("EBADF");
      const level = (line: string) => electrical.get(line) ?? 0;
      if (request === 0x8044b401) {
        argument.write(labels[file.chip ?? 0] ?? "", 32, "latin1");
        argument.writeUInt32LE(file.chip === 0 ? 8 : 58, 64);
      } else if (request === 0xc250b407) {
        const line = `${file.chip}/${argument.readUInt32LE(0)}`;
        if (held.has(line)) throw fail("EBUSY");
        held.add(line);
        const flags = argument.readUInt32LE(288);
        const activeLow = (flags & 2) !== 0;
        const output = (flags & 8) !== 0;
        if (output) electrical.set(line, ((argument[328] ?? 0) ^ (activeLow ? 1 : 0)) as 0 | 1);
        files.set(++next, { line, output, activeLow });
        argument.writeInt32LE(next, 588);
        log.push(`${line} ${output ? `out=${electrical.get(line)}` : `in ${argument.readUInt32LE(328)} us`}`);
      } else if (file.line && request === 0xc010b40f) {
        if (!file.output) throw fail("EPERM");
        electrical.set(file.line, ((argument[0] ?? 0) ^ (file.activeLow ? 1 : 0)) as 0 | 1);
        log.push(`${file.line}=${electrical.get(file.line)}`);
      } else if (file.line && request === 0xc010b40e) {
        argument[0] = level(file.line) ^ (file.activeLow ? 1 : 0);
      } else throw fail("ENOTTY");
    },
    read: (fd, buffer) => {
      const all = Buffer.concat(events.get(fd) ?? []);
      events.set(fd, []);
      all.copy(buffer);
      return all.length;
    },
    watch: (fd, onReadable) => {
      readable.set(fd, onReadable);
      return () => readable.delete(fd);
    },
    close: (fd) => {
      const line = files.get(fd)?.line;
      if (line) held.delete(line);
      if (!files.delete(fd)) throw fail("EBADF");
      log.push(line ? `${line} closed` : "chip closed");
    },
  };
  return { fake, electrical, files, log, events, readable };
}

const rejected = (promise: Promise<unknown>): Promise<Fault> =>
  promise.then(
    () => {
      throw new Error("it was not refused");
    },
    (fault: Fault) => fault,
  );

test("an output: level and direction in one step, in its polarity, put to rest before it is let go", async () => {
  const { fake, electrical, log, files } = kernel();
  const gpio = chardevPorts({ kernel: fake });
  const coil = await gpio.output({ chip: "pinctrl-bcm2711", offset: 22 }, { activeLow: true, initial: 0 });
  assert.is(electrical.get("1/22"), 1);
  await coil.write(1);
  assert.is(electrical.get("1/22"), 0);
  await Promise.all([coil.close(), coil.close()]);
  assert.equal(log.slice(-2), ["1/22=1", "1/22 closed"]);
  assert.is(files.size, 0, "no descriptor stays");
});

test("an input: debounced by the kernel, its level and its edges", async () => {
  const { fake, electrical, log, files, events, readable } = kernel();
  const gpio = chardevPorts({ kernel: fake });
  const door = await gpio.input({ chip: "pinctrl-bcm2711", offset: 17 }, { activeLow: true, debounceMs: 5 });
  assert.ok(log.includes("1/17 in 5000 us"));
  assert.is(await door.read(), 1);
  electrical.set("1/17", 1);
  assert.is(await door.read(), 0);
  const seen: number[] = [];
  door.onEdge((level) => seen.push(level));
  const [fd = 0] = [...files].find(([, file]) => file.line === "1/17") ?? [];
  events.set(fd, [VECTOR.rising, VECTOR.falling, VECTOR.rising]);
  readable.get(fd)?.();
  assert.equal(seen, [1, 0, 1]);
  await door.close();
  assert.equal([files.size, readable.size], [0, 0]);
});

test("a chip that is not there, a line beyond its end, a line that somebody holds", async () => {
  const { fake, files } = kernel();
  const gpio = chardevPorts({ kernel: fake });
  const input = (chip: string, offset: number) =>
    gpio.input({ chip, offset }, { activeLow: false, debounceMs: 5 });
  assert.is((await rejected(input("pinctrl-rp1", 1))).code, "device.absent");
  assert.is((await rejected(input("pinctrl-bcm2711", 58))).code, "device.invalidParameter");
  const held = await input("pinctrl-bcm2711", 4);
  assert.is((await rejected(input("pinctrl-bcm2711", 4))).code, "device.busy");
  await held.close();
  assert.is(files.size, 0);
});

test("on this machine's kernel: the call reaches it with its argument, and errors come back by name", async (t) => {
  const kernel = await linuxKernel();
  const folder = mkdtempSync(join(tmpdir(), "guichet-chardev-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  const fd = openSync(fifo, "r+");
  t.after(() => closeSync(fd));
  writeSync(fd, "12345");
  const count = Buffer.alloc(4);
  // FIONREAD: how many bytes can be read.
  kernel.ioctl(fd, 0x541b, count);
  assert.is(count.readInt32LE(0), 5);
  const buffer = Buffer.alloc(16);
  let got = "";
  const stop = kernel.watch(fd, () => {
    got += buffer.toString("latin1", 0, kernel.read(fd, buffer));
  });
  writeSync(fd, "67");
  await eventually("what was written", () => got === "1234567");
  stop();
  assert.throws(
    () => kernel.ioctl(fd, IOCTL.chipInfo, Buffer.alloc(68)),
    (error: Error & { code?: string }) => error.code === "ENOTTY",
  );
});

test("the back end is chosen at the first line: the one that is named, else sysfs where there is one", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-choice-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const made: string[] = [];
  const one = (name: string) => (): GpioFactory => {
    made.push(name);
    const line = {
      read: async () => 0 as const,
      write: async () => undefined,
      onEdge: () => undefined,
      close: async () => undefined,
    };
    return { input: async () => line, output: async () => line };
  };
  const make = { sysfs: one("sysfs"), chardev: one("chardev") };
  const use = async (named?: string, sysfsRoot = folder) => {
    const gpio = chosenGpio(make, { named, sysfsRoot });
    const before = made.length;
    await gpio.input({ chip: "c", offset: 1 }, { activeLow: false, debounceMs: 1 });
    await gpio.output({ chip: "c", offset: 2 }, { activeLow: false, initial: 0 });
    return made.slice(before);
  };
  assert.equal(await use(), ["chardev"]);
  assert.equal(await use("sysfs"), ["sysfs"]);
  execFileSync("mkdir", [join(folder, "gpiochip512")]);
  assert.equal(await use(), ["sysfs"]);
  assert.equal(await use("chardev"), ["chardev"]);
  assert.equal(await use(undefined, join(folder, "none")), ["chardev"]);
  assert.throws(() => chosenGpio(make, { named: "memory" }), TypeError);
  assert.ok(
    readFileSync("drivers/ports/index.ts", "utf8").includes('await import("./chardev/index.ts")'),
    "loaded late",
  );
});

run();
