import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { b64u } from "../../../drivers/kit/index.ts";

/** What the core shares with the service of the browser. */
export interface Panel {
  /** What admits the page: made once a boot, so that a page outlives the core that it belongs to. */
  token: string;
  /** To be called whenever the page has drawn. */
  onPainted(): void;
  /** Leaves the address for the browser. */
  serves(url: string): void;
}

/**
 * The folder `run/screen`, which the package makes anew at each boot in memory and only core and browser can read;
 * undefined where there is none. It holds `address`, what the browser opens, and `painted`, whose time says when the page
 * last drew.
 */
export function openPanel(state: string): Panel | undefined {
  const folder = join(state, "run", "screen");
  if (!existsSync(folder)) return undefined;
  const [address, painted] = [join(folder, "address"), join(folder, "painted")];
  const old = existsSync(address)
    ? new URL(readFileSync(address, "utf8").trim()).searchParams.get("t")
    : null;
  return {
    token: old ?? b64u(randomBytes(24)),
    onPainted: () => {
      const now = new Date();
      if (existsSync(painted)) utimesSync(painted, now, now);
      else writeFileSync(painted, "");
    },
    serves: (url) => {
      writeFileSync(`${address}.new`, `${url}\n`, { mode: 0o600 });
      // For the browser's group, whatever the umask is.
      chmodSync(`${address}.new`, 0o640);
      renameSync(`${address}.new`, address);
    },
  };
}
