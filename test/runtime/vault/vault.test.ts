import * as assert from "uvu/assert";
import type { Fault, Result } from "../../../drivers/kit/index.ts";
import { systemPorts } from "../../../drivers/ports/index.ts";
import type { Handover } from "../../../runtime/ipc/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { suite, type TestContext } from "../../kit.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { type VaultRig, vaultRig } from "../../support/vault-rig.ts";

const { test, run } = suite("vault");
const LIMITS = { unlatch: 700, doorOpen: 1_500, pollLatch: 30, pollDoor: 30 };
const code = (result: Result<unknown, Fault>) => (result.ok ? "ok" : result.error.code);

async function started(
  t: TestContext,
  slots?: number,
): Promise<{ rig: VaultRig; client: VaultClient; restart(): Promise<VaultClient> }> {
  const rig = await vaultRig(t, slots);
  let vault = await startVault({ state: rig.state, ports: systemPorts(), limits: LIMITS });
  t.after(() => vault.stop());
  return {
    rig,
    client: await rig.client(),
    restart: async () => {
      await vault.stop();
      vault = await startVault({ state: rig.state, ports: systemPorts(), limits: LIMITS });
      return rig.client();
    },
  };
}

/** Begins and releases with an attestation; `person` acts when the latch is seen open. */
async function collect(
  rig: VaultRig,
  client: VaultClient,
  voucher: string,
  person: (slot: string) => void,
  command = `cmd-${Math.random()}`,
) {
  const begun = await client.call("collect.begin", { voucher });
  if (!begun.ok) throw begun.error;
  const { challenge } = begun.value.body;
  const phases: Handover[] = [];
  const done = new Promise<Handover>((resolve) => {
    const off = client.on("handover", (handover) => {
      phases.push(handover);
      if (handover.phase === "opened") person(handover.slot);
      if (handover.phase !== "done") return;
      off();
      resolve(handover);
    });
  });
  const request = { command, voucher, challenge, attestation: rig.attest(voucher, challenge) };
  const accepted = await client.call("collect.release", request);
  if (!accepted.ok) throw accepted.error;
  return { done: await done, phases: phases.map((handover) => handover.phase), request };
}

test("a clean hand-over ends taken, is in the journal, and never happens again", async (t) => {
  const { rig, client, restart } = await started(t);
  const where = await rig.load(client, ["ITEM-1"]);
  const voucher = rig.voucher("ITEM-1");
  const before = rig.motions();
  const { done, phases, request } = await collect(rig, client, voucher, (slot) => rig.takeFrom(slot));
  assert.equal([done.outcome, done.slot], ["taken", where["ITEM-1"]]);
  assert.equal(phases, ["intent", "issued", "unlocked", "opened", "closed", "done"]);
  assert.is(rig.motions(), before + 1);
  const again = await client.call("collect.release", request);
  assert.ok(again.ok && again.value.body.outcome === "taken");
  assert.is(
    code(await client.call("collect.release", { ...request, challenge: "x".repeat(22) })),
    "vault.conflict",
  );
  assert.is(code(await client.call("collect.begin", { voucher })), "vault.consumed");
  assert.is(code(await client.call("collect.begin", { voucher: rig.voucher("ITEM-1") })), "vault.superseded");
  const later = await restart();
  const stored = await later.call("collect.outcome", { command: request.command });
  assert.ok(stored.ok && stored.value.body.handover?.outcome === "taken");
  assert.is(code(await later.call("collect.begin", { voucher })), "vault.consumed");
  assert.is(rig.motions(), before + 1);
  const journal = await later.call("journal.read", { after: 0 });
  assert.ok(journal.ok);
  const events = journal.value.body.rows.map((row) => row.event);
  for (const event of [
    "exchange.stored",
    "handover.intent",
    "handover.issued",
    "handover.opened",
    "handover.outcome",
    "request.refused",
  ]) {
    assert.ok(events.includes(event), event);
  }
});

test("a door that is not opened, an item left inside, a door left open, and a stuck sensor each say what they are", async (t) => {
  const { rig, client } = await started(t, 4);
  const where = await rig.load(client, ["ITEM-A", "ITEM-B", "ITEM-C", "ITEM-D"]);
  const slot = (item: string) => where[item] as string;
  rig.bench.plant.setJammed(slot("ITEM-A"), true);
  const jammed = await collect(rig, client, rig.voucher("ITEM-A"), () => undefined);
  assert.is(jammed.done.outcome, "notMoved");
  const left = await collect(rig, client, rig.voucher("ITEM-B"), (s) => {
    rig.bench.plant.openDoor(s);
    rig.bench.plant.closeDoor(s);
  });
  assert.is(left.done.outcome, "presented");
  const open = await collect(rig, client, rig.voucher("ITEM-C"), (s) => {
    rig.bench.plant.openDoor(s);
    rig.bench.plant.takeItem(s);
  });
  assert.is(open.done.outcome, "presented");
  const settled = new Promise<void>((resolve) => {
    client.on(
      "slots",
      ({ slots }) => slots.find((s) => s.slot === slot("ITEM-C"))?.state === "empty" && resolve(),
    );
  });
  rig.bench.plant.closeDoor(slot("ITEM-C"));
  await settled;
  rig.bench.plant.setItemSensor(slot("ITEM-D"), "stuckPresent");
  const stuck = await collect(rig, client, rig.voucher("ITEM-D"), (s) => rig.takeFrom(s));
  assert.is(stuck.done.outcome, "presented");
});

test("a sensor that sees nothing where the ledger has an item locks the slot out before anything moves", async (t) => {
  const { rig, client } = await started(t);
  const where = await rig.load(client, ["ITEM-1"]);
  rig.bench.plant.setItemSensor(where["ITEM-1"] as string, "stuckAbsent");
  const voucher = rig.voucher("ITEM-1");
  const before = rig.motions();
  const begun = await client.call("collect.begin", { voucher });
  assert.ok(begun.ok);
  const { challenge } = begun.value.body;
  const refused = await client.call("collect.release", {
    command: "command-1",
    voucher,
    challenge,
    attestation: rig.attest(voucher, challenge),
  });
  assert.is(code(refused), "vault.contradiction");
  assert.is(code(await client.call("collect.begin", { voucher })), "vault.slotUnknown");
  assert.is(rig.motions(), before);
});

test("an officer's release opens as a receipt does, for its own challenge only", async (t) => {
  const { rig, client } = await started(t);
  await rig.load(client, ["ITEM-1"]);
  const voucher = rig.voucher("ITEM-1");
  const begin = async () => {
    const begun = await client.call("collect.begin", { voucher });
    if (!begun.ok) throw begun.error;
    return begun.value.body.challenge;
  };
  const [first, second] = [await begin(), await begin()];
  const wrong = await client.call("collect.release", {
    command: "command-1",
    voucher,
    challenge: second,
    release: rig.release(voucher, first),
  });
  assert.is(code(wrong), "vault.badProof");
  const done = new Promise<Handover>((resolve) =>
    client.on("handover", (h) =>
      h.phase === "opened" ? rig.takeFrom(h.slot) : h.phase === "done" && resolve(h),
    ),
  );
  const right = await client.call("collect.release", {
    command: "command-2",
    voucher,
    challenge: first,
    release: rig.release(voucher, first),
  });
  assert.is(code(right), "ok");
  assert.is((await done).outcome, "taken");
});

run();
