import { type ChipSimulator, expanderChip, type SimulatedPart } from "../../bench/bus/chip.ts";

/**
 * MCP23017 of Microchip as DS20001952C has it: 22 registers in pairs A and B, or in two banks; inputs read the contacts of
 * the plant. Its interrupt pins are not wired on the bench, so that GPINTEN, INTF and INTCAP only keep what they are.
 */
const [IODIR, IPOL, IOCON, GPPU, INTF, GPIO, OLAT] = [0, 2, 10, 12, 14, 18, 20];

export class Mcp23017 implements SimulatedPart {
  /** Whether the pin's contact lets the pull-up win; undefined where nothing is wired. */
  readonly #level: (pin: number) => 0 | 1 | undefined;
  readonly #registers = new Uint8Array(22);
  #pointer = 0;

  constructor(level: (pin: number) => 0 | 1 | undefined) {
    this.#level = level;
    this.powerCycle();
  }

  powerCycle(): void {
    this.#registers.fill(0);
    this.#registers[IODIR] = 0xff;
    this.#registers[IODIR + 1] = 0xff;
    this.#pointer = 0;
  }

  write(bytes: Uint8Array): void {
    const [pointer, ...values] = bytes;
    if (pointer === undefined) return;
    this.#pointer = pointer;
    for (const value of values) {
      this.#put(this.#register(), value);
      this.#step();
    }
  }

  read(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => {
      const value = this.#get(this.#register());
      this.#step();
      return value;
    });
  }

  /** The register in the paired arrangement that the pointer means now; undefined for none. */
  #register(): number | undefined {
    const banked = ((this.#registers[IOCON] ?? 0) & 0x80) !== 0;
    if (!banked) return this.#pointer < 22 ? this.#pointer : undefined;
    const [port, at] = [this.#pointer >> 4, this.#pointer & 0x0f];
    return port < 2 && at < 11 ? at * 2 + port : undefined;
  }

  #step(): void {
    // SEQOP keeps the pointer where it is.
    if (((this.#registers[IOCON] ?? 0) & 0x20) === 0) this.#pointer = (this.#pointer + 1) % 22;
  }

  #put(register: number | undefined, value: number): void {
    if (register === undefined || (register >= INTF && register < GPIO)) return;
    // IOCON is one register at two places; writing a port writes its latch.
    if (register === IOCON || register === IOCON + 1) {
      this.#registers[IOCON] = value & 0xfe;
      this.#registers[IOCON + 1] = value & 0xfe;
    } else if (register === GPIO || register === GPIO + 1) this.#registers[register - GPIO + OLAT] = value;
    else this.#registers[register] = value;
  }

  #get(register: number | undefined): number {
    if (register === undefined) return 0;
    if (register < GPIO || register >= OLAT) return this.#registers[register] ?? 0;
    const port = register - GPIO;
    const of = (kind: number) => this.#registers[kind + port] ?? 0;
    let levels = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const isInput = (of(IODIR) >> bit) & 1;
      const pulled = (of(GPPU) >> bit) & 1;
      const contact = this.#level(port * 8 + bit) ?? 1;
      // An open contact without a pull-up floats; here it floats low.
      const seen = isInput ? contact & pulled : (of(OLAT) >> bit) & 1;
      levels |= (isInput ? seen ^ ((of(IPOL) >> bit) & 1) : seen) << bit;
    }
    return levels;
  }
}

export const simulator: ChipSimulator = {
  create: (wired, world) => {
    const { bus = 0, address = 0 } = wired[0] ?? {};
    const pins = new Set(wired.map(({ pin }) => pin));
    const chip = expanderChip(bus, address);
    return new Mcp23017((pin) => (pins.has(pin) ? world.level(chip, pin) : undefined));
  },
};
