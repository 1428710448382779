import type { Reading } from "../contract/index.ts";
import { type Result, shared } from "../kit/index.ts";

/** Something that is read for figures; a sensor of its own, or what guards something beside. */
export interface Readable {
  readonly role: string;
  read(): Promise<Result<Reading[]>>;
}

/** All sensors of a process, read now; of one that does not answer the last readings, marked stale. */
export class Readings {
  readonly #sensors: readonly Readable[];
  readonly #last = new Map<string, Reading[]>();

  constructor(sensors: readonly Readable[]) {
    this.#sensors = sensors.map((sensor) => ({ role: sensor.role, read: shared(() => sensor.read()) }));
  }

  async read(): Promise<(Reading & { role: string })[]> {
    const all = await Promise.all(
      this.#sensors.map(async ({ role, read }) => {
        const now = await read();
        if (now.ok) this.#last.set(role, now.value);
        const readings = now.ok
          ? now.value
          : (this.#last.get(role) ?? []).map((reading) => ({ ...reading, quality: "stale" as const }));
        return readings.map((reading) => ({ role, ...reading }));
      }),
    );
    return all.flat();
  }
}
