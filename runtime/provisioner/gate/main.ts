import { existsSync, type FSWatcher, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Bell, systemClock } from "../../../drivers/kit/index.ts";
import { readBoard } from "../../../provisioning/index.ts";
import { askHealth, runProcess } from "../../ipc/index.ts";
import { UsbGate } from "./gate.ts";

const NODES = "/dev/bus/usb";
/** The bus is looked at this often while the door decides about what is at the service port, and else, ms. */
const DOOR_MS = 1_000;
const IDLE_MS = 10_000;

/** The gate of the USB bus, a process of its own: as root, with no other right than to write these files. */
export async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: "string" },
      board: { type: "string", default: "/etc/guichet/board.json" },
    },
  });
  const { state } = values;
  if (!state) throw new TypeError("usage: usb-gate --state DIR [--board FILE]");
  await runProcess({
    name: "usb-gate",
    state,
    deadlineMs: 10_000,
    start: async () => {
      const board = await readBoard(values.board);
      if (!board.ok) throw board.error;
      const gate = new UsbGate({ usb: board.value.usb, doorOpen: () => doorOpen(state) });
      await gate.checkBoot();
      const [bell, stop] = [new Bell(), new AbortController()];
      const watchers = nodeFolders().map((folder): FSWatcher => watch(folder, () => bell.ring()));
      let waits = await gate.look();
      const loop = (async () => {
        for (;;) {
          await bell.wait(systemClock, waits ? DOOR_MS : IDLE_MS, stop.signal);
          if (stop.signal.aborted) return;
          waits = await gate.look();
        }
      })();
      console.log(JSON.stringify({ ready: "usb-gate" }));
      return {
        stop: async () => {
          stop.abort();
          for (const watcher of watchers) watcher.close();
          await loop;
        },
      };
    },
  });
}

/** The kernel makes a node for each device in the folder of its bus; the nodes themselves are not touched. */
function nodeFolders(): string[] {
  if (!existsSync(NODES)) return [];
  return [NODES, ...readdirSync(NODES).map((bus) => join(NODES, bus))];
}

/** A unit that is nothing yet has no door to ask. Of any other only its core knows; undefined while that cannot say. */
async function doorOpen(state: string): Promise<boolean | undefined> {
  if (!existsSync(join(state, "config", "unit.json"))) return true;
  const said = (await askHealth(state).catch(() => ({}))) as { serviceDoor?: unknown };
  if (said.serviceDoor === "closed") return false;
  return said.serviceDoor === "open" || said.serviceDoor === "none" ? true : undefined;
}
