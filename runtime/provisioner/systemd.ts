import { existsSync, watch } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Bell, type Clock } from "../../drivers/kit/index.ts";
import { type Trial, unitTrial } from "../../provisioning/activate/index.ts";
import { askHealth } from "../ipc/index.ts";

/** The folder is looked at this often although nothing was heard of it, ms. */
const LOOK_MS = 1_000;

/**
 * A trial of the services that systemd runs. The provisioner has no right to restart a service: it leaves `wanted` in
 * `run/restart`, a unit of systemd that watches for it restarts them and takes it away. Where that folder is not, whoever
 * calls starts the processes, and a trial proves nothing.
 */
export function systemdTrial(state: string, clock: Clock): Trial {
  const folder = join(state, "run", "restart");
  if (!existsSync(folder)) return { restart: async () => undefined, missing: async () => [] };
  return unitTrial({ restart: () => askForRestart(folder, clock), health: () => askHealth(state), clock });
}

/** Resolves when the services have been restarted, or could not be. */
export async function askForRestart(folder: string, clock: Clock): Promise<void> {
  const wanted = join(folder, "wanted");
  const bell = new Bell();
  const watcher = watch(folder, () => bell.ring());
  try {
    await writeFile(wanted, "", { mode: 0o600 });
    while (existsSync(wanted)) await bell.wait(clock, LOOK_MS);
  } finally {
    watcher.close();
  }
}
