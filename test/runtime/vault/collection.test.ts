import * as assert from "uvu/assert";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { defer, err, ok, type Result } from "../../../drivers/kit/index.ts";
import { itemHashOf, type Voucher } from "../../../fleet/contract/index.ts";
import type { Handover } from "../../../runtime/ipc/index.ts";
import { Collection, type ReleaseRequest } from "../../../runtime/vault/collection.ts";
import type { Dispensers } from "../../../runtime/vault/dispensers.ts";
import { vaultFault } from "../../../runtime/vault/faults.ts";
import type { Interlocks } from "../../../runtime/vault/interlocks.ts";
import type { Papers } from "../../../runtime/vault/papers.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { STACK } from "../../support/ledger-rig.ts";
import { type LockScene, lockScene } from "../../support/lock-scene.ts";
import { heard } from "../../support/log.ts";

/** Who may have an item, in which order that is asked, and what is told of it. */
const { test, run } = suite("collection");

const REQUEST: ReleaseRequest = {
  command: "command-1",
  voucher: "ITEM-1",
  challenge: "challenge",
  attestation: "yes",
};

interface Desk {
  scene: LockScene;
  collection: Collection;
  told: Handover[];
  gate: Result<void>;
  interlocks: string[];
  /** What the papers say of a proof. */
  proof: Result<{ operator?: string }>;
  /** Asked of the proof, as it came. */
  proofs: string[];
  /** Of the only dispenser. */
  accepts: boolean | undefined;
  look: () => Promise<undefined>;
}

/** A desk at which a voucher is the name of its item: with `+n` its sequence number, with `in` or `any` an intake. */
async function desk(
  t: Pick<TestContext, "after">,
  items: Record<string, string> = { "ITEM-1": "1" },
): Promise<Desk> {
  const scene = await lockScene(t, { magazines: [STACK] });
  await scene.rig.lay(async (s) => {
    for (const [item, slot] of Object.entries(items))
      await s.run(
        "UPDATE slots SET state = 'loaded', item_hash = ?, place = ? WHERE slot = ?",
        itemHashOf(item),
        slot.startsWith("M1-") ? Number(slot.slice(3)) : null,
        slot,
      );
  });
  scene.shows = (at) => (at < 200 ? "locked present" : at < 900 ? "open unknown" : "locked absent");
  const voucherOf = (jws: string): Result<Voucher> => {
    const [item, seq, kind] = jws.split("+");
    if (item === "EXPIRED") return err(vaultFault("expired"));
    return ok({
      id: `voucher-${jws}`,
      item,
      seq: Number(seq ?? 1),
      ...(kind ? { intake: kind === "any" ? "any" : "exact" } : {}),
    } as unknown as Voucher);
  };
  const papers = {
    voucher: voucherOf,
    challenge: (jws: string) => `challenge of ${jws}`,
    proof: ({ challenge }: ReleaseRequest, id: string) => {
      it.proofs.push(`${challenge} ${id}`);
      return it.proof;
    },
  };
  const dispensers = {
    magazine: (slot: string) => (slot.split("-")[0] === "M1" ? STACK : undefined),
    magazines: () => [STACK],
    capabilities: () => (it.accepts === undefined ? undefined : { accepts: it.accepts }),
    look: () => {
      scene.trace.push("look at the dispenser");
      return it.look();
    },
  };
  const told: Handover[] = [];
  const it: Desk = {
    scene,
    told,
    gate: ok(undefined),
    interlocks: [],
    proof: ok({}),
    proofs: [],
    accepts: true,
    look: async () => undefined,
    collection: new Collection({
      motion: { ...scene.context, dispensers: dispensers as unknown as Dispensers },
      papers: papers as unknown as Papers,
      interlocks: { activeForPublic: async () => it.interlocks } as unknown as Interlocks,
      gate: () => it.gate,
      onHandover: (handover) => told.push(handover),
    }),
  };
  return it;
}

/** The code of a refusal with what it names; `ok` of none. */
const said = (result: Result<unknown>): string =>
  result.ok ? "ok" : [result.error.code, ...Object.values(result.error.fields)].join(" ");

