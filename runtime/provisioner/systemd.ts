import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Trial, unitTrial } from "../../provisioning/activate/index.ts";
import { askHealth } from "./health.ts";

const run = promisify(execFile);

/** A trial of the services that systemd runs; with none named, whoever calls starts them, and a trial proves nothing. */
export function systemdTrial(state: string, services: readonly string[]): Trial {
  if (services.length === 0) return { restart: async () => undefined, missing: async () => [] };
  return unitTrial({
    restart: async () => {
      await run("systemctl", ["restart", ...services]);
    },
    health: () => askHealth(state),
  });
}
