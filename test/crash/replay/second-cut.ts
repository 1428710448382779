import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CrashMode, Disk } from "./disk.ts";
import { record } from "./record.ts";
import type { TraceEvent } from "./trace.ts";

/** A unit that went down: what is on its disk, and where it may stand after that, each as text. */
export interface Start {
  disk: Disk;
  may: readonly string[];
}

/** @returns what is wrong with a unit that starts on the image, and where it stands */
export type Look = (may: readonly string[]) => Promise<{ wrong: string[]; stands: string }>;

export interface SecondCut {
  /** Root of the disks' names. */
  root: string;
  image: string;
  /** The workload that recovers, and where its log goes. */
  script: string;
  log: string;
  random: () => number;
  look: Look;
  /** For mutants: ends with the first start after which a unit is wrong. */
  untilBad?: boolean;
}

/**
 * Cuts the power at every system call of the recoveries from the given starts, builds what each may leave, and starts a
 * unit on it. What a second cut leaves that no cut has left before is recovered from in turn, and cut there, until there
 * is nothing new. What a recovery has found, once it has ended, is to be found after every cut that follows.
 * @returns how many images there were, how many recoveries were traced, and what was wrong how often
 */
export async function cutRecoveries(starts: readonly Start[], options: SecondCut) {
  const { root, image, random, look, untilBad = false } = options;
  const wrong = new Map<string, number>();
  const traces = new Map<string, TraceEvent[]>();
  let [images, bad] = [0, 0];
  for (let wave = starts; wave.length > 0; ) {
    await trace(wave, traces, options);
    const next: Start[] = [];
    for (const start of wave) {
      if (untilBad && bad > 0) break;
      const disk = start.disk.afterKill();
      let may = start.may;
      for (const event of traces.get(start.disk.fingerprint) ?? []) {
        disk.apply(event);
        if (event.kind === "syncStart") continue;
        const modes: CrashMode[] = disk.atRisk > 0 ? ["kept", "dropped", "torn"] : ["kept"];
        for (const mode of modes) {
          const left = disk.afterCut(mode, random);
          left.writeImage(root, image, "kept", random);
          images++;
          const { wrong: found, stands } = await look(may);
          if (event.kind === "mark" && mode === "kept" && event.text.startsWith("recovered")) may = [stands];
          if (found.length > 0) bad++;
          for (const text of new Set(found)) wrong.set(text, (wrong.get(text) ?? 0) + 1);
          if (mode !== "torn" && !traces.has(left.fingerprint)) next.push({ disk: left, may });
        }
      }
    }
    wave = untilBad && bad > 0 ? [] : oncePerLook(next);
  }
  return { images, bad, wrong, recoveries: traces.size };
}

/** Each once that looks the same, may stand at the same, and has nothing to lose. */
export function oncePerLook(starts: readonly Start[]): Start[] {
  const seen = new Map<string, Start>();
  starts.forEach((start, n) => {
    const { fingerprint, atRisk } = start.disk;
    seen.set(atRisk > 0 ? String(n) : `${fingerprint} ${start.may.join(" or ")}`, start);
  });
  return [...seen.values()];
}

/** Lets the real code recover on every disk that looks new, and keeps what it did under the disk's fingerprint. */
async function trace(starts: readonly Start[], traces: Map<string, TraceEvent[]>, options: SecondCut) {
  const fresh = new Map<string, Disk>();
  for (const { disk } of starts) if (!traces.has(disk.fingerprint)) fresh.set(disk.fingerprint, disk);
  if (fresh.size === 0) return;
  const parent = mkdtempSync("/dev/shm/guichet-recoveries-");
  try {
    let n = 0;
    for (const disk of fresh.values()) {
      mkdirSync(join(parent, String(n)));
      disk.writeImage(options.root, join(parent, String(n++)), "kept", options.random);
    }
    const events = await record({
      script: options.script,
      args: [parent, String(fresh.size)],
      log: options.log,
      root: parent,
    });
    const ends = events.flatMap((event, at) =>
      event.kind === "mark" && event.text.startsWith("recovered ") ? [at + 1] : [],
    );
    if (ends.length !== fresh.size) throw new Error(`${ends.length} of ${fresh.size} recoveries ended`);
    [...fresh.keys()].forEach((key, at) => {
      const own = events.slice(ends[at - 1] ?? 0, ends[at]);
      traces.set(
        key,
        own.map((event) => moved(event, join(parent, String(at)), options.root)),
      );
    });
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** The same event below another folder. */
function moved(event: TraceEvent, from: string, to: string): TraceEvent {
  const place = (path: string) => {
    if (path !== from && !path.startsWith(`${from}/`)) throw new Error(`a recovery touched ${path}`);
    return to + path.slice(from.length);
  };
  if (event.kind === "mark") return event;
  if (event.kind === "rename" || event.kind === "link")
    return { ...event, from: place(event.from), to: place(event.to) };
  return { ...event, path: place(event.path) };
}
