import type { PtyLine, WireLine } from "../../drivers/bench/index.ts";

/** Called when bytes of the unit have come to a simulator, right after that has heard of them. */
export type OnBytes = (roles: string, bytes: Uint8Array) => void;

/** Writes down what passes on a line: time, direction, device, bytes in hexadecimal and, where they are text, as text. */
export function tapped(line: PtyLine, roles: string, write: (text: string) => void, tell: OnBytes): WireLine {
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
        tell(roles, bytes);
      }),
    send: (bytes) => {
      note("<", bytes);
      line.send(bytes);
    },
  };
}
