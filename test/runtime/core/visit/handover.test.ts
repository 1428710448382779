import * as assert from "uvu/assert";
import type { View } from "../../../../runtime/core/screen/model.ts";
import { suite } from "../../../kit.ts";
import { fault, reply, Unit } from "./fakes.ts";

/** Several documents, and a vault that goes away in the middle. */
const { test, run } = suite("visit: hand-over");
const SERVICES = ["collection"];
const TAKEN = { effect: "e", slot: "A1", phase: "done", outcome: "taken" };
const message = (view: View): boolean => view.kind === "message";

/** A unit whose challenges are told apart, each used once, with these documents ready. */
async function unitWith(...ids: string[]): Promise<Unit> {
  const unit = await Unit.open(SERVICES);
  unit.fake.vouchers = ids.map((id) => ({ id, jws: `voucher-${id}` }));
  let opened = 0;
  unit.fake.handlers["collect.begin"] = () =>
    reply({ challenge: `challenge-${++opened}`.padEnd(22, "-"), slot: "A1" });
  return unit;
}

const asked = (unit: Unit, method: string, field: string): unknown[] =>
  unit.fake.calls.flatMap((call) => (call.method === method ? [call.body[field]] : []));

test("a release that was lost with its vault is begun anew, once the vault says that it has none", async () => {
  const unit = await unitWith("one");
  const { fake } = unit;
  const works = fake.handlers["collect.release"];
  const begins = fake.handlers["collect.begin"];
  let away = true;
  let settling = 2;
  fake.handlers["collect.release"] = (body) => {
    if (!away) return works?.(body) ?? reply({});
    return fault("ipc.gone");
  };
  fake.handlers["collect.outcome"] = () => {
    away = false;
    return reply({});
  };
  fake.handlers["collect.begin"] = (body) =>
    fake.count("collect.release") === 1 && settling-- > 0
      ? fault("vault.notReady")
      : (begins?.(body) ?? reply({}));
  fake.handlers["finger.verify"] = async () => {
    await unit.clock.sleep(1_000);
    return reply({ matched: true, score: 90, attestation: "attested" });
  };
  await unit.begin("collection");
  await unit.walk((view) => view.kind === "wait" && view.body.includes("Please stay here"));
  assert.not(unit.now.chrome.can.stop);
  await unit.walk((view) => view.kind === "finger");
  assert.ok(settling < 0, "not before it is ready");
  assert.ok(unit.view.kind === "finger" && unit.view.advice?.includes("once more"));
  assert.is(await unit.finish(), "handedOver");
  assert.is(fake.count("collect.release"), 2);
  for (const field of ["command", "challenge"])
    assert.is(new Set(asked(unit, "collect.release", field)).size, 2, field);
});

test("a release that the vault did take is never asked for again, even when it said first that it has none", async () => {
  const unit = await unitWith("one");
  const { fake } = unit;
  fake.handlers["collect.release"] = () => fault("ipc.gone");
  // It is judged behind the question, and before whatever is to be judged next.
  fake.handlers["collect.outcome"] = () => reply(fake.count("collect.begin") > 1 ? { handover: TAKEN } : {});
  await unit.begin("collection");
  assert.is(await unit.finish(), "handedOver");
  assert.is(fake.count("collect.release"), 1);
  assert.is(fake.count("finger.verify"), 1);
});

test("a release that was accepted is followed to its end, whatever the vault says of it meanwhile", async () => {
  const unit = await unitWith("one");
  const { fake } = unit;
  fake.handlers["collect.release"] = () => reply({ effect: "e", slot: "A1", phase: "issued" });
  let looks = 0;
  fake.handlers["collect.outcome"] = () => reply(++looks > 3 ? { handover: TAKEN } : {});
  await unit.begin("collection");
  assert.is(await unit.finish(), "handedOver");
  assert.is(fake.count("collect.release"), 1);
  assert.is(fake.count("collect.begin"), 1);
});

test("a challenge that the vault knows no more is opened anew: who matched is not sent away", async () => {
  const unit = await unitWith("one");
  const works = unit.fake.handlers["collect.release"];
  unit.fake.handlers["collect.release"] = (body) =>
    unit.fake.count("collect.release") === 1 ? fault("vault.noChallenge") : (works?.(body) ?? reply({}));
  await unit.begin("collection");
  assert.is(await unit.finish(), "handedOver");
  assert.is(new Set(asked(unit, "collect.release", "challenge")).size, 2);
  assert.not.ok(unit.models.some(({ view }) => message(view)));
});

test("trouble with one document is said, and the next one is handed out", async () => {
  const bad = (method: string, code: string, unit: Unit): void => {
    const works = unit.fake.handlers[method];
    unit.fake.handlers[method] = (body) =>
      body.voucher === "voucher-card" ? fault(code) : (works?.(body) ?? reply({}));
  };
  for (const [method, code] of [
    ["collect.begin", "vault.slotUnknown"],
    ["collect.begin", "vault.magazineSuspect"],
    ["finger.verify", "senses.noTemplate"],
    ["collect.release", "vault.contradiction"],
  ] as const) {
    const unit = await unitWith("card", "passport");
    bad(method, code, unit);
    await unit.begin("collection");
    await unit.walk(message);
    assert.ok(unit.view.kind === "message" && unit.view.code === code);
    assert.match(unit.view.body, "One of your documents stays");
    assert.is(await unit.finish(), "handedOver", code);
    assert.is(asked(unit, "collect.release", "voucher").at(-1), "voucher-passport");
  }
  const alone = await unitWith("card");
  bad("collect.begin", "vault.slotUnknown", alone);
  await alone.begin("collection");
  await alone.walk(message);
  assert.match(JSON.stringify(alone.view), "The slot stays closed");
  await alone.send({ type: "action", id: "done" });
  assert.is(alone.view.kind, "attract", "it is said once");
  assert.is(alone.outcome, "refused");
});

test("the next door opens only when the one before is proven closed", async () => {
  for (const outcome of ["notMoved", "presented", "unknown"] as const) {
    const unit = await unitWith("card", "passport");
    const works = unit.fake.handlers["collect.release"];
    unit.fake.handlers["collect.release"] = (body) => {
      if (body.voucher !== "voucher-card") return works?.(body) ?? reply({});
      setImmediate(() => unit.fake.emit("vault", "handover", { ...TAKEN, outcome }));
      return reply({ effect: "e", slot: "A1", phase: "issued" });
    };
    await unit.begin("collection");
    assert.is(await unit.finish(), outcome === "notMoved" ? "handedOver" : "refused", outcome);
    assert.is(unit.fake.count("collect.release"), outcome === "notMoved" ? 2 : 1, outcome);
  }
});

test("a proof that fails, and what keeps the whole unit closed, end the visit for every document", async () => {
  for (const [method, answer] of [
    ["finger.verify", reply({ matched: false, score: 3 })],
    ["finger.verify", fault("collection.wrongKey")],
    ["collect.release", fault("vault.badProof")],
    ["collect.begin", fault("vault.interlocked")],
    ["collect.begin", fault("vault.slotBusy")],
  ] as const) {
    const unit = await unitWith("card", "passport");
    unit.fake.handlers[method] = () => answer;
    await unit.begin("collection");
    assert.is(await unit.finish(), "refused");
    assert.equal([...new Set(asked(unit, "collect.begin", "voucher"))], ["voucher-card"]);
  }
});

run();
