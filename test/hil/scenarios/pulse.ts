import { connect } from "node:net";
import * as assert from "uvu/assert";
import { newId } from "../../../drivers/kit/index.ts";
import { itemHashOf, signJws } from "../../../fleet/contract/index.ts";
import { Peer, vaultEvents, vaultMethods } from "../../../runtime/ipc/index.ts";
import { LINES } from "../board.ts";
import { PORTS } from "../guest.ts";
import { serving } from "../kiosk.ts";
import { pidOf } from "../rig.ts";
import { type Scenario, until } from "../scenario.ts";
import { WALL } from "../unit.ts";

const ITEM = `ITEM-${newId().slice(-6)}`;

/** Puts into the ledger what two people would have: the item in the slot. The vault is down meanwhile. */
const load = (): string => `systemctl stop guichet-vault
node -e 'const { Database } = require("/usr/lib/guichet/native/node_sqlite3.node");
const db = new Database("/var/lib/guichet/vault/ledger.db", 2, (failed) => {
  if (failed) throw failed;
  db.exec("UPDATE slots SET state = \\"loaded\\", item_hash = \\"${itemHashOf(ITEM)}\\" WHERE slot = \\"${WALL.slot}\\"", (failed) => {
    if (failed) throw failed;
    db.close(() => undefined);
  });
});'
chown guichet-vault: /var/lib/guichet/vault/*
systemctl start guichet-vault`;

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
    const { guest, around } = rig;
    const { plant } = around.bench;
    plant.openDoor(WALL.slot, true);
    plant.putItem(WALL.slot, ITEM);
    plant.closeDoor(WALL.slot);
    await rig.board.settled();
    await guest.sh(load());
    await guest.sh(
      `systemctl is-active -q hil-vault.socket || systemd-run --quiet --unit=hil-vault --socket-property=ListenStream=10.0.2.15:${PORTS.vault} /usr/lib/systemd/systemd-socket-proxyd /run/guichet/vault/socket`,
    );
    await until(
      "the vault listens",
      async () => (await guest.run("test -S /run/guichet/vault/socket")).status === 0,
    );
    const client = new Peer(connect(PORTS.vault, "127.0.0.1"), {
      remote: vaultMethods,
      incoming: vaultEvents,
    });
    try {
      await until("the lock is ready", async () => {
        const status = await client.call("status", {});
        if (!status.ok) throw status.error;
        const { ready, devices } = status.value.body;
        return ready && devices.some(({ role, lifecycle }) => role === "lock.wall" && lifecycle === "ready");
      });
      const { sign } = around.centre.context.keys;
      const now = Math.floor(Date.now() / 1_000);
      const { unit } = around.configuration;
      const dated = { v: 1 as const, unit, nbf: now - 600, exp: now + 600 };
      const id = `v-${newId()}`;
      const voucher = signJws(
        "guichet.voucher.v1",
        { ...dated, id, item: ITEM, reference: `${rig.nonce}-000042-7`, seq: 1 },
        sign.voucher,
      );
      const begun = await client.call("collect.begin", { voucher });
      if (!begun.ok) throw begun.error;
      const { challenge } = begun.value.body;
      const release = signJws(
        "guichet.release.v1",
        { v: 1, unit, voucher: id, challenge, operator: "officer-1", exp: now + 600 },
        sign.release,
      );
      const killed = guest.sh(kill(`${await pidOf(rig, "core")} ${await pidOf(rig, "vault")}`));
      void client.call("collect.release", { command: newId(), voucher, challenge, release });
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
