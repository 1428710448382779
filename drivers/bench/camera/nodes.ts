import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BenchConfig, devicesOf } from "../config.ts";
import type { Plant } from "../plant/index.ts";

/**
 * The device files of USB cameras: a stable name that leads to a numbered node, as udev has it. A node is a file with the
 * camera's role in it, for the bench's `v4l2-ctl`. They come and go with the cable, each time under another number.
 */
export function layCameraNodes(options: { config: BenchConfig; plant: Plant; folder: string }): {
  stop(): void;
} {
  const { plant, folder } = options;
  const cameras = devicesOf(options.config, "camera.v4l2");
  const nodes = new Map<string, string>();
  let next = 0;
  const follow = (): void => {
    for (const { role, path } of cameras) {
      const node = nodes.get(role);
      if (plant.attached(role) === (node !== undefined)) continue;
      rmSync(path, { force: true });
      if (node) {
        rmSync(node, { force: true });
        nodes.delete(role);
        continue;
      }
      // A camera has a second node for metadata, so every other number is skipped.
      const made = join(folder, `video${next}`);
      next += 2;
      mkdirSync(dirname(path), { recursive: true });
      mkdirSync(folder, { recursive: true });
      writeFileSync(made, role);
      symlinkSync(made, path);
      nodes.set(role, made);
    }
  };
  follow();
  const stopListening = plant.onChange(follow);
  return {
    stop: () => {
      stopListening();
      for (const { path } of cameras) rmSync(path, { force: true });
      for (const node of nodes.values()) rmSync(node, { force: true });
    },
  };
}
