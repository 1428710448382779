import { type Driver, deviceFault, type Identity, type Reading, type Sensor } from "../contract/index.ts";
import { defer, err, type Fault, isFault, ok, type Result, type SafeFields } from "../kit/index.ts";
import type { I2cConnection, Ports } from "./types.ts";

/** What is particular to one part on the bus. Everything rejects with a Fault. */
export interface I2cPartDriver<Verbs extends Sensor> {
  identity: Identity;
  /** Names of its readings. */
  readings: readonly string[];
  capabilities?: Readonly<Record<string, unknown>>;
  /** Measures now. */
  measure(): Promise<Reading[]>;
  /** Cheapest proof that the part still answers and is still set up as it was. */
  probe(): Promise<void>;
  /** Brings it from whatever state into the one that `measure` expects. */
  recover(): Promise<SafeFields>;
  /** Verbs beside `read`. */
  more?: Omit<Verbs, keyof Sensor>;
}

/**
 * The driver of a sensor on an I2C bus: opens the bus, identifies the part, and gives the bus back whatever happens.
 * @param identify asks the part who it is; rejects with `device.misbound` when it is another one
 */
export function i2cSensor<Verbs extends Sensor = Sensor>(
  name: string,
  settings: { role: string; bus: number },
  tools: { ports: Pick<Ports, "i2c"> },
  identify: (bus: I2cConnection) => Promise<I2cPartDriver<Verbs>>,
): Driver<Verbs> {
  const { role } = settings;
  return {
    role,
    class: "sensor",
    name,
    probeEveryMs: 1_000,
    deviceTimeMs: 2_000,
    open: async () => {
      const bus = await tools.ports.i2c(settings.bus);
      try {
        const part = await identify(bus);
        const read = async (): Promise<Result<Reading[]>> => {
          try {
            return ok(await part.measure());
          } catch (error) {
            return err(isFault(error) ? error : deviceFault("fault", { role }, error));
          }
        };
        return {
          identity: part.identity,
          capabilities: { readings: part.readings, ...part.capabilities },
          // `more` is what Verbs has beside Sensor.
          verbs: { read, ...part.more } as Verbs,
          recover: part.recover,
          probe: part.probe,
          // A part on a bus has no cable that tells: the next question finds out.
          lost: defer<Fault>().promise,
          close: () => bus.close(),
        };
      } catch (error) {
        await bus.close();
        throw error;
      }
    },
  };
}
