import * as assert from "uvu/assert";
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

test("a trial compares with what the unit said before it was restarted; an answer that is none counts as none", async () => {
  const said: unknown[] = [
    health({ missing: { passport: ["device.finger.front"] } }),
    { ready: "yes" },
    undefined,
  ];
  said.push(health({ missing: { passport: ["device.finger.front"] } }));
  const events: string[] = [];
  const trial = unitTrial({
    restart: async () => void events.push("restart"),
    health: async () => {
      events.push("health");
      const next = said.shift();
      if (next === undefined) throw new Error("refused");
      return next;
    },
  });
  await trial.restart();
  assert.equal(events, ["health", "restart"]);
  assert.equal(await trial.missing(), ["core"]);
  assert.equal(await trial.missing(), ["core"]);
  assert.equal(await trial.missing(), []);
});

run();
