import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bench, benchSerialPath, startBench } from "../../drivers/bench/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import type { TestContext } from "../kit.ts";
import { unitConfiguration } from "./unit.ts";
import { connectVault, untilServing, type VaultClient } from "./vault-client.ts";
import { makePapers, type Papers } from "./vault-papers.ts";

/** A plant with one lock board, the keys of a centre, and a state folder for a vault. */
export interface VaultRig extends Papers {
  state: string;
  bench: Bench;
  configuration: UnitConfiguration;
  client(): Promise<VaultClient>;
  /** Unlocks that the plant has felt. */
  motions(): number;
  /** Plays staff: loads items through the exchange. */
  load(client: VaultClient, items: string[]): Promise<Record<string, string>>;
  /** Plays the person at the slot: opens the door that is unlatched, takes the item, closes it. */
  takeFrom(slot: string): void;
}

/**
 * @param device in place of the serial lock board; its role is `lock.main`
 * @param between lays something between a serial line and its simulator
 */
export async function vaultRig(
  t: Pick<TestContext, "after">,
  slots = 4,
  device?: UnitConfiguration["devices"][number],
  between?: Parameters<typeof startBench>[0]["between"],
): Promise<VaultRig> {
  const root = mkdtempSync(join(tmpdir(), "guichet-vault-"));
  const state = join(root, "unit");
  const benchDir = join(root, "bench");
  const papers = makePapers("kt-01");
  const { keys, senses } = papers;
  const names = Array.from({ length: slots }, (_, i) => String(i + 1));
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: Object.values(keys).map((key) => key.public),
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    },
    devices: [
      device ?? {
        role: "lock.main",
        driver: "lock.kerong",
        port: { path: benchSerialPath(benchDir, "lock.main"), baudRate: 19_200 },
        board: 0,
        compartments: slots,
        lockedBit: 1,
        itemBit: 1,
        pulseMs: 200,
      },
    ],
    slots: names.map((slot, compartment) => ({ slot, lock: "lock.main", compartment })),
  });
  mkdirSync(join(state, "config"), { recursive: true });
  mkdirSync(join(state, "vault"), { recursive: true });
  mkdirSync(join(state, "attestation"), { recursive: true });
  writeFileSync(join(state, "config", "unit.json"), JSON.stringify(configuration));
  writeFileSync(join(state, "attestation", "senses.pub.json"), JSON.stringify(senses.public));
  const bench = await startBench({
    config: configuration,
    dir: benchDir,
    seed: 1,
    panelPort: 0,
    ...(between ? { between } : {}),
  });
  t.after(async () => {
    await bench.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const rig: VaultRig = {
    state,
    bench,
    configuration,
    client: async () => {
      const client = await connectVault(state);
      t.after(() => client.close());
      return untilServing(client, (device) => device.class === "lock");
    },
    ...papers,
    motions: () => Object.values(bench.plant.motions()).reduce((a, b) => a + b, 0),
    takeFrom: (slot) => {
      bench.plant.openDoor(slot);
      bench.plant.takeItem(slot);
      bench.plant.closeDoor(slot);
    },
    load: async (client, items) => {
      const begun = await client.call("exchange.begin", {
        credentials: [rig.credential("anna"), rig.credential("bert")],
      });
      if (!begun.ok) throw begun.error;
      const { exchange } = begun.value.body;
      const where: Record<string, string> = {};
      for (const item of items) {
        const stored = new Promise<string>((resolve) => {
          const off = client.on("exchange", ({ phase, slot }) => {
            if (phase === "opened") {
              bench.plant.openDoor(slot);
              bench.plant.putItem(slot, item);
              bench.plant.closeDoor(slot);
            }
            if (phase !== "unlocked" && phase !== "opened") {
              off();
              resolve(phase);
            }
          });
        });
        const loaded = await client.call("exchange.load", {
          exchange,
          item,
          assignment: rig.assignment(item),
        });
        if (!loaded.ok) throw loaded.error;
        where[item] = loaded.value.body.slot;
        const phase = await stored;
        if (phase !== "stored") throw new Error(`loading ended ${phase}`);
      }
      const ended = await client.call("exchange.end", { exchange });
      if (!ended.ok) throw ended.error;
      return where;
    },
  };
  return rig;
}
