import { connect } from "node:net";
import { newId } from "../../drivers/kit/index.ts";
import { itemHashOf, signJws } from "../../fleet/contract/index.ts";
import { Peer, vaultEvents, vaultMethods } from "../../runtime/ipc/index.ts";
import type { VaultClient } from "../support/vault-client.ts";
import { PORTS } from "./guest.ts";
import type { HilRig } from "./rig.ts";
import { until } from "./scenario.ts";

const SOCKET = "/run/guichet/vault/socket";

const WAY = `systemctl is-active -q hil-vault.socket || systemd-run --quiet --unit=hil-vault --socket-property=ListenStream=10.0.2.15:${PORTS.vault} /usr/lib/systemd/systemd-socket-proxyd ${SOCKET}`;

const ledger = (slot: string, item: string): string => `node -e '
const { Database } = require("/usr/lib/guichet/native/node_sqlite3.node");
const db = new Database("/var/lib/guichet/vault/ledger.db", 2, (failed) => {
  if (failed) throw failed;
  db.exec("UPDATE slots SET state = \\"loaded\\", item_hash = \\"${itemHashOf(item)}\\" WHERE slot = \\"${slot}\\"", (failed) => {
    if (failed) throw failed;
    db.close(() => undefined);
  });
});'
chown guichet-vault: /var/lib/guichet/vault/*`;

/** Does what two people would: a new document lies in the closed slot, and the ledger says so. @returns its code */
export async function loadItem(rig: HilRig, slot: string): Promise<string> {
  const { plant } = rig.around.bench;
  const item = `ITEM-${newId().slice(-6)}`;
  await rig.guest.sh("systemctl stop guichet-vault");
  plant.openDoor(slot, true);
  if (plant.ledgerOfItems().some(({ place }) => place === slot)) plant.takeItem(slot);
  plant.putItem(slot, item);
  plant.closeDoor(slot);
  await rig.board.settled();
  await rig.guest.sh(`${ledger(slot, item)}\nsystemctl start guichet-vault`);
  return item;
}

/** Asks the vault, once it has judged everything that is open and its lock is ready. The caller closes the client. */
export async function connectVault(rig: HilRig, lock: string): Promise<VaultClient> {
  const { guest } = rig;
  await until("the vault listens", async () => (await guest.run(`test -S ${SOCKET}`)).status === 0);
  // systemd takes no orders before its bus is up, which may be later.
  await until("there is a way to the vault", async () => (await guest.run(WAY)).status === 0);
  const client: VaultClient = new Peer(connect(PORTS.vault, "127.0.0.1"), {
    remote: vaultMethods,
    incoming: vaultEvents,
  });
  await until("the vault and its lock are ready", async () => {
    const status = await client.call("status", {});
    if (!status.ok) throw status.error;
    const { ready, devices } = status.value.body;
    return ready && devices.some(({ role, lifecycle }) => role === lock && lifecycle === "ready");
  });
  return client;
}

/** What a hand-over of an item takes: the centre's voucher for it, and an officer's release of the vault's challenge. */
export async function begin(rig: HilRig, client: VaultClient, item: string) {
  const { context } = rig.around.centre;
  const { unit } = rig.around.configuration;
  const now = Math.floor(Date.now() / 1_000);
  const id = `v-${newId()}`;
  const dated = { v: 1 as const, unit, nbf: now - 600, exp: now + 3_600 };
  const voucher = signJws(
    "guichet.voucher.v1",
    { ...dated, id, item, reference: `${rig.nonce}-000042-7`, seq: 1 },
    context.keys.sign.voucher,
  );
  const begun = await client.call("collect.begin", { voucher });
  if (!begun.ok) throw begun.error;
  const { challenge } = begun.value.body;
  const release = signJws(
    "guichet.release.v1",
    { v: 1, unit, voucher: id, challenge, operator: "officer-1", exp: now + 3_600 },
    context.keys.sign.release,
  );
  return { command: newId(), voucher, challenge, release };
}
