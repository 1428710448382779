import * as assert from "uvu/assert";
import type { Clock } from "../../drivers/kit/index.ts";
import { missingFor, type UnitHealth, unitTrial } from "../../provisioning/activate/index.ts";
import { suite } from "../kit.ts";

const { test, run } = suite("probe of a trial");
const health = (over: Partial<UnitHealth> = {}): UnitHealth => ({
  ready: true,
  painted: true,
  link: true,
  broken: [],
  missing: { passport: [], collection: [] },
  ...over,
});

test("a unit is healthy when core, screen, store, devices and broker are there", () => {
  const before = health();
  assert.equal(missingFor(health(), before), []);
  assert.equal(missingFor(undefined, before), ["core"]);
  assert.equal(missingFor(health({ ready: false }), before), ["core"]);
  assert.equal(missingFor(health({ painted: false }), before), ["screen"]);
  assert.equal(missingFor(health({ link: false }), before), ["broker"]);
  assert.equal(missingFor(health({ broken: ["passport"] }), before), ["service.passport"]);
  const missing = { passport: ["device.finger.front", "store"], collection: ["store", "vault"] };
  assert.equal(missingFor(health({ missing }), before), ["device.finger.front", "store", "vault"]);
});

test("the hour and a role that the unit has not say nothing about health", () => {
  assert.equal(
    missingFor(health({ missing: { passport: ["hours.closed"], collection: ["role"] } }), undefined),
    [],
  );
});

test("what was missing before does not speak against the new one; what is missing anew does", () => {
  const before = health({ link: false, painted: false, missing: { passport: ["device.finger.front"] } });
  assert.equal(missingFor(health({ link: false, painted: false, missing: before.missing }), before), []);
  const worse = { passport: ["device.finger.front", "device.lock.main"] };
  assert.equal(missingFor(health({ missing: worse }), before), ["device.lock.main"]);
});

test("at the first start the screen has to be painted and the devices to be ready; the broker may be away", () => {
  assert.equal(missingFor(health({ link: false }), undefined), []);
  assert.equal(missingFor(health({ painted: false }), undefined), ["screen"]);
  assert.equal(missingFor(health({ missing: { passport: ["device.lock.main"] } }), undefined), [
    "device.lock.main",
  ]);
});

test("where nothing paints a screen the first start does without; one that was painted before is missed", () => {
  const wants = { screen: false };
  assert.equal(missingFor(health({ painted: false }), undefined, wants), []);
  assert.equal(missingFor(health({ painted: false }), health(), wants), ["screen"]);
});

test("where the broker was reached a moment ago it has to be reached, whatever the unit said before", () => {
  const wants = { link: true };
  for (const before of [undefined, health({ link: false })]) {
    assert.equal(missingFor(health({ link: false }), before, wants), ["broker"]);
    assert.equal(missingFor(health(), before, wants), []);
  }
});

/** Time that passes only by being slept, but for what one look takes. */
function sleepless(): Clock {
  let now = 0;
  return {
    wall: () => now,
    mono: () => now,
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal?.aborted) now += ms;
    },
  };
}

/** A trial of a unit that says, at each second, what `said` gives; an error is silence. */
function trialOf(said: (second: number) => unknown, { configured = false, needsLink = false } = {}) {
  const clock = sleepless();
  const events: string[] = [];
  const trial = unitTrial({
    clock,
    restart: async () => void events.push("restart"),
    health: async () => {
      events.push("health");
      const one = said(Math.round(clock.mono() / 1_000));
      if (one === undefined) throw new Error("refused");
      return one;
    },
  });
  return { clock, events, trial, settle: async () => trial.settle?.({ configured, needsLink }) };
}

const lacking = (...passport: string[]): UnitHealth => health({ missing: { passport } });

