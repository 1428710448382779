import type { SerialPort } from "serialport";
import { deviceFault } from "../contract/index.ts";
import { commonJs } from "../kit/index.ts";
import type { SerialConnection, SerialFactory } from "./types.ts";

/**
 * Serial lines over `serialport`. An object of version 13 that has failed once never recovers, keeps its descriptor
 * and its lock, and sends old bytes when it is opened again; so each connection has an object of its own, which is
 * closed and dropped at the first trouble.
 */
export function serialPorts(): SerialFactory {
  return async ({ path, baudRate }) => {
    const { SerialPort } = commonJs(await import("serialport"));
    const port = new SerialPort({ path, baudRate, autoOpen: false, hupcl: false });
    await new Promise<void>((resolve, reject) =>
      port.open((error) =>
        error ? reject(deviceFault("absent", { reason: reasonOf(error) }, error)) : resolve(),
      ),
    );
    return connection(port);
  };
}

/** A word for the log instead of the system's text, which holds paths. */
function reasonOf(error: Error): string {
  if (/lock/i.test(error.message)) return "locked";
  if (/ENOENT|No such file/i.test(error.message)) return "notThere";
  if (/EACCES|Permission/i.test(error.message)) return "noPermission";
  return "cannotOpen";
}

function connection(port: SerialPort): SerialConnection {
  let listener: ((chunk: Uint8Array) => void) | undefined;
  let open = true;
  let tellClosed: () => void;
  const closed = new Promise<void>((resolve) => {
    tellClosed = resolve;
  });
  const end = (): Promise<void> => {
    if (!open) return closed;
    open = false;
    return new Promise((resolve) => {
      const done = () => {
        tellClosed();
        resolve();
      };
      if (port.isOpen) port.close(done);
      else done();
    });
  };
  port.on("data", (chunk: Buffer) => listener?.(chunk));
  port.on("error", () => void end());
  port.on("close", () => {
    open = false;
    tellClosed();
  });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        // A write to a closed port would be kept and sent to whatever is opened next.
        if (!open || !port.isOpen) return reject(deviceFault("absent"));
        const gone = closed.then(() => reject(deviceFault("absent")));
        port.write(Buffer.from(bytes), (error) => {
          if (error) {
            void end();
            return reject(deviceFault("absent", {}, error));
          }
          port.drain((failed) => (failed ? reject(deviceFault("absent", {}, failed)) : resolve()));
        });
        void gone;
      }),
    onData: (next) => {
      listener = next;
    },
    setBaudRate: (rate) =>
      new Promise((resolve, reject) => {
        if (!open) return reject(deviceFault("absent"));
        port.update({ baudRate: rate }, (error) =>
          error ? reject(deviceFault("fault", {}, error)) : resolve(),
        );
      }),
    closed,
    close: end,
  };
}
