import type { PtyLine, WireLine } from "../../drivers/bench/index.ts";

/** Called at the moment at which bytes of the unit come to a simulator, before that hears of them. */
export type OnBytes = (roles: string, bytes: Uint8Array) => void;

/** Writes down what passes on a line: time, direction, device, bytes in hexadecimal and, where they are text, as text. */
export function tapped(line: PtyLine, roles: string, write: (text: string) => void): WireLine {
  const note = (direction: "<" | ">", bytes: Uint8Array): void => {
    const text = Buffer.from(bytes)
      .toString("latin1")
      .replaceAll(/[^ -~]+/g, ".");
    write(
      `${new Date().toISOString()} ${roles} ${direction} ${Buffer.from(bytes).toString("hex").slice(0, 400)} ${text}\n`,
    );
  };
  return {
    onBytes: (listener) =>
      line.onBytes((bytes) => {
        note(">", bytes);
        listener(bytes);
      }),
    send: (bytes) => {
      note("<", bytes);
      line.send(bytes);
    },
  };
}
