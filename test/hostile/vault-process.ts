import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Plant, startLockBoards } from "../../drivers/bench/index.ts";
import { defer, setLog } from "../../drivers/kit/index.ts";
import type { Ports, SerialFactory } from "../../drivers/ports/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { startVault } from "../../runtime/vault/index.ts";
import { RestlessClock } from "./restless-clock.ts";

/**
 * A vault in a process of its own, as on a unit: its socket is the only way in. The locks are the bench's, whose plant
 * counts what moves; people do at a door what the parent has told them. Started with the folder, the configuration and
 * the senses' key in one JSON argument.
 */
export interface Setup {
  state: string;
  configuration: UnitConfiguration;
  sensesKey: unknown;
}
/** Parent to child: what the person before a slot does when it opens, or a question. */
export type Order = { do: "put" | "take"; slot: string; item: string } | { do: "count" };
export interface Count {
  motions: Record<string, number>;
  items: { code: string; place: string }[];
}

setLog({ level: "error", sink: () => undefined });
const setup = JSON.parse(process.argv[2] ?? "{}") as Setup;
const { configuration } = setup;
for (const folder of ["config", "vault", "attestation"])
  mkdirSync(join(setup.state, folder), { recursive: true });
writeFileSync(join(setup.state, "config", "unit.json"), JSON.stringify(configuration));
writeFileSync(join(setup.state, "attestation", "senses.pub.json"), JSON.stringify(setup.sensesKey));

const clock = new RestlessClock();
const plant = new Plant({ config: configuration, people: [], draw: async () => new Uint8Array() });
const lines = new Map<
  string,
  { toBoard: (bytes: Uint8Array) => void; toDriver: (bytes: Uint8Array) => void }
>();
for (const device of configuration.devices) {
  if (device.driver !== "lock.kerong") continue;
  const line = {
    toBoard: (_: Uint8Array): void => undefined,
    toDriver: (_: Uint8Array): void => undefined,
  };
  lines.set(device.port.path, line);
  startLockBoards(
    {
      onBytes: (listener) => {
        line.toBoard = listener;
      },
      send: (bytes) => line.toDriver(bytes),
    },
    [device],
    plant,
    clock,
  );
}
const serial: SerialFactory = async ({ path }) => {
  const line = lines.get(path);
  if (!line) throw new TypeError(path);
  const closed = defer<void>();
  return {
    write: async (bytes) => line.toBoard(bytes),
    onData: (listener) => {
      line.toDriver = listener;
    },
    setBaudRate: async () => undefined,
    closed: closed.promise,
    close: async () => closed.resolve(),
  };
};

const orders = new Map<string, Exclude<Order, { do: "count" }>>();
plant.onEvent(({ about, what }) => {
  if (what !== "latch springs open") return;
  const order = orders.get(about);
  orders.delete(about);
  void clock.sleep(300).then(() => {
    plant.openDoor(about);
    if (order?.do === "put") plant.putItem(about, order.item);
    if (order?.do === "take") plant.takeItem(about);
    plant.closeDoor(about);
  });
});
process.on("message", (order: Order) => {
  if (order.do !== "count") return void orders.set(order.slot, order);
  const items = plant.ledgerOfItems().map(({ code, place }) => ({ code, place }));
  process.send?.({ motions: plant.motions(), items } satisfies Count);
});
process.once("disconnect", () => process.exit(0));

await startVault({ state: setup.state, ports: { serial } as unknown as Ports, clock });
