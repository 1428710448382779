import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { FaultyLine } from "../../drivers/bench/faults/index.ts";
import { PtyLine } from "../../drivers/bench/index.ts";
import { conform, type Subject, sentences } from "../../drivers/conformance/index.ts";
import { DeviceHost } from "../../drivers/host/index.ts";
import { systemClock } from "../../drivers/kit/index.ts";
import { driverTools, serialPorts, systemPorts } from "../../drivers/ports/index.ts";
import { eventually, suite, type TestContext } from "../kit.ts";
import { type Defect, ToySimulator, toy } from "./fixtures/toy.ts";

/** The suite pointed at a port of the system: a pseudo-terminal with the toy on its other end. */
const { test, run } = suite("conformance on a real port", 120_000);

function plugged(t: TestContext, defect?: Defect) {
  const folder = mkdtempSync(join(tmpdir(), "guichet-conform-"));
  const pty = new PtyLine(join(folder, "toy"));
  const device = new ToySimulator(pty);
  t.after(() => {
    pty.close();
    rmSync(folder, { recursive: true });
  });
  const ports = { ...systemPorts(), serial: serialPorts() };
  const asked: string[] = [];
  /** Does what the words ask for, as a technician would. */
  const ask = async (words: string) => {
    asked.push(words);
    device.item = words !== "it is empty";
    device.takes = words !== "nobody takes it";
    device.handThere = words === "a hand is there";
  };
  const good = toy(defect);
  const module: Subject["module"] = {
    create: (settings, tools) =>
      good.module.create(settings, {
        ...tools,
        ports: { ...tools.ports, serial: (line) => tools.ports.serial({ ...line, path: pty.path }) },
      }),
  };
  return { pty, device, asked, ports, subject: { ...good, module }, real: { ports, ask, moves: true } };
}
/** The same subject with one verb: real time is dear. */
const withVerb = (subject: Subject, verb: string): Subject => ({
  ...subject,
  entry: {
    ...subject.entry,
    trials: Object.fromEntries(Object.entries(subject.entry.trials).filter(([name]) => name === verb)),
  },
});
const DEPTH = { replies: 1, bytes: 1, lateMs: [300] };

test("a good device passes, asked for by a person's hands, and is moved no more often than permitted", async (t) => {
  const { subject, real, asked, device } = plugged(t);
  const report = await conform({ ...withVerb(subject, "give"), real }, { depth: DEPTH });
  assert.equal(report.findings, []);
  assert.ok(asked.includes("nobody takes it"));
  assert.ok(device.motions > 0);
  assert.is(sentences(report).at(-1), "It conforms.");
});

test("without the word of who stands beside it, nothing is moved", async (t) => {
  const { subject, real, device } = plugged(t);
  await conform({ ...withVerb(subject, "give"), real: { ...real, moves: false } }, { depth: DEPTH });
  assert.is(device.motions, 0);
});

test("a driver that says something after its end is found there too", async (t) => {
  const { subject, real } = plugged(t, "tellsTwice");
  const { findings } = await conform({ ...withVerb(subject, "hand"), real }, { depth: DEPTH });
  assert.ok(findings.some(({ said }) => /after it had ended/.test(said)));
});

test("pulled and plugged in under another number it is away within a second and back within five", async (t) => {
  const { pty, ports, subject } = plugged(t);
  const driver = subject.module.create(
    {},
    driverTools(ports, systemClock, () => undefined),
  );
  const host = new DeviceHost(driver);
  t.after(() => host.stop());
  host.start();
  await host.whenReady();
  const before = pty.device;
  const pulled = performance.now();
  pty.unplug();
  await eventually("away", () => host.lifecycle !== "ready");
  assert.ok(performance.now() - pulled < 1_000);
  await eventually("looked for", () => host.lifecycle === "absent");
  pty.replug({ elsewhere: true });
  const back = performance.now();
  await eventually("ready again", () => host.lifecycle === "ready");
  assert.ok(performance.now() - back < 5_000);
  assert.is.not(pty.device, before);
});

test("the faults stand on a pseudo-terminal as they do in memory", async (t) => {
  const { pty, ports } = plugged(t);
  const line = new FaultyLine(pty, systemClock);
  line.onBytes(() => line.send(Uint8Array.of(1, 2, 3)));
  line.arm({ what: { fault: "truncated", at: 2 }, from: 1, times: 1 });
  const port = await ports.serial({ path: pty.path, baudRate: 9_600 });
  t.after(() => port.close());
  const heard: number[] = [];
  port.onData((chunk) => heard.push(...chunk));
  for (let i = 1; i <= 3; i++) {
    await port.write(Uint8Array.of(i));
    await eventually("heard", () => heard.length >= (i === 1 ? 3 : 3 * i - 1));
  }
  assert.equal(heard, [1, 2, 3, 1, 2, 1, 2, 3]);
  assert.is(line.disarm(), 1);
});

run();
