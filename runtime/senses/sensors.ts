import type { Reading, Sensor } from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";

const SENSOR_MS = 2_000;

/** All sensors, read now; of one that does not answer the last readings, marked stale. */
export class Sensors {
  readonly #hosts: readonly DeviceHost<Sensor>[];
  readonly #last = new Map<string, Reading[]>();

  constructor(hosts: readonly DeviceHost<Sensor>[]) {
    this.#hosts = hosts;
  }

  async read(): Promise<(Reading & { role: string })[]> {
    const all = await Promise.all(
      this.#hosts.map(async (host) => {
        const read = await host.use("query", SENSOR_MS, (sensor) => sensor.read());
        if (read.ok) this.#last.set(host.role, read.value);
        const readings = read.ok
          ? read.value
          : (this.#last.get(host.role) ?? []).map((reading) => ({ ...reading, quality: "stale" as const }));
        return readings.map((reading) => ({ role: host.role, ...reading }));
      }),
    );
    return all.flat();
  }
}
