import type { Clock } from "../../kit/index.ts";
import type { World } from "../world.ts";

export { expanderChip } from "../plant/lines.ts";
export type { World } from "../world.ts";

/** An I2C part as the bus sees it: plain writes and reads. A register pointer is the part's own affair. */
export interface I2cPart {
  /** @throws what `noAcknowledge` makes when the part does not acknowledge its address or a byte */
  write(bytes: Uint8Array): void;
  read(length: number): Uint8Array;
}

/** What the configuration says of one device at the part; several devices may use one part, e.g. a pin each. */
export interface Wired {
  role: string;
  bus: number;
  address: number;
  [setting: string]: unknown;
}

/**
 * What `drivers/<class>/<chip>/simulator.ts` exports as `simulator`. The bench finds it by the driver's name. It shares no
 * code with the driver, keeps nothing that the world knows, and asks the world at every transfer.
 */
export interface ChipSimulator {
  /** @param wired every device of the configuration at this part, one at least */
  create(wired: readonly Wired[], world: World, clock: Clock): SimulatedPart;
}

export interface SimulatedPart extends I2cPart {
  /** Cuts the power of the part for a moment: everything in it is as after power-on. */
  powerCycle(): void;
}

/** Nobody pulls the data line down for an acknowledge: what Linux reports for the Raspberry Pi's controller. */
export const noAcknowledge = (): Error & { code: string } =>
  Object.assign(new Error("EREMOTEIO"), { code: "EREMOTEIO" });
