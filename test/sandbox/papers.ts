import { join } from "node:path";
import { centreKeys, makePki } from "../../fleet/server/index.ts";
import { keySetOf, keysIn } from "../../provisioning/keys/index.ts";
import { manufacture, provision } from "../../runtime/dev/unit-files.ts";
import { UNIT, unitPlan } from "../../runtime/dev/unit-plan.ts";

/**
 * One bundle of each kind that a unit needs, on a folder `stick` in place of a stick.
 * @param broker its address, `mqtts://host:port`
 * @returns the board's identity, as the text of its file
 */
export async function papers(folder: string, broker: string): Promise<string> {
  const pki = await makePki(join(folder, "pki"));
  const keys = centreKeys(join(folder, "centre")).public;
  const owner = await keysIn(join(folder, "owner"));
  const identity = { device: "board-1", hardware: "container", keys: keySetOf(Object.values(owner)) };
  await manufacture(join(folder, "state"), identity, await pki.issue(UNIT));
  const plan = unitPlan({
    serialPath: (role) => `/dev/ttyUSB${["lock.main", "finger.front", "printer.receipt"].indexOf(role)}`,
    broker: { url: broker, ca: pki.ca },
    keys: keys.keys,
    sealTo: keys.sealTo,
    screenPort: 8400,
    alwaysOpen: true,
  });
  await provision(join(folder, "state"), join(folder, "stick"), plan, owner);
  return JSON.stringify(identity);
}
