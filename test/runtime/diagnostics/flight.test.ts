import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { readFlight } from "../../../drivers/flight/format.ts";
import { systemPorts } from "../../../drivers/ports/index.ts";
import { replay } from "../../../drivers/replay/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { eventually, suite } from "../../kit.ts";
import { vaultRig } from "../../support/vault-rig.ts";

const { test, run } = suite("flight recorder of a running vault");

test("a cable that is pulled leaves one file below the unit's state, and the file plays the same fault again", async (t) => {
  const rig = await vaultRig(t);
  const vault = await startVault({ state: rig.state, ports: systemPorts() });
  t.after(() => vault.stop());
  const client = await rig.client();
  await client.call("status", {});
  rig.bench.plant.unplug("lock.main");
  const folder = join(rig.state, "vault", "flights");
  const file = await eventually("it is written", () =>
    existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".jsonl")) : undefined,
  );
  assert.match(file, /^\d{8}T\d{9}Z-lock\.main\.jsonl$/);
  assert.is(statSync(join(folder, file)).mode & 0o777, 0o600);
  const flight = readFlight(readFileSync(join(folder, file), "utf8"));
  assert.ok(flight.ok);
  const { header } = flight.value;
  assert.is(header.process, "vault");
  assert.is(header.code, "device.absent");
  const played = await replay(flight.value);
  assert.ok(played.ok);
  const { recorded, replayed } = played.value;
  assert.ok(recorded.faults.includes("failed device.absent"));
  // On a machine that is busy elsewhere the bench itself may be late before.
  assert.ok(replayed.faults.includes("failed device.absent"), JSON.stringify(played.value));
});

run();