test("a voucher opens a challenge for its slot, and nothing moves", async (t) => {
  const it = await desk(t);
  const begun = await it.collection.begin("ITEM-1");
  assert.equal(begun.ok && begun.value, { challenge: "challenge of ITEM-1", slot: "1" });
  assert.equal([it.scene.trace, it.told], [[], []]);
});

test("an item is handed out with what its voucher says, and each phase is told", async (t) => {
  const it = await desk(t);
  const lines = heard(t);
  it.proof = ok({ operator: "officer" });
  const answer = await it.collection.release(REQUEST);
  assert.ok(answer.ok);
  const { effect, ...rest } = answer.value;
  assert.equal(rest, { slot: "1", phase: "issued" });
  assert.equal(
    [it.collection.busy("1"), it.collection.busy("2"), it.collection.anyBusy()],
    [true, false, true],
  );
  assert.is((await it.collection.outcome("command-1"))?.phase, it.told.at(-1)?.phase, "what is told last");
  await it.collection.idle();
  assert.equal([it.collection.busy("1"), it.collection.anyBusy()], [false, false]);
  assert.equal(
    it.told,
    ["intent", "issued", "unlocked", "opened", "closed", "done"].map((phase) => ({
      effect,
      slot: "1",
      phase,
      ...(phase === "done" ? { outcome: "taken" } : {}),
    })) as Handover[],
  );
  assert.equal(
    lines.filter(({ event }) => event === "vault.handover").map(({ phase }) => phase),
    it.told.map(({ phase }) => phase),
  );
  assert.equal(await it.collection.outcome("command-1"), {
    effect,
    slot: "1",
    phase: "done",
    outcome: "taken",
  });
  const row = await it.scene.rig.ledger.effect(effect);
  assert.equal(
    [row?.kind, row?.item_hash, row?.voucher, row?.seq, row?.command, row?.operator, row?.any_card],
    ["release", itemHashOf("ITEM-1"), "voucher-ITEM-1", 1, "command-1", "officer", 0],
  );
  assert.equal(it.proofs, ["challenge voucher-ITEM-1"]);
  assert.is(row?.after, '{"latch":"locked","item":"absent"}');
  assert.is(it.scene.trace.at(-1), "step outcome");
});

test("what ended without a byte says why in the journal", async (t) => {
  const it = await desk(t);
  it.scene.onUnlock = () => err(deviceFault("interlocked", { by: "door" }));
  await it.collection.release(REQUEST);
  await it.collection.idle();
  const last = (await it.scene.rig.ledger.readJournal(0)).at(-1);
  assert.equal([last?.outcome, last?.detail], ["notMoved", "device.interlocked"]);
});

test("the same command again gets the stored answer; with other contents it is a conflict", async (t) => {
  const it = await desk(t);
  const first = await it.collection.release(REQUEST);
  await it.collection.idle();
  const again = await it.collection.release({ ...REQUEST });
  assert.ok(first.ok && again.ok);
  assert.equal(again.value, { ...first.value, phase: "done", outcome: "taken" });
  for (const other of [{ voucher: "ITEM-2" }, { challenge: "x" }, { attestation: "x" }, { release: "x" }])
    assert.is(said(await it.collection.release({ ...REQUEST, ...other })), "vault.conflict");
  const { attestation, ...bare } = REQUEST;
  assert.is(said(await it.collection.release(bare)), "vault.conflict");
  assert.is(it.scene.trace.filter((line) => line.startsWith("unlock")).length, 1);
  assert.is(await it.collection.outcome("command-2"), undefined);

  const officers = await desk(t);
  assert.ok((await officers.collection.release({ ...REQUEST, release: "one" })).ok);
  assert.is(said(await officers.collection.release({ ...REQUEST, release: "other" })), "vault.conflict");
  await officers.collection.idle();
});

