import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VERSION = "4";
/** What is run, below the folder. */
export const NODE_RED = "node_modules/node-red/red.js";

/** The peer of the measurements: Node-RED in a folder of its own, installed when it is not there. @returns the folder */
export function installNodeRed(): string {
  const folder = join(tmpdir(), "guichet-bench-node-red");
  if (!existsSync(join(folder, NODE_RED))) {
    mkdirSync(folder, { recursive: true });
    execFileSync(
      "npm",
      ["install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", `node-red@${VERSION}`],
      { stdio: "inherit" },
    );
  }
  return folder;
}
