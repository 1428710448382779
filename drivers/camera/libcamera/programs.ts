import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { deviceFault } from "../../contract/index.ts";

/** Names since Debian 12 first; the old ones were kept as links for a while and are now missing on some systems. */
const PREFIXES = ["rpicam", "libcamera"] as const;

export interface Programs {
  still: string;
  vid: string;
}

/** The camera programs in the first folder that has both. Rejects with `device.absent`. */
export async function findPrograms(folders: readonly string[]): Promise<Programs> {
  for (const folder of folders.filter((name) => isAbsolute(name))) {
    for (const prefix of PREFIXES) {
      const found = { still: join(folder, `${prefix}-still`), vid: join(folder, `${prefix}-vid`) };
      const runs = await Promise.all(
        Object.values(found).map((file) =>
          access(file, constants.X_OK).then(
            () => true,
            () => false,
          ),
        ),
      );
      if (runs.every(Boolean)) return found;
    }
  }
  throw deviceFault("absent", { reason: "noProgram" });
}

/**
 * Whether the list that `--list-cameras` printed names this camera: its sensor, "absent", or "unknown" where the text is
 * no list (an older program without that option).
 */
export function findInList(text: string, index: number): { sensor: string } | "absent" | "unknown" {
  if (/no cameras available/i.test(text)) return "absent";
  if (!/available cameras/i.test(text)) return "unknown";
  for (const [, number, sensor] of text.matchAll(/^\s*(\d+)\s*:\s*([\w.-]+)/gm)) {
    if (Number(number) === index && sensor) return { sensor: sensor.slice(0, 40) };
  }
  return "absent";
}
