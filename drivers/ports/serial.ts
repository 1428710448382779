import { stat } from "node:fs/promises";
import type { SerialPort } from "serialport";
import { deviceFault } from "../contract/index.ts";
import { commonJs, type Fault } from "../kit/index.ts";
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
    const connected = connection(port);
    watchNode(path, connected);
    return connected;
  };
}

/** How often it is looked whether the device file is still the one that was opened, ms. */
const NODE_MS = 500;

/**
 * Closes a connection whose device file has gone. On a line that was hung up, reads give nothing at once, and the package
 * then reads again and again without an event or a pause until it is closed.
 */
function watchNode(path: string, connected: SerialConnection): void {
  const node = () => stat(path).then(({ rdev, ino }) => `${rdev}:${ino}`);
  let opened: string | undefined;
  const timer = setInterval(() => {
    node().then(
      (now) => {
        opened ??= now;
        if (now !== opened) void connected.close();
      },
      () => void connected.close(),
    );
  }, NODE_MS);
  timer.unref();
  void node().then(
    (now) => {
      opened = now;
    },
    () => undefined,
  );
  void connected.closed.then(() => clearInterval(timer));
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
  // Stays for ever: one trouble can tell two errors, and an error without a listener ends the process.
  port.on("error", () => void end());
  // A line that reads as ended is deaf although it calls itself open.
  port.on("end", () => void end());
  port.on("close", () => {
    open = false;
    tellClosed();
  });
  const waiting = new Set<(fault: Fault) => void>();
  void closed.then(() => {
    for (const reject of waiting) reject(deviceFault("absent"));
  });
  return {
    write: (bytes) =>
      new Promise<void>((resolve, reject) => {
        // A write to a closed port would be kept and sent to whatever is opened next.
        if (!open || !port.isOpen) return reject(deviceFault("absent"));
        const settle = (error?: Error | null) => {
          waiting.delete(reject);
          if (!error) return resolve();
          reject(deviceFault("absent", {}, error));
          void end();
        };
        waiting.add(reject);
        port.write(Buffer.from(bytes), (error) => (error ? settle(error) : port.drain(settle)));
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
