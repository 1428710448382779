import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { eventually } from "../../kit.ts";

const NOBODY = 65_534;

/** Flags of the unit's own browser, from the script that is shipped; without the compositor that is not here. */
function shippedFlags(): string[] {
  const script = readFileSync("provisioning/package/browser", "utf8");
  const call = /cage -- chromium ([\s\S]*?)"\$\(cat address\)"/.exec(script)?.[1];
  if (!call) throw new Error("the script starts no browser");
  return call
    .replaceAll("\\\n", " ")
    .split(/\s+/)
    .filter((flag) => flag.startsWith("--") && !/^--(ozone-platform|user-data-dir)=/.test(flag));
}

/** A headless Chromium with the flags and the managed policies of a unit, as a user without rights, with its own sandbox. */
export class UnitBrowser {
  readonly #folder: string;
  readonly #child: ChildProcess;
  #browser: Browser | undefined;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @param entering what a shell does to be within the limit, @param size of its window, px */
  static async open(url: string, entering: string, size: { width: number; height: number }) {
    const folder = mkdtempSync(join(tmpdir(), "guichet-browser-"));
    const profile = join(folder, "profile");
    mkdirSync(join(folder, "policies/managed"), { recursive: true });
    // All of them but the one that hides the page from who moves it.
    const policies = JSON.parse(readFileSync("provisioning/package/policies.json", "utf8")) as object;
    const moved = JSON.stringify({ ...policies, DeveloperToolsAvailability: 1 });
    writeFileSync(join(folder, "policies/managed/guichet.json"), moved);
    mkdirSync(profile);
    for (const path of [folder, profile]) chownSync(path, NOBODY, NOBODY);
    chmodSync(folder, 0o755);
    const flags = [
      ...shippedFlags(),
      "--headless",
      `--user-data-dir=${profile}`,
      `--window-size=${size.width},${size.height}`,
      "--remote-debugging-port=0",
      url,
    ];
    // The policies are laid over those of this machine for this browser alone.
    const script = `${entering}; mkdir -p /etc/chromium/policies && mount --bind ${folder}/policies /etc/chromium/policies &&
      exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups env -i PATH="$PATH" HOME=${folder} XDG_RUNTIME_DIR=${folder} chromium "$@"`;
    const child = spawn("unshare", ["-m", "sh", "-c", script, "sh", ...flags], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    const own = new UnitBrowser(folder, child);
    const active = join(profile, "DevToolsActivePort");
    await eventually(
      "the browser is up",
      () => existsSync(active) && readFileSync(active, "utf8").includes("\n"),
      60_000,
    );
    const [port] = readFileSync(active, "utf8").split("\n");
    own.#browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    await eventually("it shows a page", () => own.#pages().length > 0, 20_000);
    return own;
  }

  #pages = (): Page[] => this.#browser?.contexts()[0]?.pages() ?? [];

  /** The one page that it shows. */
  get page(): Page {
    const [page] = this.#pages();
    if (!page) throw new Error("the browser shows no page");
    return page;
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode === null) this.#child.kill("SIGTERM");
    await gone;
    await this.#browser?.close().catch(() => undefined);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
