import { type BenchConfig, devicesOf, type GpioPlace } from "../config.ts";
import { Impossible } from "./locker.ts";

/** Name under which the plant knows the pins of a port expander, as if it were a GPIO chip. */
export const expanderChip = (bus: number, address: number): string => `i2c${bus}:0x${address.toString(16)}`;

const keyOf = (line: GpioPlace) => `${line.chip}/${line.offset}`;

/** Contacts and lamps on GPIO lines. An input whose wire is cut reads the pull-up. */
export class Lines {
  readonly #levels = new Map<string, 0 | 1>();
  readonly #inputs: Map<string, { line: GpioPlace; activeLow: boolean; active: boolean }>;
  readonly #outputs: Map<string, { line: GpioPlace; activeLow: boolean }>;

  constructor(config: BenchConfig) {
    this.#inputs = new Map(
      [
        ...devicesOf(config, "auxiliary.gpio"),
        ...devicesOf(config, "auxiliary.mcp23017").map(({ role, bus, address, pin, activeLow }) => ({
          role,
          activeLow,
          line: { chip: expanderChip(bus, address), offset: pin },
        })),
      ].map(({ role, line, activeLow }) => [role, { line, activeLow, active: false }]),
    );
    this.#outputs = new Map(
      devicesOf(config, "indicator.gpio").map(({ role, line, activeLow }) => [role, { line, activeLow }]),
    );
    for (const role of this.#inputs.keys()) this.#apply(role, true);
    for (const { line, activeLow } of this.#outputs.values())
      this.#levels.set(keyOf(line), activeLow ? 1 : 0);
  }

  level(chip: string, offset: number): 0 | 1 {
    return this.#levels.get(keyOf({ chip, offset })) ?? 0;
  }

  /** The role of the lamp that changed, if one did. */
  drive(chip: string, offset: number, level: 0 | 1): string | null {
    const key = keyOf({ chip, offset });
    for (const [role, input] of this.#inputs) {
      if (keyOf(input.line) === key) throw new Impossible(`drives input ${role}`);
    }
    if (this.#levels.get(key) === level) return null;
    this.#levels.set(key, level);
    for (const [role, output] of this.#outputs) if (keyOf(output.line) === key) return role;
    return `${chip}/${offset}`;
  }

  setInput(role: string, active: boolean, attached: boolean): void {
    const input = this.#inputs.get(role);
    if (!input) throw new Impossible("noSuchInput");
    input.active = active;
    this.#apply(role, attached);
  }

  setAttached(role: string, attached: boolean): void {
    if (this.#inputs.has(role)) this.#apply(role, attached);
  }

  inputs(): Record<string, boolean> {
    return Object.fromEntries([...this.#inputs].map(([role, { active }]) => [role, active]));
  }

  lamps(): Record<string, boolean> {
    return Object.fromEntries(
      [...this.#outputs].map(([role, { line, activeLow }]) => [
        role,
        this.level(line.chip, line.offset) === (activeLow ? 0 : 1),
      ]),
    );
  }

  #apply(role: string, attached: boolean): void {
    const input = this.#inputs.get(role);
    if (!input) return;
    const level = input.active === input.activeLow ? 0 : 1;
    this.#levels.set(keyOf(input.line), attached ? level : 1);
  }
}
