import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { encodePacket, OP, PACKET } from "../../../drivers/fingerprint/ef01/frame.ts";
import { Ef01Link } from "../../../drivers/fingerprint/ef01/link.ts";
import { Ef01Module } from "../../../drivers/fingerprint/ef01/module.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import { serialPorts } from "../../../drivers/ports/index.ts";
import { eventually } from "../../kit.ts";

const ADDRESS = 0xffffffff;
/** R503: 192 by 192 points, two in a byte. */
const IMAGE = (192 * 192) / 2;
const ACK_BYTES = 12;
const OVERHEAD = 11;

export interface Uploads {
  /** ms of each image, by who read it; `wire` is what the line itself needed. */
  driver: number[];
  bare: number[];
  python: number[];
  wire: number[];
}

/** Bytes that an upload is on the wire: the acknowledgement, and packets of `size` bytes with their frames. */
const uploadBytes = (size: number): number => ACK_BYTES + IMAGE + Math.ceil(IMAGE / size) * OVERHEAD;

const commandBytes = (op: number): Uint8Array =>
  encodePacket({ address: ADDRESS, id: PACKET.command, content: Uint8Array.of(op) });

/** A module on a line of `baud` in a process of its own, and what it tells of each answer. */
export async function pacedModule(baud: number, sizeCode: number) {
  const folder = mkdtempSync(join(tmpdir(), "guichet-paced-"));
  const path = join(folder, "line");
  const child = fork("test/bench/devices/paced-module.ts", [path, String(baud), String(sizeCode)], {
    execArgv: ["--import", "tsx"],
  });
  await once(child, "message");
  const answers: { bytes: number; ms: number }[] = [];
  child.on("message", (answer: { bytes: number; ms: number }) => answers.push(answer));
  return {
    path,
    answers,
    stop: async () => {
      child.disconnect();
      await once(child, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The driver's layers on a serial line: port, parser, link, module. */
export async function openModule(path: string, baudRate: number, ports = serialPorts()) {
  const connection = await ports({ path, baudRate });
  const link = new Ef01Link(connection, systemClock, ADDRESS);
  return { link, module: new Ef01Module(link), close: () => connection.close() };
}

/** Node's serial port with nothing above it: a command, then bytes until all are there. */
async function bareLoop(path: string, baudRate: number, op: number, wanted: number): Promise<number> {
  const port = new SerialPort({ path, baudRate });
  await once(port, "open");
  let got = 0;
  let all: () => void = () => undefined;
  const complete = new Promise<void>((resolve) => {
    all = resolve;
  });
  port.on("data", (chunk: Buffer) => {
    got += chunk.length;
    if (got >= wanted) all();
  });
  const begun = performance.now();
  port.write(commandBytes(op));
  await complete;
  const ms = performance.now() - begun;
  port.close();
  await once(port, "close");
  return ms;
}

/** @param size payload of a packet, bytes; `sizeCode` 0 to 3 for 32 to 256 (R503 manual, parameter 6) */
export async function measureUploads(baud: number, sizeCode: 2 | 3, runs: number): Promise<Uploads> {
  const line = await pacedModule(baud, sizeCode);
  const uploads: Uploads = { driver: [], bare: [], python: [], wire: [] };
  const wanted = uploadBytes(32 << sizeCode);
  try {
    const first = await openModule(line.path, baud);
    await first.module.takeImage();
    await first.close();
    for (let run = 0; run < runs; run++) {
      const opened = await openModule(line.path, baud);
      const begun = performance.now();
      const image = await opened.module.uploadImage();
      uploads.driver.push(performance.now() - begun);
      if (image.length !== IMAGE) throw new Error(`an image of ${image.length} bytes`);
      await opened.close();
      uploads.bare.push(await bareLoop(line.path, baud, OP.uploadImage, wanted));
      const hex = Buffer.from(commandBytes(OP.uploadImage)).toString("hex");
      const args = ["test/bench/devices/read_loop.py", line.path, String(baud), hex, String(wanted), "1"];
      uploads.python.push(Number(execFileSync("/usr/bin/python3", args, { encoding: "utf8" })));
    }
    const images = () => line.answers.filter(({ bytes }) => bytes === wanted);
    await eventually("the line has told of every image", () => images().length === 3 * runs);
    uploads.wire = images().map(({ ms }) => ms);
  } finally {
    await line.stop();
  }
  return uploads;
}
