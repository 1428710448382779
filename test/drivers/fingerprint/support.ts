import { startFingerprintSimulator } from "../../../drivers/bench/fingerprint/index.ts";
import type { Quirks } from "../../../drivers/bench/fingerprint/models.ts";
import { cable } from "../../../drivers/bench/line.ts";
import type { Finger, World } from "../../../drivers/bench/world.ts";
import {
  type CaptureContext,
  deviceFault,
  type Fingerprint,
  type Prompt,
  type Session,
} from "../../../drivers/contract/index.ts";
import { encodePacket, PACKET, type PacketId } from "../../../drivers/fingerprint/ef01/frame.ts";
import { type Ef01Settings, ef01Driver } from "../../../drivers/fingerprint/ef01/index.ts";
import { Ef01Link } from "../../../drivers/fingerprint/ef01/link.ts";
import { Ef01Module } from "../../../drivers/fingerprint/ef01/module.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import type { SerialConnection } from "../../../drivers/ports/index.ts";
import type { TestContext } from "../../kit.ts";

export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Published packets, from the packet id on: id, length, content, checksum. */
export const VECTORS: [PacketId, string, string][] = [
  [1, "13 00000000", "01 0007 13 00000000 001B"],
  [1, "12 12345678", "01 0007 12 12345678 012E"],
  [1, "01", "01 0003 01 0005"],
  [1, "02 01", "01 0004 02 01 0008"],
  [1, "02 02", "01 0004 02 02 0009"],
  [1, "03", "01 0003 03 0007"],
  [1, "04 01 0000 00C8", "01 0008 04 01 0000 00C8 00D6"],
  [1, "05", "01 0003 05 0009"],
  [1, "06 01 0005", "01 0006 06 01 0005 0013"],
  [1, "07 01 0005", "01 0006 07 01 0005 0014"],
  [1, "08 01", "01 0004 08 01 000E"],
  [1, "09 01", "01 0004 09 01 000F"],
  [1, "0A", "01 0003 0A 000E"],
  [1, "0B", "01 0003 0B 000F"],
  [1, "0C 0005 0001", "01 0007 0C 0005 0001 001A"],
  [1, "0D", "01 0003 0D 0011"],
  [1, "0E 06 02", "01 0005 0E 06 02 001C"],
  [1, "0E 04 06", "01 0005 0E 04 06 001E"],
  [1, "0F", "01 0003 0F 0013"],
  [1, "14", "01 0003 14 0018"],
  [1, "15 00000001", "01 0007 15 00000001 001E"],
  [1, "17 00", "01 0004 17 00 001C"],
  [1, "1D", "01 0003 1D 0021"],
  [1, "1F 00", "01 0004 1F 00 0024"],
  [1, "35 01640200", "01 0007 35 01640200 00A4"],
  [1, "35 03000100", "01 0007 35 03000100 0041"],
  [1, "36", "01 0003 36 003A"],
  [1, "3D", "01 0003 3D 0041"],
  [1, "40", "01 0003 40 0044"],
  [1, "30", "01 0003 30 0034"],
  [1, "3C", "01 0003 3C 0040"],
  [7, "00", "07 0003 00 000A"],
  [7, "02", "07 0003 02 000C"],
  [7, "13", "07 0003 13 001D"],
  [7, "21", "07 0003 21 002B"],
  [7, "00 0005 0064", "07 0007 00 0005 0064 0077"],
  [7, "09 0000 0000", "07 0007 09 0000 0000 0017"],
  [7, "00 0078", "07 0005 00 0078 0084"],
  [7, "00 0003", "07 0005 00 0003 000F"],
  [7, `00 0502${"00".repeat(30)}`, `07 0023 00 0502${"00".repeat(30)} 0031`],
  [7, "00 0000 0009 00C8 0003 FFFFFFFF 0002 0006", "07 0013 00 0000 0009 00C8 0003 FFFFFFFF 0002 0006 04F2"],
  [2, "01020304", "02 0006 01020304 0012"],
  [8, "05060708", "08 0006 05060708 0028"],
];

export const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);
export const finger = (n: number, condition: Finger["condition"] = "normal"): Finger => ({
  person: "p",
  position: 1,
  seed: seedOf(n),
  condition,
});

/** A simulated module on a cable in memory, with a finger that the test lays on it. */
export function bench(t: TestContext, profile: "r503" | "zfm" = "r503", quirks: Quirks = {}) {
  const state = { finger: null as Finger | null, attached: true, rate: 57_600, sent: [] as string[] };
  const world = { finger: () => state.finger, attached: () => state.attached } as unknown as World;
  const { simulator: wire, driver: own } = cable();
  const simulator = startFingerprintSimulator({
    world,
    device: "finger.front",
    profile,
    line: wire,
    address: 0xffffffff,
    lineRate: () => state.rate,
    quirks,
  });
  t.after(() => simulator.stop());
  let end: () => void = () => undefined;
  /** Called with each command, by its code, before it reaches the module. */
  const hooks = { onCommand: (_op: number): void => undefined };
  const serial = async ({ baudRate }: { baudRate: number }): Promise<SerialConnection> => {
    let gone = false;
    state.rate = baudRate;
    const closed = new Promise<void>((resolve) => {
      end = () => {
        gone = true;
        resolve();
      };
    });
    return {
      write: async (bytes) => {
        if (gone) throw deviceFault("absent");
        if (bytes[6] === PACKET.command) hooks.onCommand(bytes[9] ?? 0);
        if (gone) throw deviceFault("absent");
        state.sent.push(Buffer.from(bytes).toString("hex"));
        own.send(bytes);
      },
      onData: (listener) =>
        own.onBytes((bytes) => {
          if (!gone) listener(bytes);
        }),
      setBaudRate: async (next) => {
        state.rate = next;
      },
      closed,
      close: async () => end(),
    };
  };
  const settings: Ef01Settings = {
    role: "finger.front",
    port: { path: "/dev/x", baudRate: 57_600 },
    profile,
    address: 0xffffffff,
    reservedPage: 100,
  };
  const driver = (over: Partial<Ef01Settings> = {}) =>
    ef01Driver({ ...settings, ...over }, { serial, clock: systemClock });
  const open = (over: Partial<Ef01Settings> = {}): Promise<Session<Fingerprint>> =>
    driver(over).open(new AbortController().signal);
  /** The commands alone, without the driver. */
  const bare = async () => {
    const link = new Ef01Link(await serial({ baudRate: 57_600 }), systemClock, 0xffffffff);
    return { link, module: new Ef01Module(link) };
  };
  return { state, simulator, hooks, driver, open, bare, pull: () => end() };
}

export function context(
  userTimeMs = 300,
  signal = new AbortController().signal,
): CaptureContext & { prompts: Prompt[] } {
  const prompts: Prompt[] = [];
  return { signal, userTimeMs, prompt: (prompt) => prompts.push(prompt), prompts };
}
export const code = (result: { ok: boolean; error?: { code: string } }): string | undefined =>
  result.ok ? "ok" : result.error?.code;

/** A module on a line that answers each command with the packets that the test gives. */
export function scripted(...answers: [address: number, content: string][]): Ef01Module {
  let listener: (bytes: Uint8Array) => void = () => undefined;
  const link = new Ef01Link(
    {
      write: async () => {
        for (const [address, content] of answers)
          listener(encodePacket({ address, id: PACKET.ack, content: hex(content) }));
      },
      onData: (given) => {
        listener = given;
      },
      setBaudRate: async () => undefined,
      closed: new Promise(() => undefined),
      close: async () => undefined,
    },
    systemClock,
    0xffffffff,
  );
  return new Ef01Module(link);
}
