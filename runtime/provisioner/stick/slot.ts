import { type FSWatcher, watch } from "node:fs";
import { access } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { defineEvents, Mutex } from "../../../drivers/kit/index.ts";
import type { StickPort } from "./port.ts";

const log = defineEvents("slot", {
  failed: { level: "error", what: "What happened at the port for sticks could not be handled", fields: [] },
});

/** The node is looked for this often although nothing was heard of its folder, ms: a sandbox may have its own view of it. */
const LOOK_MS = 1_000;

/**
 * Watches for the one node under which udev shows the stick in the service port, and nothing else: it comes when the gate
 * has admitted a stick and goes with it. Its folder is watched, which is told of names and never reads a device.
 */
export class StickSlot {
  readonly #node: string;
  readonly #port: StickPort;
  readonly #mutex = new Mutex();
  #watcher: FSWatcher | undefined;
  #looking: NodeJS.Timeout | undefined;
  #there = false;

  constructor(node: string, port: StickPort) {
    this.#node = node;
    this.#port = port;
  }

  /** Looks at once too: a stick may have been there before. */
  start(): void {
    const name = basename(this.#node);
    this.#watcher ??= watch(dirname(this.#node), (_, changed) => changed === name && this.#look());
    this.#watcher.on("error", (error) => log("failed", {}, error));
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS);
    this.#look();
  }

  stop(): void {
    this.#watcher?.close();
    clearInterval(this.#looking);
  }

  #look(): void {
    void this.#mutex
      .run(async () => {
        const there = await access(this.#node).then(
          () => true,
          () => false,
        );
        if (there === this.#there) return;
        this.#there = there;
        // A stick is read while its going is watched for.
        if (there) void this.#port.plugged(this.#node).catch((error: unknown) => log("failed", {}, error));
        else await this.#port.unplugged();
      })
      .catch((error: unknown) => log("failed", {}, error));
  }
}
