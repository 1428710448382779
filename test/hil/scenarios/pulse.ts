import * as assert from "uvu/assert";
import { LINES } from "../board.ts";
import { serving } from "../kiosk.ts";
import { pidOf } from "../rig.ts";
import type { Scenario } from "../scenario.ts";
import { WALL } from "../unit.ts";
import { begin, connectVault, loadItem } from "../vault.ts";

/**
 * Waits for the coil, kills both, and says after how many ms the line was low and how often it rose in the next 20 s; by the
 * time that the kernel has counted, which nobody sets.
 */
const kill = (pids: string): string => `exec 9<> <(:)
nap() { read -rt 0.005 -u 9; }
level() { read -r now < ${LINES}/sim_gpio${WALL.coil}/value; }
clock() { read -r up _ < /proc/uptime; up=\${up/./}; }
clock; limit=$((up + 18000))
until level; [ "$now" = 1 ]; do clock; [ $up -lt $limit ] || { echo "no pulse"; exit 3; }; nap; done
clock; began=$up
kill -9 ${pids}
until level; [ "$now" = 0 ]; do nap; done
clock; low=$up
rises=0 before=0 limit=$((up + 2000))
while clock; [ $up -lt $limit ]; do level; [ "$now" = "$before" ] || { before=$now; rises=$((rises + now)); }; nap; done
echo $(((low - began) * 10)) $rises`;

/** A line of GPIO stays driven when its program is killed: the guardian is what ends the pulse. */
export const scenario: Scenario = {
  name: "core and vault killed in the middle of a GPIO pulse",
  run: async (rig, note) => {
    const { guest } = rig;
    const item = await loadItem(rig, WALL.slot);
    const client = await connectVault(rig, "lock.wall");
    try {
      const request = await begin(rig, client, item);
      const killed = guest.sh(kill(`${await pidOf(rig, "core")} ${await pidOf(rig, "vault")}`));
      void client.call("collect.release", request);
      const [ms = Number.NaN, rises] = (await killed).split(" ").map(Number);
      note("both killed until the line was low", ms, "ms", { text: "<= 1000 ms", met: ms <= 1_000 });
      assert.ok(ms <= 1_000, `low after ${ms} ms`);
      assert.is(rises, 0, "the line never rose again");
    } finally {
      client.close();
    }
    await serving(["collection"]);
  },
};
