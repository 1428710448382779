import type { Climate, Power, Stand } from "./state.ts";

type Say = (about: string, what: string, more?: Record<string, unknown>) => number;

/** Rail of a 12 V supply with a lead battery behind it while the mains charge it, V, and the charge, A. */
const CHARGING = { volts: 13.6, amps: 0.25 };
const RADIAN = Math.PI / 180;

/** What surrounds the devices: the air, the mains, and how the cabinet stands. */
export class Surroundings {
  readonly #say: Say;
  #climate: Climate = { temperatureCel: 24.5, humidityPercent: 58, pressurePa: 101_200 };
  #power: Power = { mains: true, batteryVolts: 12.7, loadAmps: 1.2 };
  #stand: Stand = { forwardDeg: 0, sidewaysDeg: 0 };

  constructor(say: Say) {
    this.#say = say;
  }

  climate = (): Climate => ({ ...this.#climate });
  power = (): Power => ({ ...this.#power });
  stand = (): Stand => ({ ...this.#stand });

  /** Volts on the rail, and amperes into the battery: less than 0 while it feeds the unit. */
  rail(): { volts: number; amps: number } {
    const { mains, batteryVolts, loadAmps } = this.#power;
    return mains ? { ...CHARGING } : { volts: batteryVolts, amps: -loadAmps };
  }

  /** What presses on a part that is mounted upright, in g: forwards, sideways, down. */
  gravity(): { x: number; y: number; z: number } {
    const forward = this.#stand.forwardDeg * RADIAN;
    const sideways = this.#stand.sidewaysDeg * RADIAN;
    return {
      x: Math.sin(forward),
      y: Math.cos(forward) * Math.sin(sideways),
      z: Math.cos(forward) * Math.cos(sideways),
    };
  }

  setClimate(climate: Partial<Climate>): void {
    this.#climate = { ...this.#climate, ...climate };
    this.#say("climate", "changed", { ...this.#climate });
  }

  setPower(power: Partial<Power>): void {
    this.#power = { ...this.#power, ...power };
    this.#say("power", this.#power.mains ? "mains are there" : "runs on its battery", { ...this.#power });
  }

  setStand(stand: Partial<Stand>): void {
    this.#stand = { ...this.#stand, ...stand };
    this.#say("cabinet", "stands otherwise", { ...this.#stand });
  }

  restore(climate: Climate): void {
    this.#climate = { ...climate };
  }
}
