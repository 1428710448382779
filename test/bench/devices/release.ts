import { execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemPorts } from "../../../drivers/ports/index.ts";
import { openStore } from "../../../drivers/store/index.ts";
import { itemHashOf } from "../../../fleet/contract/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { buildVaultProgram } from "../../support/vault-program.ts";
import { type VaultRig, vaultRig } from "../../support/vault-rig.ts";
import { handoverOf, newCommand } from "../../support/vault-wire.ts";

export interface Way {
  /** From the release with its voucher, ms. */
  ms: number;
  /** Of that: how often and how long, ms, the vault waited for what it wrote to be durable. */
  waits: number;
  waitedMs: number;
}

export interface Release {
  /** To the first byte on the lock's bus: the board is asked how the slot stands. */
  asked: Way;
  /** To the unlock that the plant feels; the board's answer, and the silence that a second one would break, lie between. */
  moved: Way;
}

const SLOTS = 16;
const QUIET_MS = 500;
const itemOf = (slot: number): string => `ITEM-${slot}`;

/** Puts an item into every slot, in the ledger and in the plant. */
async function fill(rig: VaultRig): Promise<void> {
  await (await startVault({ state: rig.state, ports: systemPorts() })).stop();
  const store = await openStore(join(rig.state, "vault", "ledger.db"), { migrations: [] });
  for (let slot = 1; slot <= SLOTS; slot++) {
    await store.tx((s) =>
      s.run(
        "UPDATE slots SET state = 'loaded', item_hash = ? WHERE slot = ?",
        itemHashOf(itemOf(slot)),
        String(slot),
      ),
    );
    rig.bench.plant.openDoor(String(slot), true);
    rig.bench.plant.putItem(String(slot), itemOf(slot));
    rig.bench.plant.closeDoor(String(slot));
  }
  await store.close();
}

/** The library that is laid before the vault's own waits for the disk. */
function buildLibrary(folder: string): string {
  const library = join(folder, "slow-sync.so");
  execFileSync("gcc", ["-O2", "-shared", "-fPIC", "-o", library, "test/bench/devices/slow-sync.c", "-ldl"]);
  return library;
}

/**
 * Releases an item from each slot of a vault in a process of its own.
 * @param syncMs added to each wait for the disk, ms
 * @param sealing a second process seals packets of 2 MB all the time, as a core may
 */
export async function measureReleases(options: { syncMs: number; sealing: boolean }): Promise<Release[]> {
  const folder = mkdtempSync(join(tmpdir(), "guichet-release-"));
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    let onByte: () => void = () => undefined;
    const rig = await vaultRig({ after: (fn) => undo.push(fn) }, SLOTS, undefined, (line) => ({
      send: (bytes) => line.send(bytes),
      onBytes: (listener) =>
        line.onBytes((chunk) => {
          onByte();
          listener(chunk);
        }),
    }));
    await fill(rig);
    const program = await buildVaultProgram(folder);
    const library = buildLibrary(folder);
    const counts = join(folder, "syncs");
    writeFileSync(counts, Buffer.alloc(16));
    const env = {
      ...process.env,
      LD_PRELOAD: library,
      GUICHET_SYNC_FILE: counts,
      GUICHET_SYNC_MS: String(options.syncMs),
      GUICHET_LOG: "error",
    };
    const vault = spawn(process.execPath, [program, rig.state], {
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    undo.push(async () => {
      vault.kill("SIGKILL");
      if (vault.exitCode === null && vault.signalCode === null) await once(vault, "exit");
    });
    if (options.sealing) {
      const core = fork("test/bench/devices/sealing.ts", { execArgv: ["--import", "tsx"] });
      undo.push(() => core.kill("SIGKILL"));
      await once(core, "message");
    }
    const client = await rig.client();
    const read = () => {
      const bytes = readFileSync(counts);
      return { waits: Number(bytes.readBigUInt64LE(0)), ms: Number(bytes.readBigUInt64LE(8)) / 1e6 };
    };
    const releases: Release[] = [];
    for (let slot = 1; slot <= SLOTS; slot++) {
      const voucher = rig.voucher(itemOf(slot));
      const begun = await client.call("collect.begin", { voucher });
      if (!begun.ok) throw begun.error;
      const { challenge } = begun.value.body;
      const attestation = rig.attest(voucher, challenge);
      const done = handoverOf(client, String(slot), (name) => rig.takeFrom(name));
      const motions = rig.motions();
      // The looks at the hand-over before are over.
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      const before = read();
      const from = performance.now();
      const way = (): Way => {
        const { waits, ms } = read();
        return { ms: performance.now() - from, waits: waits - before.waits, waitedMs: ms - before.ms };
      };
      const asked = new Promise<Way>((tell) => {
        onByte = () => {
          onByte = () => undefined;
          tell(way());
        };
      });
      const moved = new Promise<Way>((tell) => {
        const off = rig.bench.plant.onChange(() => {
          if (rig.motions() === motions) return;
          off();
          tell(way());
        });
      });
      const accepted = await client.call("collect.release", {
        command: newCommand(),
        voucher,
        challenge,
        attestation,
      });
      if (!accepted.ok) throw accepted.error;
      const release = { asked: await asked, moved: await moved };
      // The first commit after a start also makes the head of SQLite's log durable.
      if (slot > 1) releases.push(release);
      const { outcome } = await done;
      if (outcome !== "taken") throw new Error(`a hand-over ended ${outcome}`);
    }
    client.close();
    return releases;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}
