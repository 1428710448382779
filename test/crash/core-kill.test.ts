import * as assert from "uvu/assert";
import { startVault } from "../../runtime/vault/index.ts";
import { eventually, suite } from "../kit.ts";
import { newCommand, wireRig } from "../support/vault-wire.ts";

/** The core dies at each named step of a hand-over; the vault finishes alone and tells the next core. */
const { test, run } = suite("core kill");

const STEPS = [
  "before-intent",
  "intent",
  "before-issued",
  "issued",
  "sent",
  "latch-seen",
  "opened",
  "closed",
  "before-outcome",
  "outcome",
];

for (const at of STEPS) {
  test(`the core dies at ${at}: taken, one unlock, and the same command gets the stored answer`, async (t) => {
    const rig = await wireRig(t, { slots: 1 });
    await rig.seed({ "ITEM-1": "1" });
    const reached: string[] = [];
    let die: () => void = () => undefined;
    const client = await rig.start(startVault, {
      step: (name) => {
        reached.push(name);
        if (name === at) die();
      },
    });
    die = () => client.close();
    const voucher = rig.papers.voucher("ITEM-1");
    const begun = await client.call("collect.begin", { voucher });
    assert.ok(begun.ok);
    const { challenge } = begun.value.body;
    const attestation = rig.papers.attest(voucher, challenge);
    const request = { command: newCommand(), voucher, challenge, attestation };
    void client.call("collect.release", request);
    await eventually("the latch was seen open", () => reached.includes("opened"));
    rig.takeFrom("1");
    await client.closed;
    const next = await rig.client();
    const outcome = await eventually("the outcome", async () => {
      const answer = await next.call("collect.outcome", { command: request.command });
      return answer.ok && answer.value.body.handover?.outcome;
    });
    assert.is(outcome, "taken");
    const again = await next.call("collect.release", request);
    assert.ok(again.ok);
    assert.equal([again.value.body.phase, again.value.body.outcome], ["done", "taken"]);
    const journal = await next.call("journal.read", { after: 0 });
    assert.ok(journal.ok);
    const rows = journal.value.body.rows.filter(({ event }) => event === "handover.outcome");
    assert.equal(
      rows.map((row) => row.outcome),
      ["taken"],
    );
    assert.equal(reached, STEPS);
    assert.equal([rig.unlocks(), rig.plant.motions()["1"]], [1, 1]);
  });
}

run();
