import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { gpioInputDriver } from "../../../drivers/auxiliary/gpio/index.ts";
import { gpioOutputDriver } from "../../../drivers/indicator/gpio/index.ts";
import { isFault } from "../../../drivers/kit/index.ts";
import { gpioPorts, type OnoffConstructor } from "../../../drivers/ports/index.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("gpio");
const signal = new AbortController().signal;

/** A sysfs tree with one chip whose base is 512, and lines in memory by kernel number. */
function board(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "guichet-gpio-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "gpiochip512"));
  for (const [file, text] of [
    ["label", "pinctrl-test"],
    ["base", "512"],
    ["ngpio", "32"],
  ])
    writeFileSync(join(root, "gpiochip512", file as string), `${text}\n`);
  const lines = new Map<
    number,
    { level: number; made: string; watchers: ((e: null, v: number) => void)[] }
  >();
  class Gpio {
    readonly #number: number;
    constructor(number: number, direction: string) {
      this.#number = number;
      const level = direction === "high" ? 1 : (lines.get(number)?.level ?? 0);
      lines.set(number, { level, made: direction, watchers: [] });
    }
    async read() {
      return lines.get(this.#number)?.level ?? 0;
    }
    async write(value: number) {
      const line = lines.get(this.#number);
      if (line) line.level = value;
    }
    watch(listener: (e: null, v: number) => void) {
      lines.get(this.#number)?.watchers.push(listener);
    }
    unwatchAll() {}
    unexport() {
      const line = lines.get(this.#number);
      if (line) line.made = "unexported";
    }
  }
  return { gpio: gpioPorts({ Gpio: Gpio as unknown as OnoffConstructor, sysfsRoot: root }), lines };
}

test("a line is its chip's base plus its offset; a missing chip or line says so", async (t) => {
  const { gpio, lines } = board(t);
  await gpio.input({ chip: "pinctrl-test", offset: 17 }, { activeLow: false, debounceMs: 5 });
  assert.ok(lines.has(529));
  const missing = await gpio
    .input({ chip: "pinctrl-other", offset: 1 }, { activeLow: false, debounceMs: 5 })
    .catch((e) => e);
  assert.ok(isFault(missing, "device.absent"));
  const beyond = await gpio
    .input({ chip: "pinctrl-test", offset: 32 }, { activeLow: false, debounceMs: 5 })
    .catch((e) => e);
  assert.ok(isFault(beyond, "device.invalidParameter"));
});

test("edges are told once each, and a lost edge is healed by the next probe", async (t) => {
  const { gpio, lines } = board(t);
  const driver = gpioInputDriver(
    { role: "door.service", line: { chip: "pinctrl-test", offset: 4 }, activeLow: false, debounceMs: 5 },
    { gpio },
  );
  const session = await driver.open(signal);
  await session.recover();
  const seen: string[] = [];
  session.verbs.watch((state) => seen.push(state));
  const line = lines.get(516);
  assert.ok(line);
  line.level = 1;
  for (const watcher of line.watchers) watcher(null, 1);
  for (const watcher of line.watchers) watcher(null, 1);
  line.level = 0;
  await session.probe();
  assert.equal(seen, ["active", "inactive"]);
});

test("a light is off when opened and when closed, in the polarity of its line", async (t) => {
  const { gpio, lines } = board(t);
  const settings = { role: "light.slot1", line: { chip: "pinctrl-test", offset: 16 } };
  const session = await gpioOutputDriver({ ...settings, activeLow: true }, { gpio }).open(signal);
  assert.is(lines.get(528)?.made, "high");
  await session.verbs.set(true);
  assert.is(lines.get(528)?.level, 1);
  await session.close();
  assert.equal([lines.get(528)?.level, lines.get(528)?.made], [0, "unexported"]);
  await gpioOutputDriver({ ...settings, activeLow: false }, { gpio }).open(signal);
  assert.is(lines.get(528)?.made, "low");
});

run();
