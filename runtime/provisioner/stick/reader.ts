import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { connect } from "node:net";
import { PassThrough, type Readable } from "node:stream";
import { type Clock, err, type Fault, ok, type Result } from "../../../drivers/kit/index.ts";
import type { StateDisk } from "../../../provisioning/activate/index.ts";
import { STICK_LIMITS, type Staged, stage, stickFault } from "../../../provisioning/stick/index.ts";

/** One run of the process that reads a stick. */
export interface Reading {
  said: AsyncIterable<Uint8Array>;
  /** Ends it by force; what it says ends with it. */
  end(): void;
}

/** Starts the reader on a device or an image. Rejects when there is none. */
export type StartReader = (device: string) => Promise<Reading>;

/** A heap that is as small as the reader needs, no compiler, one helper of V8 (0 means one a core): less to take over, less to pay for. */
export const READER_FLAGS = [
  "--jitless",
  "--no-expose-wasm",
  "--v8-pool-size=1",
  "--max-semi-space-size=1",
  "--max-old-space-size=16",
] as const;

/**
 * Runs the reader as a child. It gets the device as its standard input, opened for reading, an empty environment, and
 * nothing else. @param program `stick.cjs`, by its path
 */
export const spawnReader =
  (program: string): StartReader =>
  async (device) => {
    const handle = await open(device, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const child = spawn(process.execPath, [...READER_FLAGS, program], {
        cwd: "/",
        env: {},
        stdio: [handle.fd, "pipe", "inherit"],
      });
      const said = outputOf(child);
      await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
      return {
        said,
        end: () => {
          child.kill("SIGKILL");
          said.destroy();
        },
      };
    } finally {
      await handle.close();
    }
  };

/** Node throws away what a child has said when it ends before somebody reads it; from here on somebody does. */
export function outputOf(child: ChildProcess): Readable {
  if (!child.stdout) throw new TypeError("the reader has no output");
  return child.stdout.pipe(new PassThrough());
}

/** In the field systemd starts the reader, in a sandbox of its own and with the device opened, for each connection. */
export const connectReader =
  (socket: string): StartReader =>
  async () => {
    const said = connect(socket);
    await new Promise((resolve, reject) => said.once("connect", resolve).once("error", reject));
    return { said, end: () => said.destroy() };
  };

/**
 * Reads a stick into private copies in `folder`, within the reader's time.
 * @returns what came; a fault when there was no stick to read or no reader to read it
 */
export async function readStick(
  device: string,
  options: { start: StartReader; folder: string; disk: StateDisk; clock: Clock },
): Promise<Result<Staged, Fault>> {
  let reading: Reading;
  try {
    reading = await options.start(device);
  } catch (error) {
    return err(stickFault("gone", { what: (error as NodeJS.ErrnoException).code }, error));
  }
  const done = new AbortController();
  let late = false;
  const limit = options.clock.sleep(STICK_LIMITS.timeMs, done.signal).then(() => {
    if (done.signal.aborted) return;
    late = true;
    reading.end();
  });
  const staged = await stage(reading.said, options.folder, options.disk);
  done.abort();
  await limit;
  reading.end();
  if (late) staged.whole = stickFault("slow", { limit: STICK_LIMITS.timeMs });
  // A reader for which there was no device any more has said nothing at all.
  else if (staged.whole?.code === "stick.broken" && !(await isThere(device)))
    staged.whole = stickFault("gone", { what: "node" }, staged.whole);
  return ok(staged);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
