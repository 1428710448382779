import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Clock, setLog } from "../../drivers/kit/index.ts";
import { Provisioner, StateDisk, type Trial } from "../../provisioning/activate/index.ts";
import { suite, type TestContext } from "../kit.ts";
import { board, codeOf, content, given, HEALTHY, Owner, signed, unit } from "../support/bundles.ts";
import { wrongGeneration } from "../support/generation.ts";

setLog({ sink: () => undefined });
const { test, run } = suite("activation");
const owner = new Owner();

/** What the unit of these tests is given: key set, services and configuration at once. */
const update = () =>
  given(
    signed(owner, content("keys", { counter: 2, target: { all: true }, keys: { ...owner.set, version: 2 } })),
    signed(owner, content("content", { counter: 2 })),
    signed(owner, content("configuration", { counter: 2 }, { code: "NEW2" })),
  );
const OLD = { claim: 1, content: 1, configuration: 1 };
const NEW = { claim: 1, keys: 2, content: 2, configuration: 2 };

function code(state: string): string {
  const path = join(state, "config", "unit.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { code: string }).code : "nothing";
}

/** Time that stands still. */
const still: Clock = { wall: () => 0, mono: () => 0, sleep: () => new Promise(() => undefined) };

/** After whatever happened the unit is the old one or the new one, whole. */
async function oldOrNew(state: string): Promise<"old" | "new"> {
  const { wrong, standing } = await wrongGeneration(state);
  assert.equal(wrong, []);
  const isNew = standing?.counters.configuration === 2;
  assert.equal(standing?.counters, isNew ? NEW : OLD);
  assert.is(code(state), isNew ? "NEW2" : "KT01");
  return isNew ? "new" : "old";
}

/** Time that passes only by being slept. */
function sleepless(): Clock & { passed(): number } {
  let now = 0;
  return {
    wall: () => now,
    mono: () => now,
    sleep: async (ms, signal) => {
      // Whatever needs no time of its own comes first.
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal?.aborted) now += ms;
    },
    passed: () => now,
  };
}

/** A disk on which the step with this number, and all that follow until it is mended, go wrong. */
class SpoiltDisk extends StateDisk {
  constructor(at: number, error: () => Error, forever: boolean) {
    let step = 0;
    super((name) => {
      this.names.push(name);
      step++;
      if (step === at || (forever && step > at)) throw error();
    });
  }
  readonly names: string[] = [];
}

const withCode = (code: string) => () => Object.assign(new Error(code), { code });
class Cut extends Error {}

async function steps(t: TestContext): Promise<string[]> {
  const { state } = await unit(t, owner);
  const disk = new SpoiltDisk(-1, () => new Cut(), false);
  await new Provisioner({ state, trial: HEALTHY, disk }).take(update());
  return disk.names;
}

test("a power cut before each change of the disk leaves the old or the new, never a mixture, and the same bundles then work", async (t) => {
  const names = await steps(t);
  assert.ok(names.length > 30, names.join(" "));
  const seen: string[] = [];
  for (let at = 1; at <= names.length; at++) {
    const { state } = await unit(t, owner);
    const cut = new Provisioner({ state, trial: HEALTHY, disk: new SpoiltDisk(at, () => new Cut(), true) });
    const report = await cut.take(update()).then(
      () => "answered",
      (error: unknown) => (error instanceof Cut ? "cut" : Promise.reject(error)),
    );
    const provisioner = new Provisioner({ state, trial: HEALTHY });
    await provisioner.recover();
    const became = await oldOrNew(state);
    if (report === "answered") assert.is(became, "new");
    if (seen.at(-1) !== became) seen.push(became);
    for (const { result } of await provisioner.take(update()))
      assert.is(codeOf(result), became === "new" ? "bundle.older" : "ok");
    assert.is(await oldOrNew(state), "new");
  }
  assert.equal(seen, ["old", "new"]);
});

test("a disk that is full, or fails, at each change leaves the unit as it was, with the reason; space again, and it works", async (t) => {
  const names = await steps(t);
  for (const [error, reason] of [
    ["ENOSPC", "bundle.noSpace"],
    ["EDQUOT", "bundle.noSpace"],
    ["EIO", "bundle.notStored"],
    ["EROFS", "bundle.notStored"],
  ] as const) {
    for (let at = 1; at <= names.length; at++) {
      const { state } = await unit(t, owner);
      const restarts: string[] = [];
      const disk = new SpoiltDisk(at, withCode(error), false);
      const trial: Trial = {
        restart: async () => void restarts.push(readlinkSync(join(state, "config"))),
        missing: async () => [],
      };
      const reports = await new Provisioner({ state, trial, disk }).take(update());
      const became = await oldOrNew(state);
      for (const { result } of reports)
        assert.is(codeOf(result), became === "new" ? "ok" : reason, `${error} at ${at}, ${names[at - 1]}`);
      // Whoever was started with the new one is started again with what is kept.
      if (restarts.length > 0)
        assert.is(restarts.at(-1), readlinkSync(join(state, "config")), `${error} at ${at}`);
      const again = await new Provisioner({ state, trial: HEALTHY }).take(update());
      if (became === "old") for (const { result } of again) assert.is(codeOf(result), "ok");
    }
  }
});

