import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { deviceFault } from "../../contract/index.ts";
import type { Fault } from "../../kit/index.ts";
import { type Ended, type Group, isWholeJpeg, startGroup } from "../../ports/index.ts";
import { EXIT } from "./exit.ts";
import type { StillFolder } from "./memory.ts";

export interface StillOrder {
  index: number;
  width: number;
  height: number;
  folder: StillFolder;
  helper: string;
  limitMs: number;
}

/** The helper beside this module: its source while developing, its bundle in a unit. */
export function defaultHelper(): string {
  const name = import.meta.url.endsWith(".ts") ? "./still-helper.ts" : "./still-helper.mjs";
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Starts the helper that takes one still. It ends itself a little after `limitMs` when nobody else does. */
export function startStill(order: StillOrder): Group {
  const loader = order.helper.endsWith(".ts") ? ["--import", createRequire(order.helper).resolve("tsx")] : [];
  const numbers = [order.index, order.width, order.height].map(String);
  return startGroup(
    process.execPath,
    [...loader, order.helper, ...numbers, order.folder.file, String(order.limitMs + 1_000)],
    { path: `${order.folder.bin}:/usr/bin:/bin` },
  );
}

/** Takes the picture out of the file, which is gone then. Throws the fault that the helper's end stands for. */
export function collectStill(order: StillOrder, ended: Ended): Uint8Array {
  try {
    const fault = faultOf(order.index, ended);
    if (fault) throw fault;
    const jpeg = take(order.folder.file);
    if (!jpeg || !isWholeJpeg(jpeg)) throw deviceFault("protocol", { index: order.index, reason: "noJpeg" });
    return jpeg;
  } finally {
    rmSync(order.folder.file, { force: true });
  }
}

function faultOf(index: number, { exit }: Ended): Fault | undefined {
  if (exit === EXIT.taken) return undefined;
  if (exit === EXIT.noCamera) return deviceFault("absent", { index });
  return deviceFault("fault", { index, exit: exit ?? "killed" });
}

function take(file: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch {
    return undefined;
  }
  try {
    rmSync(file);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
