import type { I2cPart } from "../../drivers/bench/bus/chip.ts";
import type { I2cBusObject } from "../../drivers/ports/index.ts";

/** A look-alike of an object of `i2c-bus` with one part on it. */
export function busOf(address: number, part: I2cPart): I2cBusObject {
  const at = (wanted: number): I2cPart => {
    if (wanted !== address) throw Object.assign(new Error("nobody"), { code: "EREMOTEIO" });
    return part;
  };
  const read = (wanted: number, length: number, buffer: Buffer) => {
    buffer.set(at(wanted).read(length));
    return { bytesRead: length, buffer };
  };
  return {
    i2cRead: async (wanted, length, buffer) => read(wanted, length, buffer),
    i2cWrite: async (wanted, length, buffer) => at(wanted).write(buffer.subarray(0, length)),
    readI2cBlock: async (wanted, register, length, buffer) => {
      at(wanted).write(Uint8Array.of(register));
      return read(wanted, length, buffer);
    },
    writeByte: async (wanted, register, value) => at(wanted).write(Uint8Array.of(register, value)),
    close: async () => undefined,
  };
}