test("a disk that stays full until the unit starts anew is no more than a refusal", async (t) => {
  const names = await steps(t);
  for (let at = 1; at <= names.length; at++) {
    const { state } = await unit(t, owner);
    const disk = new SpoiltDisk(at, withCode("ENOSPC"), true);
    const reports = await new Provisioner({ state, trial: HEALTHY, disk }).take(update());
    await new Provisioner({ state, trial: HEALTHY }).recover();
    const became = await oldOrNew(state);
    for (const { result } of reports) if (result.ok) assert.is(became, "new");
  }
});

test("a unit that does not become healthy goes back by itself after two minutes, with what is missing, and its counters", async (t) => {
  const clock = sleepless();
  const started: string[] = [];
  const { state, provisioner } = await unit(t, owner, {
    clock,
    trial: {
      restart: async () => void started.push(code(state)),
      missing: async () => ["device.lock.main", "screen"],
    },
  });
  const [first] = await provisioner.take(update());
  assert.is(codeOf(first?.result), "bundle.notHealthy");
  assert.is(first?.result.ok === false && first.result.error.fields.missing, "device.lock.main screen");
  assert.ok(clock.passed() >= 120_000 && clock.passed() < 130_000, String(clock.passed()));
  assert.equal(started, ["NEW2", "KT01"]);
  assert.is(await oldOrNew(state), "old");
});

test("how the unit was is found out before anything is changed, and takes nothing of the two minutes", async (t) => {
  const clock = sleepless();
  const order: string[] = [];
  let began = 0;
  const { state, provisioner } = await unit(t, owner, {
    clock,
    disk: new StateDisk((name) => void order.push(name)),
    trial: {
      settle: async () => {
        order.push(`settle with ${code(state)}`);
        await clock.sleep(45_000);
        began = clock.passed();
      },
      restart: async () => undefined,
      missing: async () => (clock.passed() < began + 119_000 ? ["screen"] : []),
    },
  });
  assert.is(codeOf((await provisioner.take(update()))[0]?.result), "ok");
  assert.is(order[0], "settle with KT01");
});

test("a unit that needs most of its two minutes is kept; one that hangs while it starts, or while it is asked, is not", async (t) => {
  const slow = sleepless();
  const late = await unit(t, owner, {
    clock: slow,
    trial: {
      restart: async () => undefined,
      missing: async () => (slow.passed() < 110_000 ? ["screen"] : []),
    },
  });
  assert.is(codeOf((await late.provisioner.take(update()))[0]?.result), "ok");
  assert.is(await oldOrNew(late.state), "new");
  const never = new Promise<never>(() => undefined);
  let starts = 0;
  const hanging: Trial[] = [
    { restart: () => (starts++ === 0 ? never : Promise.resolve()), missing: async () => [] },
    { restart: async () => undefined, missing: () => never },
    { restart: () => Promise.reject(new Error("no")), missing: async () => [] },
  ];
  for (const trial of hanging) {
    const { state, provisioner } = await unit(t, owner, { clock: sleepless(), trial });
    assert.is(codeOf((await provisioner.take(update()))[0]?.result), "bundle.notHealthy");
    assert.is(await oldOrNew(state), "old");
  }
});

test("a power cut during the trial ends it: the unit starts with what it had, and says so", async (t) => {
  let trying: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    trying = resolve;
  });
  const trial: Trial = { restart: () => new Promise(() => trying()), missing: async () => [] };
  const { state, provisioner } = await unit(t, owner, { trial, clock: still });
  void provisioner.take(update());
  await started;
  assert.is(code(state), "NEW2");
  const after = new Provisioner({ state, trial: HEALTHY });
  assert.is((await after.recover())?.code, "bundle.interrupted");
  assert.is(await after.recover(), undefined);
  assert.is(await oldOrNew(state), "old");
});

test("a first provisioning that fails leaves a bare board", async (t) => {
  const { state, provisioner } = board(t, owner, {
    clock: sleepless(),
    trial: { restart: async () => undefined, missing: async () => ["device.finger.front"] },
  });
  const first = given(
    ...(["claim", "content", "configuration"] as const).map((kind) => signed(owner, content(kind))),
  );
  for (const { result } of await provisioner.take(first)) assert.is(codeOf(result), "bundle.notHealthy");
  const { wrong, standing } = await wrongGeneration(state);
  assert.equal(wrong, []);
  assert.is(standing?.generation, 0);
  assert.is(code(state), "nothing");
});

run();