test("a command that a cut has ended is told as far as it came", async (t) => {
  const it = await desk(t);
  const { ledger } = it.scene.rig;
  const intent = { effect: "e", kind: "release", slot: "1", voucher: { id: "v", seq: 1 } } as const;
  await ledger.intent({ ...intent, command: { id: "c", requestHash: "r" } });
  assert.equal(await it.collection.outcome("c"), { effect: "e", slot: "1", phase: "intent" });
  await ledger.issue(intent, { latch: "locked", item: "present" }, { device: "lock.main", compartment: 0 });
  assert.equal(await it.collection.outcome("c"), { effect: "e", slot: "1", phase: "issued" });
  await it.scene.rig.lay(async (s) => {
    await s.run("UPDATE effects SET state = 'DONE', outcome = 'notMoved', modifier = 'rejected'");
  });
  assert.equal(await it.collection.outcome("c"), {
    effect: "e",
    slot: "1",
    phase: "done",
    outcome: "notMoved",
    modifier: "rejected",
  });
  await it.scene.rig.lay(async (s) => {
    await s.run("UPDATE effects SET outcome = NULL, modifier = NULL");
  });
  assert.equal(await it.collection.outcome("c"), { effect: "e", slot: "1", phase: "done" });
});

test("what stands in the way is said, in this order, and the proof is asked for last", async (t) => {
  const it = await desk(t, { "ITEM-1": "1", "ITEM-2": "2" });
  const both = async (voucher: string) => {
    const [begun, released] = [
      said(await it.collection.begin(voucher)),
      said(await it.collection.release({ ...REQUEST, voucher })),
    ];
    assert.is(begun, released);
    return begun;
  };
  it.gate = err(vaultFault("notReady"));
  assert.is(await both("EXPIRED"), "vault.notReady");
  it.gate = ok(undefined);
  assert.is(await both("EXPIRED"), "vault.expired");
  assert.is(await both("ITEM-9"), "vault.notLoaded");
  it.interlocks = ["door", "tilt"];
  assert.is(await both("ITEM-1"), "vault.interlocked door,tilt");
  it.interlocks = [];
  assert.equal(it.proofs, []);
  it.proof = err(vaultFault("badProof"));
  assert.is(said(await it.collection.release(REQUEST)), "vault.badProof");
  assert.equal(it.proofs.length, 1);
  assert.is(it.scene.deeds().length, 0);
  for (const [state, code] of [
    ["unknown", "vault.slotUnknown 2"],
    ["presented", "vault.notLoaded"],
  ] as const) {
    await it.scene.rig.lay(async (s) => {
      await s.run("UPDATE slots SET state = ? WHERE slot = '2'", state);
    });
    assert.is(await both("ITEM-2"), code);
  }
  await it.scene.rig.lay(async (s) => {
    await s.run(
      "INSERT INTO slots (slot, state, item_hash) VALUES ('77', 'loaded', ?)",
      itemHashOf("ITEM-77"),
    );
  });
  assert.is(await both("ITEM-77"), "vault.slotUnknown 77", "no door any more");
});

test("a voucher that was used, and an older one, are refused before anything else is looked for", async (t) => {
  const it = await desk(t);
  await it.collection.release({ ...REQUEST, voucher: "ITEM-1+5" });
  await it.collection.idle();
  it.interlocks = ["door"];
  assert.is(said(await it.collection.begin("ITEM-1+5")), "vault.consumed");
  assert.is(said(await it.collection.begin("ITEM-1+4")), "vault.superseded");
  assert.is(said(await it.collection.begin("ITEM-1+6")), "vault.notLoaded");
});

test("while a slot moves, it is busy for everybody else", async (t) => {
  const it = await desk(t, { "ITEM-1": "1", "ITEM-2": "2" });
  const sent = defer<Result<void>>();
  it.scene.onUnlock = () => sent.promise;
  await it.collection.release(REQUEST);
  const second = { ...REQUEST, command: "command-2", voucher: "ITEM-1+9" };
  assert.is(said(await it.collection.release(second)), "vault.slotBusy 1");
  assert.is(said(await it.collection.begin("ITEM-2")), "ok");
  let idle = false;
  const done = it.collection.idle().then(() => {
    idle = true;
  });
  await it.scene.rig.ledger.probe();
  assert.is(idle, false);
  sent.resolve(ok(undefined));
  await done;
});

