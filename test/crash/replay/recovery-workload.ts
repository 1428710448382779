import { setLog } from "../../../drivers/kit/index.ts";
import { Provisioner } from "../../../provisioning/activate/index.ts";

/** The real recovery of many units in turn, traced: one on each of the folders that a first cut has left. */
setLog({ level: "error", sink: () => undefined });
const [parent = "", count = "0"] = process.argv.slice(2);
const trial = { restart: async () => undefined, missing: async () => [] };
for (let n = 0; n < Number(count); n++) {
  process.stdout.write(`MARK recovering ${n}\n`);
  await new Provisioner({ state: `${parent}/${n}`, trial }).recover();
  process.stdout.write(`MARK recovered ${n}\n`);
}
process.exit(0);
