import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Clock } from "../../../drivers/kit/index.ts";
import { readAnswer, readReplyFile, replyFile } from "../../../provisioning/answer/index.ts";
import { makeBundle } from "../../../provisioning/bundle/index.ts";
import { readConfiguration, type UnitConfiguration } from "../../../provisioning/index.ts";
import { type Stack, startStack } from "../../../runtime/dev/stack.ts";
import { UNIT } from "../../../runtime/dev/unit-plan.ts";
import { eventually, suite } from "../../kit.ts";
import { codeOf } from "../../support/bundles.ts";
import { wrongGeneration } from "../../support/generation.ts";
import { makeStick, readFrom } from "../../support/sticks.ts";

const { test, run } = suite("bundles for a unit that runs", 180_000);
const PORTS = 23_640;

/** Ten times as fast, so that a trial that fails takes twelve seconds. */
const fast: Clock = {
  wall: () => Date.now(),
  mono: () => performance.now() * 10,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms / 10);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

async function configuration(stack: Stack): Promise<UnitConfiguration> {
  const read = await readConfiguration(stack.state);
  if (!read.ok) throw read.error;
  return read.value;
}

const bundle = (stack: Stack, counter: number, of: UnitConfiguration): Buffer =>
  makeBundle(
    {
      kind: "configuration",
      id: `configuration-${counter}`,
      target: { unit: UNIT },
      counter,
      files: [{ path: "unit.json", bytes: Buffer.from(JSON.stringify(of)) }],
      iat: 1,
    },
    [stack.owner.configuration],
  );

const withIdle = (of: UnitConfiguration, idleS: number): UnitConfiguration => ({
  ...of,
  screen: { ...of.screen, idleS },
});

test("from a folder, over the link, and back from one with which a device does not become ready", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "guichet-running-"));
  const stack = await startStack({
    data,
    portBase: PORTS,
    seed: 1,
    alwaysOpen: true,
    quiet: true,
    agentClock: fast,
  });
  t.after(async () => {
    await stack.stop();
    rmSync(data, { recursive: true, force: true });
  });
  await stack.unit?.screen();
  const health = async () =>
    (await (await fetch(`${stack.screenOrigin}/healthz`)).json()) as { offered: string[]; link: boolean };
  const inService = () =>
    eventually(
      "the unit is in service",
      async () => {
        const said = await health().catch(() => undefined);
        return said?.link && said.offered.length > 0;
      },
      60_000,
    );
  await inService();
  const first = await configuration(stack);
  const core = stack.unit?.pid("core");

  const stick = mkdtempSync(join(tmpdir(), "guichet-stick-"));
  t.after(() => rmSync(stick, { recursive: true, force: true }));
  writeFileSync(join(stick, "a.kbundle"), bundle(stack, 2, withIdle(first, 77)));
  assert.equal(
    (await stack.agent.take(stick)).map(({ result }) => codeOf(result)),
    ["ok"],
  );
  assert.is((await configuration(stack)).screen.idleS, 77);
  assert.is.not(stack.unit?.pid("core"), core);
  await inService();

  const broken = structuredClone(first);
  const lock = broken.devices.find(({ role }) => role === "lock.main");
  assert.ok(lock && "port" in lock);
  lock.port.path = "/dev/serial/by-id/none";
  writeFileSync(join(stick, "a.kbundle"), bundle(stack, 3, broken));
  const [refused] = await stack.agent.take(stick);
  assert.is(codeOf(refused?.result), "bundle.notHealthy");
  assert.ok(
    refused?.result.ok === false && String(refused.result.error.fields.missing).includes("device.lock.main"),
  );
  assert.is((await configuration(stack)).screen.idleS, 77);
  await inService();

  assert.ok(await stack.centre.sendBundle(UNIT, bundle(stack, 3, withIdle(first, 88))));
  await eventually("it is taken", async () => (await configuration(stack)).screen.idleS === 88, 60_000);
  const answers = join(data, "centre", "answers", `${UNIT}.jws`);
  await eventually(
    "the centre has the answer",
    () => {
      const answer = existsSync(answers) ? readAnswer(readFileSync(answers, "latin1")) : undefined;
      return answer?.ok && answer.value.counters.configuration === 3 && answer.value.taken[0]?.code === "ok";
    },
    60_000,
  );

  const image = join(data, "stick.img");
  makeStick(
    image,
    { bits: 12, clusterBytes: 512, kib: 1_024 },
    { "a.kbundle": bundle(stack, 4, withIdle(first, 99)), "REPLY.BIN": replyFile() },
  );
  symlinkSync(image, stack.slot);
  await eventually("the stick is answered", () => readReplyFile(readFrom(image, "REPLY.BIN")).ok, 60_000);
  assert.is((await configuration(stack)).screen.idleS, 99);
  const notice = JSON.parse(readFileSync(join(stack.state, "stick.json"), "utf8")) as { state: string };
  assert.ok(["trying", "accepted"].includes(notice.state), notice.state);
  assert.equal((await wrongGeneration(stack.state)).wrong, []);
});

run();
