import type { SerialFactory } from "../../../drivers/ports/index.ts";
import { serialPorts } from "../../../drivers/ports/index.ts";
import { openModule, pacedModule } from "./upload.ts";

/** Between a command's last byte of an answer and the first byte of its sending, as the port saw it. */
interface Tap {
  ports: SerialFactory;
  wireMs(): number;
}

/** Notes when bytes were given to the line and when the last came from it. */
function tapped(): Tap {
  let sent = 0;
  let came = 0;
  const inner = serialPorts();
  return {
    wireMs: () => came - sent,
    ports: async (settings) => {
      const connection = await inner(settings);
      return {
        ...connection,
        write: (bytes) => {
          sent = performance.now();
          return connection.write(bytes);
        },
        onData: (listener) =>
          connection.onData((chunk) => {
            came = performance.now();
            listener(chunk);
          }),
      };
    },
  };
}

/** What the driver adds to a command, beyond the time between its bytes' going and its answer's coming, ms each. */
export async function measureLatency(commands: number): Promise<number[]> {
  const line = await pacedModule(0, 2);
  const tap = tapped();
  const opened = await openModule(line.path, 57_600, tap.ports);
  const added: number[] = [];
  try {
    for (let i = 0; i < commands + 100; i++) {
      const begun = performance.now();
      await opened.module.parameters();
      const all = performance.now() - begun;
      if (i >= 100) added.push(all - tap.wireMs());
    }
  } finally {
    await opened.close();
    await line.stop();
  }
  return added;
}