test("a trial compares with what the unit said before it was restarted; an answer that is none counts as none", async () => {
  const said: unknown[] = [{ ready: "yes" }, undefined, lacking("device.finger.front")];
  let started = false;
  const { trial, settle, events, clock } = trialOf(() =>
    started ? said.shift() : lacking("device.finger.front"),
  );
  await settle();
  assert.ok(clock.mono() >= 10_000 && clock.mono() <= 12_000, String(clock.mono()));
  events.length = 0;
  started = true;
  await trial.restart();
  assert.equal(events, ["restart"]);
  assert.equal(await trial.missing(), ["core"]);
  assert.equal(await trial.missing(), ["core"]);
  assert.equal(await trial.missing(), []);
});

test("a unit of which nothing is missing has settled at once; one that says nothing is not waited for", async () => {
  const good = trialOf(() => health());
  await good.settle();
  assert.equal(good.events, ["health"]);
  const silent = trialOf(() => undefined);
  await silent.settle();
  assert.ok(silent.clock.mono() <= 6_000, String(silent.clock.mono()));
});

test("a unit that has a configuration is waited for: its core may come up behind whoever takes what lay in the inbox", async () => {
  const broken = lacking("device.finger.front");
  const slow = trialOf((second) => (second < 20 ? undefined : broken), { configured: true });
  await slow.settle();
  assert.ok(slow.clock.mono() >= 30_000 && slow.clock.mono() <= 33_000, String(slow.clock.mono()));
  assert.equal(await slow.trial.missing(), []);

  // One that never comes up can be mended by a bundle all the same, and has to be whole then.
  const dead = trialOf((second) => (second < 60 ? undefined : broken), { configured: true });
  await dead.settle();
  assert.ok(dead.clock.mono() >= 45_000 && dead.clock.mono() < 60_000, String(dead.clock.mono()));
  while (dead.clock.mono() < 60_000) await dead.clock.sleep(1_000);
  assert.equal(await dead.trial.missing(), ["device.finger.front"]);
});

test("what a core has said before it fell silent counts", async () => {
  const said = (second: number) => (second < 3 || second > 60 ? lacking("device.finger.front") : undefined);
  for (const configured of [true, false]) {
    const { settle, trial, clock } = trialOf(said, { configured });
    await settle();
    assert.ok(clock.mono() < 60_000, String(clock.mono()));
    while (clock.mono() <= 61_000) await clock.sleep(1_000);
    assert.equal(await trial.missing(), [], String(configured));
  }
});

test("a certificate that came over the link is tried with the broker; one from a stick may come to a closed office", async () => {
  for (const needsLink of [true, false]) {
    const { settle, trial } = trialOf(() => health({ link: false }), { configured: true, needsLink });
    await settle();
    assert.equal(await trial.missing(), needsLink ? ["broker"] : []);
  }
});

test("a core that has just started excuses nothing: what is missing only then speaks against the new generation", async () => {
  const starting = health({ painted: false, link: false, missing: { passport: ["device.lock.main"] } });
  const { settle, trial, clock } = trialOf((second) =>
    second < 2 ? undefined : second < 8 ? starting : second < 20 ? health() : starting,
  );
  await settle();
  assert.ok(clock.mono() < 10_000, String(clock.mono()));
  while (clock.mono() < 20_000) await clock.sleep(1_000);
  assert.equal(await trial.missing(), ["screen", "device.lock.main", "broker"]);
});

test("a unit that never settles is waited for only so long, and taken at its best", async () => {
  const { settle, trial, clock } = trialOf((second) =>
    second > 60
      ? lacking("device.finger.front", "device.lock.main")
      : second % 2
        ? lacking("device.finger.front", "device.lock.main")
        : lacking("device.finger.front"),
  );
  await settle();
  assert.ok(clock.mono() >= 45_000 && clock.mono() < 60_000, String(clock.mono()));
  while (clock.mono() < 62_000) await clock.sleep(1_000);
  assert.equal(await trial.missing(), ["device.lock.main"]);
});

run();