test("a motion that ends before it is issued refuses its command, and its slot is free again", async (t) => {
  const it = await desk(t);
  it.scene.shows = () => "open absent";
  assert.is(said(await it.collection.release(REQUEST)), "vault.slotBusy");
  await it.collection.idle();
  assert.is(it.collection.anyBusy(), false);
  assert.is((await it.collection.outcome("command-1"))?.outcome, "notMoved");
  assert.equal(
    it.told.map(({ phase }) => phase),
    ["intent"],
  );
});

test("of a magazine only the item that comes out next is handed out, and its dispenser is busy as a whole", async (t) => {
  const it = await desk(t, { "ITEM-1": "M1-02", "ITEM-2": "M1-03" });
  assert.is(said(await it.collection.begin("ITEM-2")), "vault.behindOthers M1-03");
  const begun = await it.collection.begin("ITEM-1");
  assert.is(begun.ok && begun.value.slot, "M1-02");
  const looked = defer<undefined>();
  it.look = () => looked.promise;
  const asked = it.collection.release(REQUEST);
  await eventually("it is under way", () => it.collection.busy("M1-02"));
  assert.is(said(await it.collection.begin("ITEM-1+2")), "vault.slotBusy M1-02");
  assert.is(said(await it.collection.begin("OLD-1+1+any")), "vault.slotBusy M1");
  looked.resolve(undefined);
  // A dispenser that does not answer refuses before anything has moved.
  assert.is(said(await asked), "vault.notReady");
  await it.collection.idle();
  assert.is(said(await it.collection.begin("OLD-1+1+any")), "ok");
  for (const [sql, code] of [
    ["UPDATE magazines SET suspect = 'order'", "vault.magazineSuspect M1 order"],
    ["UPDATE magazines SET suspect = NULL", "ok"],
    ["UPDATE slots SET place = NULL WHERE slot = 'M1-02'", "vault.magazineSuspect M1 place"],
    ["UPDATE slots SET state = 'unknown' WHERE slot = 'M1-02'", "vault.slotUnknown M1-02"],
    ["UPDATE slots SET state = 'presented' WHERE slot = 'M1-02'", "vault.notLoaded"],
  ] as const) {
    await it.scene.rig.lay(async (s) => {
      await s.run(sql);
    });
    assert.is(said(await it.collection.begin("ITEM-1")), code);
  }
});

test("an old card goes in where a dispenser takes it", async (t) => {
  const it = await desk(t);
  for (const [voucher, anyCard] of [
    ["OLD-1+1+exact", 0],
    ["OLD-2+1+any", 1],
  ] as const) {
    const begun = await it.collection.begin(voucher);
    assert.is(begun.ok && begun.value.slot, "M1");
    const command = `command ${voucher}`;
    assert.is(said(await it.collection.release({ ...REQUEST, command, voucher })), "vault.notReady");
    const row = await it.scene.rig.ledger.byCommand(command);
    assert.equal([row?.kind, row?.slot, row?.any_card], ["intake", "M1", anyCard]);
  }
  for (const accepts of [false, undefined]) {
    it.accepts = accepts;
    assert.is(said(await it.collection.begin("OLD-3+1+any")), "vault.notReady");
  }
  const looks = it.scene.trace.filter((line) => line === "look at the dispenser").length;
  assert.is(looks, 2);
});

test("a failure that is no fault ends the process, for the next start to settle what moved", async (t) => {
  const it = await desk(t);
  const broken = new TypeError("broken");
  const ends = new Promise((resolve) => process.once("unhandledRejection", resolve));
  it.scene.onUnlock = () => {
    throw broken;
  };
  assert.is(said(await it.collection.release(REQUEST)), "ok", "it was issued");
  assert.is(await ends, broken);
  assert.is(it.collection.anyBusy(), false);
  assert.is((await it.collection.outcome("command-1"))?.phase, "issued");
});

run();
