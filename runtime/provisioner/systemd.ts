import { existsSync, watch } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Bell, type Clock } from "../../drivers/kit/index.ts";
import { type Trial, unitTrial } from "../../provisioning/activate/index.ts";
import { askHealth } from "../ipc/index.ts";

/** The folder is looked at this often although nothing was heard of it, ms. */
const LOOK_MS = 1_000;

/** Without these the service of the browser does not start (`guichet-browser.path`). */
const BROWSER = ["/usr/bin/cage", "/usr/bin/chromium"];

/**
 * A trial of the services that systemd runs. The provisioner has no right to restart a service: it leaves `wanted` in
 * `run/restart`, a unit of systemd that watches for it restarts them and takes it away. Where that folder is not, whoever
 * calls starts the processes, and a trial proves nothing.
 * @param browser what has to be installed for a screen to be painted
 */
export function systemdTrial(state: string, clock: Clock, browser: readonly string[] = BROWSER): Trial {
  const folder = join(state, "run", "restart");
  if (!existsSync(folder)) return { restart: async () => undefined, missing: async () => [] };
  return unitTrial({
    restart: () => askForRestart(folder, clock),
    health: () => askHealth(state),
    hasScreen: () => browser.every((program) => existsSync(program)),
    clock,
  });
}

/** A restart is given up after this long (`guichet-restart.service`), ms. */
const RESTART_MS = 110_000;

/**
 * Resolves when the services have been restarted, or could not be. A wish from before, whose restart is still under way, is
 * waited for: at its end it would take this one away with it, and nothing would have read the new generation.
 */
export async function askForRestart(folder: string, clock: Clock): Promise<void> {
  const wanted = join(folder, "wanted");
  const bell = new Bell();
  const watcher = watch(folder, () => bell.ring());
  try {
    const end = clock.mono() + RESTART_MS;
    while (existsSync(wanted) && clock.mono() < end) await bell.wait(clock, LOOK_MS);
    await writeFile(wanted, "", { mode: 0o600 });
    while (existsSync(wanted)) await bell.wait(clock, LOOK_MS);
  } finally {
    watcher.close();
  }
}
