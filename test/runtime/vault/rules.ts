import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { type Fault, type Result, sha256Hex } from "../../../drivers/kit/index.ts";
import { openStore } from "../../../drivers/store/index.ts";
import { newSigningKey, signJws } from "../../../fleet/contract/index.ts";
import type { startVault } from "../../../runtime/vault/index.ts";
import type { TestContext } from "../../kit.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { collect, handoverOf, newCommand, type WireOptions, wireRig } from "../../support/vault-wire.ts";

/**
 * The vault's rules, each as a scenario that passes on the vault and fails on one from which the rule was taken away
 * (mutants.test.ts). `start` is the vault that is judged.
 */
export type Scenario = (t: Pick<TestContext, "after">, start: typeof startVault) => Promise<void>;

export const code = (result: Result<unknown, Fault>): string => (result.ok ? "ok" : result.error.code);

/** A started vault with ITEM-1 in slot 1 and ITEM-2 in slot 2. */
export async function loaded(
  t: Pick<TestContext, "after">,
  start: typeof startVault,
  options: WireOptions = { slots: 2 },
) {
  const rig = await wireRig(t, options);
  await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
  return { rig, client: await rig.start(start) };
}

/** What a ledger would be after the process died now: a copy of its files, opened. */
async function ledgerIfKilledNow(state: string): Promise<{ effects: unknown[]; consumed: unknown[] }> {
  const copy = mkdtempSync(join(tmpdir(), "guichet-image-"));
  try {
    cpSync(join(state, "vault"), copy, { recursive: true });
    const store = await openStore(join(copy, "ledger.db"), { migrations: [] });
    const effects = await store.all("SELECT kind, state, voucher FROM effects");
    const consumed = await store.all("SELECT voucher FROM consumed");
    await store.close();
    return { effects, consumed };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function challengeFor(client: VaultClient, voucher: string): Promise<string> {
  const begun = await client.call("collect.begin", { voucher });
  if (!begun.ok) throw begun.error;
  return begun.value.body.challenge;
}

export const rules: Record<string, Scenario> = {
  "ISSUED and the used-up voucher are in the ledger before the first byte of an unlock": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const copies: string[] = [];
    rig.onUnlock = () => {
      const copy = mkdtempSync(join(tmpdir(), "guichet-image-"));
      t.after(() => rmSync(copy, { recursive: true, force: true }));
      cpSync(join(rig.state, "vault"), join(copy, "vault"), { recursive: true });
      copies.push(copy);
    };
    rig.clock.stop();
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1", { id: "voucher-1" })), "taken");
    assert.is(copies.length, 1);
    assert.equal(await ledgerIfKilledNow(copies[0] as string), {
      effects: [{ kind: "release", state: "ISSUED", voucher: "voucher-1" }],
      consumed: [{ voucher: "voucher-1" }],
    });
  },

  "a voucher moves a lock once": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const voucher = rig.papers.voucher("ITEM-1");
    // The door is left open with the item in it; the slot is then loaded as before by a finding.
    assert.is(
      await collect(rig, client, voucher, (slot) => {
        rig.plant.openDoor(slot);
        rig.plant.closeDoor(slot);
      }),
      "presented",
    );
    const status = await client.call("status", {});
    assert.ok(status.ok);
    const effect = status.value.body.slots.find(({ slot }) => slot === "1")?.effect ?? "";
    const settlement = rig.papers.settlement("1", effect, "notMoved");
    assert.is(code(await client.call("settle", { settlement })), "ok");
    assert.is(await collect(rig, client, voucher), "vault.consumed");
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1", { seq: 1 })), "vault.superseded");
    assert.is(rig.unlocks(), 1);
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1", { seq: 2 })), "taken");
  },

  "one hand-over sends one unlock, also when nothing opens": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    rig.plant.setJammed("1", true);
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "notMoved");
    assert.is(rig.unlocks(), 1);
  },

  "papers of another unit, too early, too late, altered or by a key of another role open nothing": async (
    t,
    start,
  ) => {
    const { rig, client } = await loaded(t, start);
    const { papers } = rig;
    const now = Math.floor(Date.now() / 1000);
    const good = papers.voucher("ITEM-1");
    const [head, , signature] = good.split(".");
    const [, other] = papers.voucher("ITEM-2").split(".");
    const cases: [string, string][] = [
      [papers.voucher("ITEM-1", { unit: "kt-02" }), "vault.otherUnit"],
      [papers.voucher("ITEM-1", { nbf: now + 100 }), "vault.notYet"],
      [papers.voucher("ITEM-1", { exp: now - 1 }), "vault.expired"],
      [`${head}.${other}.${signature}`, "signature.bad"],
      [papers.assignment("ITEM-1"), "signature.malformed"],
      [papers.voucher("ITEM-9"), "vault.notLoaded"],
    ];
    for (const [voucher, reason] of cases) assert.is(await collect(rig, client, voucher), reason);
    assert.is(rig.unlocks(), 0);
  },

  "a clock that is set back brings no paper to life again": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const voucher = rig.papers.voucher("ITEM-1", { exp: Math.floor(Date.now() / 1000) + 30 });
    rig.clock.monoOffset += 60_000;
    assert.is(await collect(rig, client, voucher), "vault.expired");
    assert.is(rig.unlocks(), 0);
  },

  "a voucher without a proof of its owner, or with a proof for something else, opens nothing": async (
    t,
    start,
  ) => {
    const { rig, client } = await loaded(t, start);
    const { papers } = rig;
    const voucher = papers.voucher("ITEM-1");
    const second = papers.voucher("ITEM-2");
    const challenge = await challengeFor(client, voucher);
    const otherChallenge = await challengeFor(client, second);
    const ask = async (proof: { attestation?: string; release?: string }, over: object = {}) =>
      code(
        await client.call("collect.release", {
          command: newCommand(),
          voucher,
          challenge,
          ...proof,
          ...over,
        }),
      );
    const stranger = makeStranger();
    assert.is(await ask({}), "vault.noProof");
    assert.is(await ask({ attestation: papers.attest(voucher, otherChallenge) }), "vault.badProof");
    assert.is(await ask({ attestation: papers.attest(second, challenge) }), "vault.badProof");
    assert.is(await ask({ attestation: stranger(voucher, challenge) }), "signature.unknownKey");
    assert.is(await ask({ release: papers.release(voucher, otherChallenge) }), "vault.badProof");
    assert.is(await ask({ release: papers.release(second, challenge) }), "vault.badProof");
    assert.is(await ask({ release: papers.release(voucher, challenge, { exp: 1 }) }), "vault.expired");
    assert.is(
      await ask({ release: papers.release(voucher, challenge, { unit: "kt-02" }) }),
      "vault.otherUnit",
    );
    const mine = { attestation: papers.attest(voucher, challenge) };
    assert.is(await ask(mine, { challenge: otherChallenge }), "vault.noChallenge");
    assert.is(await ask(mine, { challenge: "A".repeat(22) }), "vault.noChallenge");
    assert.is(rig.unlocks(), 0);
  },

  "a challenge holds for one proof and three minutes": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const voucher = rig.papers.voucher("ITEM-1");
    const ask = async (challenge: string) =>
      code(
        await client.call("collect.release", {
          command: newCommand(),
          voucher,
          challenge,
          attestation: rig.papers.attest(voucher, challenge),
        }),
      );
    const old = await challengeFor(client, voucher);
    rig.clock.monoOffset += 181_000;
    assert.is(await ask(old), "vault.noChallenge");
    const used = await challengeFor(client, voucher);
    // The board does not answer, so nothing is issued: the voucher stays good, the challenge does not.
    rig.boards[0]?.setFault("noReply", 2);
    assert.is(await ask(used), "vault.notReady");
    await rig.client();
    assert.is(await ask(used), "vault.noChallenge");
    assert.is(rig.unlocks(), 0);
  },

  "the same command is answered from the ledger, with other contents it is a conflict": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const voucher = rig.papers.voucher("ITEM-1");
    const challenge = await challengeFor(client, voucher);
    const request = {
      command: newCommand(),
      voucher,
      challenge,
      attestation: rig.papers.attest(voucher, challenge),
    };
    const done = handoverOf(client, "1", (slot) => rig.takeFrom(slot));
    const [first, twin] = await Promise.all([
      client.call("collect.release", request),
      client.call("collect.release", request),
    ]);
    assert.ok(first.ok && twin.ok);
    assert.is(first.value.body.effect, twin.value.body.effect);
    assert.is((await done).outcome, "taken");
    const again = await client.call("collect.release", request);
    assert.ok(again.ok && again.value.body.outcome === "taken");
    const other = { ...request, attestation: rig.papers.attest(voucher, "C".repeat(22)) };
    assert.is(code(await client.call("collect.release", other)), "vault.conflict");
    assert.is(rig.unlocks(), 1);
  },

  "two requests for one slot at the same moment move it once and end nothing": async (t, start) => {
    const { rig, client } = await loaded(t, start, { slots: 2, interlocks: ["tamper.cabinet"] });
    const vouchers = [rig.papers.voucher("ITEM-1"), rig.papers.voucher("ITEM-1", { seq: 2 })];
    const challenges = await Promise.all(vouchers.map((voucher) => challengeFor(client, voucher)));
    const done = handoverOf(client, "1", (slot) => rig.takeFrom(slot));
    const answers = await Promise.all(
      vouchers.map((voucher, i) => {
        const challenge = challenges[i] ?? "";
        return client.call("collect.release", {
          command: newCommand(),
          voucher,
          challenge,
          attestation: rig.papers.attest(voucher, challenge),
        });
      }),
    );
    assert.equal(answers.map(code).sort(), ["ok", "vault.slotBusy"]);
    assert.is((await done).outcome, "taken");
    assert.is(rig.unlocks(), 1);
    assert.ok((await client.call("status", {})).ok);
  },

  "an active or unreadable interlock forbids motion and is named": async (t, start) => {
    const { rig, client } = await loaded(t, start, { slots: 2, interlocks: ["tamper.cabinet", "door.back"] });
    const voucher = rig.papers.voucher("ITEM-1");
    rig.inputs.set("tamper.cabinet", 1);
    const active = await client.call("collect.begin", { voucher });
    assert.ok(!active.ok && active.error.code === "vault.interlocked");
    assert.is(active.error.fields.by, "tamper.cabinet");
    rig.inputs.set("tamper.cabinet", 0);
    const challenge = await challengeFor(client, voucher);
    rig.inputs.delete("door.back");
    const attestation = rig.papers.attest(voucher, challenge);
    const request = { command: newCommand(), voucher, challenge, attestation };
    const unreadable = await client.call("collect.release", request);
    assert.ok(!unreadable.ok && unreadable.error.code === "vault.interlocked");
    assert.is(unreadable.error.fields.by, "door.back");
    assert.is(rig.unlocks(), 0);
  },

  "an interlock that becomes active when a motion was decided on stops it at the byte": async (t, start) => {
    const rig = await wireRig(t, { slots: 2, interlocks: ["tamper.cabinet"] });
    await rig.seed({ "ITEM-1": "1" });
    const step = (name: string): void => {
      if (name !== "intent") return;
      rig.inputs.set("tamper.cabinet", 1);
      rig.edges.get("tamper.cabinet")?.(1);
    };
    const client = await rig.start(start, { step });
    const voucher = rig.papers.voucher("ITEM-1");
    assert.is(await collect(rig, client, voucher), "notMoved");
    assert.is(rig.unlocks(), 0);
    rig.inputs.set("tamper.cabinet", 0);
    assert.is(await collect(rig, client, voucher), "vault.consumed");
  },

  "an interlock that becomes active while a lock waits for its line stops it at the byte, and its slot goes on":
    async (t, start) => {
      const rig = await wireRig(t, { slots: 2, itemSensors: false, interlocks: ["tamper.cabinet"] });
      await rig.seed({ "ITEM-1": "1", "ITEM-2": "2" });
      const client = await rig.start(start);
      // Of a time that stands still the rest between two coils is never over before it was slept.
      rig.clock.stop();
      const open = (slot: string) => {
        rig.plant.openDoor(slot);
        rig.plant.closeDoor(slot);
      };
      assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1"), open), "presented");
      const { sleep } = rig.clock;
      rig.clock.sleep = (ms, signal) => {
        if (!signal && ms > 250 && rig.steps.at(-1) === "issued") {
          rig.clock.sleep = sleep;
          rig.inputs.set("tamper.cabinet", 1);
          rig.edges.get("tamper.cabinet")?.(1);
          // Longer than anybody may look away from a lock that was sent something.
          rig.clock.monoOffset += 2_000;
          rig.clock.go();
        }
        return sleep(ms, signal);
      };
      const voucher = rig.papers.voucher("ITEM-2", { seq: 2 });
      assert.is(await collect(rig, client, voucher, open), "notMoved");
      assert.is(rig.unlocks(), 1);
      const journal = await client.call("journal.read", { after: 0 });
      assert.ok(journal.ok);
      const last = journal.value.body.rows.findLast(({ event }) => event === "handover.outcome");
      assert.equal([last?.slot, last?.outcome, last?.detail], ["2", "notMoved", "device.interlocked"]);
      rig.inputs.set("tamper.cabinet", 0);
      assert.is(await collect(rig, client, voucher, open), "vault.consumed");
      assert.is(await collect(rig, client, rig.papers.voucher("ITEM-2", { seq: 3 }), open), "presented");
      assert.is(rig.unlocks(), 2);
    },

  "an unlock that its driver never came to has moved nothing, and its slot goes on": async (t, start) => {
    const rig = await wireRig(t, { slots: 1, itemSensors: false });
    await rig.seed({ "ITEM-1": "1" });
    let lost = false;
    const step = (name: string): void => {
      if (name !== "issued" || lost) return;
      lost = true;
      rig.unplug();
    };
    const client = await rig.start(start, { step });
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "notMoved");
    assert.is(rig.unlocks(), 0);
    const journal = await client.call("journal.read", { after: 0 });
    assert.ok(journal.ok);
    const last = journal.value.body.rows.findLast(({ event }) => event === "handover.outcome");
    assert.equal([last?.outcome, last?.detail], ["notMoved", "device.notReady"]);
    rig.plug();
    await rig.client();
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1", { seq: 2 })), "presented");
    assert.is(rig.unlocks(), 1);
  },

  "an unlock whose write failed may have reached its board: nobody says that it did not": async (
    t,
    start,
  ) => {
    const rig = await wireRig(t, { slots: 1 });
    await rig.seed({ "ITEM-1": "1" });
    const client = await rig.start(start);
    rig.onUnlock = () => {
      rig.onUnlock = () => undefined;
      // The board has heard it, whatever the line says to the driver.
      rig.plant.openDoor("1", true);
      rig.takeFrom("1");
      throw deviceFault("absent");
    };
    assert.is.not(await collect(rig, client, rig.papers.voucher("ITEM-1")), "notMoved");
  },

  "neither a loose contact nor a core that asks without end keeps a motion from its turn": async (
    t,
    start,
  ) => {
    const rig = await wireRig(t, { slots: 2, interlocks: ["tamper.cabinet"] });
    await rig.seed({ "ITEM-1": "1" });
    const asked: Promise<unknown>[] = [];
    const step = (name: string): void => {
      if (name !== "before-intent" && name !== "issued") return;
      for (let edge = 0; edge < 20; edge++) rig.edges.get("tamper.cabinet")?.(edge % 2 === 0 ? 1 : 0);
    };
    const client = await rig.start(start, { step });
    const voucher = rig.papers.voucher("ITEM-1");
    const outcome = await collect(rig, client, voucher, (slot) => {
      for (let call = 0; call < 40; call++) asked.push(client.call("status", {}));
      rig.takeFrom(slot);
    });
    assert.is(outcome, "taken");
    assert.is(rig.unlocks(), 1);
    for (const answer of await Promise.all(asked)) assert.is(code(answer as Result<unknown>), "ok");
  },

  "while staff have turned the service switch nothing is handed out": async (t, start) => {
    const { rig, client } = await loaded(t, start, { slots: 2, serviceSwitch: "switch.service" });
    rig.inputs.set("switch.service", 1);
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "vault.interlocked");
    rig.inputs.set("switch.service", 0);
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "taken");
  },

  "what is left inside was presented, not taken": async (t, start) => {
    const { rig, client } = await loaded(t, start);
    const leave = (slot: string) => {
      rig.plant.openDoor(slot);
      rig.plant.closeDoor(slot);
    };
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1"), leave), "presented");
  },

  "an item that is gone behind a door that never opened is unknown and locks its slot only": async (
    t,
    start,
  ) => {
    const { rig, client } = await loaded(t, start);
    rig.plant.setJammed("1", true);
    rig.onUnlock = () => rig.plant.setItemSensor("1", "stuckAbsent");
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "unknown");
    rig.onUnlock = () => undefined;
    rig.plant.setItemSensor("1", "ok");
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1", { seq: 5 })), "vault.slotUnknown");
    assert.is(await collect(rig, client, rig.papers.voucher("ITEM-2", { seq: 6 })), "taken");
  },
};

function makeStranger(): (voucher: string, challenge: string) => string {
  const stranger = newSigningKey("senses");
  return (voucher, challenge) =>
    signJws(
      "guichet.attestation.v1",
      { v: 1, voucherHash: sha256Hex(voucher), challenge, matched: true, score: 90 },
      stranger,
    );
}
