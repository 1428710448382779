import * as assert from "uvu/assert";
import { eventually } from "../../kit.ts";
import { wireRig } from "../../support/vault-wire.ts";
import { code, type Scenario } from "./rules.ts";

/** A hijacked core shows credentials again that staff have shown it, while they are not here. */
export const staffHere: Record<string, Scenario> = {
  "what staff have shown opens no second exchange where no switch tells that they are here": async (
    t,
    start,
  ) => {
    const rig = await wireRig(t);
    const client = await rig.start(start);
    const credentials = [rig.papers.credential("anna"), rig.papers.credential("bert")];
    const begun = await client.call("exchange.begin", { credentials });
    assert.ok(begun.ok);
    assert.is(code(await client.call("exchange.end", { exchange: begun.value.body.exchange })), "ok");
    assert.is(code(await client.call("exchange.begin", { credentials })), "vault.credentialUsed");
    await rig.stop();
    const later = await rig.start(start);
    const mixed = [credentials[0] as string, rig.papers.credential("carl")];
    assert.is(code(await later.call("exchange.begin", { credentials: mixed })), "vault.credentialUsed");
    // Carl's was refused beside it, and was not used.
    const fresh = [rig.papers.credential("carl"), rig.papers.credential("dora")];
    assert.is(code(await later.call("exchange.begin", { credentials: fresh })), "ok");
  },

  "where there is a service switch, credentials open nothing while it is not seen on": async (t, start) => {
    const role = "switch.service";
    const rig = await wireRig(t, { serviceSwitch: role });
    await rig.seed({ "ITEM-1": "1" });
    const client = await rig.start(start);
    const credentials = [rig.papers.credential("anna"), rig.papers.credential("bert")];
    const begin = () => client.call("exchange.begin", { credentials });
    assert.is(code(await begin()), "vault.staffAbsent");
    rig.inputs.set(role, 1);
    const begun = await begin();
    assert.ok(begun.ok);
    const { exchange } = begun.value.body;
    const unload = () => client.call("exchange.unload", { exchange, slot: "1" });
    rig.inputs.set(role, 0);
    assert.is(code(await unload()), "vault.staffAbsent");
    rig.inputs.delete(role);
    assert.is(code(await unload()), "vault.staffAbsent");
    assert.is(rig.unlocks(), 0);
    assert.is(code(await client.call("exchange.end", { exchange })), "ok");
    // Staff who come back need no new ones.
    rig.inputs.set(role, 1);
    await eventually("the switch is read again", async () => {
      const status = await client.call("status", {});
      return status.ok && status.value.body.serviceSwitch;
    });
    assert.is(code(await begin()), "ok");
  },
};
