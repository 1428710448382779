import { type Clock, systemClock } from "../../kit/index.ts";
import type { WireLine } from "../line.ts";
import type { Simulator, World } from "../world.ts";
import { automaticOf } from "./automatic.ts";
import { type Incoming, ModuleReader, moduleSays } from "./codec.ts";
import { commandsOf } from "./commands.ts";
import { type Quirks, THINKING } from "./models.ts";
import { ModuleState } from "./state.ts";

/** What the line or the module can do wrong with its answers. */
export type FingerFault = "ok" | "noReply" | "late" | "duplicate" | "badSum" | "junk" | "split" | "reset";

export interface FingerprintSimulator extends Simulator {
  /** @param count answers that are affected; without it until set to ok */
  setFault(fault: FingerFault, count?: number): void;
  /** Pages of the module's library that hold a template now: for tests that nothing stays behind. */
  library(): number[];
  /** Cuts the module's own power: what is not in its flash is gone. */
  powerCycle(): void;
  /** Whether an image or features of a person are in its memory now. */
  remembers(): boolean;
  /** The module from inside: settings, notepad, light. */
  readonly state: ModuleState;
}

interface Options {
  world: World;
  device: string;
  profile: "r503" | "zfm";
  line: WireLine;
  address: number;
  clock?: Clock;
  /** Holds each byte for 10 bits at this rate, as a real line does; without it bytes go out at once. */
  paceBaud?: number;
  /** Takes its time to think, as a real module does. */
  thinks?: boolean;
  /** Rate of the host's end of the line; at another one than the module's both hear noise. Default: always right. */
  lineRate?: () => number;
  quirks?: Quirks;
}

const LATE_MS = 2_000;
/** From power-up, or a restart, to the bare byte of an R503. */
const BOOT_MS = 50;

/** A module of the EF01 family that feels the finger which the plant lays on it. */
export function startFingerprintSimulator(options: Options): FingerprintSimulator {
  const { world, device, line } = options;
  const clock = options.clock ?? systemClock;
  const state = new ModuleState(options.profile, options.address, options.quirks ?? {});
  const { flash, model } = state;
  const stopped = new AbortController();
  let fault: FingerFault = "ok";
  let left = Number.POSITIVE_INFINITY;
  let out = Promise.resolve();
  /** How long the command that is being answered takes, ms. */
  let thinking = 0;
  const reader = new ModuleReader(() => flash.address);
  const inTune = () => !options.lineRate || options.lineRate() === state.baud * 9_600;

  function send(plain: Uint8Array, waitMs = 0): void {
    const bytes = inTune() ? plain : plain.map((byte) => byte ^ 0x5a);
    const afterMs = waitMs + thinking;
    thinking = 0;
    out = out.then(async () => {
      const pace = options.paceBaud ? (bytes.length * 10_000) / options.paceBaud : 0;
      if (afterMs + pace > 0) await clock.sleep(afterMs + pace, stopped.signal);
      if (!stopped.signal.aborted && world.attached(device)) line.send(bytes);
    });
  }

  function say(type: 2 | 7 | 8, body: Uint8Array): void {
    const bytes = moduleSays(flash.address, type, body);
    const how = fault;
    if (how !== "ok" && --left <= 0) fault = "ok";
    switch (how) {
      case "noReply":
        return;
      case "late":
        return send(bytes, LATE_MS);
      case "duplicate":
        send(bytes);
        return send(bytes);
      case "badSum":
        bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
        return send(bytes);
      case "junk":
        return send(Buffer.concat([Buffer.from([0x55, 0x00, 0xff, 0xef, 0x01]), bytes]));
      case "split":
        for (const byte of bytes) send(Buffer.from([byte]));
        return;
      case "reset":
        boot();
        return;
      default:
        return send(bytes);
    }
  }

  const ack = (code: number, ...data: number[]) => say(7, Buffer.from([code, ...data]));

  /** Zeros that a module sends which never comes to an end; it has to be stopped somewhere. */
  const ENDLESS_PACKETS = 1_024;

  function stream(data: Buffer): void {
    const size = 32 << flash.sizeCode;
    const { noEnd } = state.quirks;
    for (let at = 0; at < data.length; at += size)
      say(at + size >= data.length && !noEnd ? 8 : 2, data.subarray(at, at + size));
    for (let i = 0; noEnd && i < ENDLESS_PACKETS; i++) say(2, Buffer.alloc(size));
  }

  function boot(): void {
    automatic.cancel();
    state.forget();
    if (model.bootByte) send(Buffer.from([0x55]), BOOT_MS);
  }

  const tools = { ack, stream, finger: () => world.finger(device), restart: boot };
  const commands = commandsOf(state, tools);
  const automatic = automaticOf(state, tools, clock);
  Object.assign(commands, {
    48: () => {
      automatic.cancel();
      ack(0x00);
    },
    49: (body: Buffer) => void automatic.enrol(body),
    50: (body: Buffer) => void automatic.identify(body),
  });

  function take({ kind, body }: Incoming): void {
    const op = body[0] ?? 0;
    if (kind === "command") {
      state.receiving = undefined;
      thinking = options.thinks ? (THINKING[op] ?? 2) : 0;
      const run = commands[op];
      if (flash.password !== 0 && !state.passwordShown && op !== 0x13) return ack(0x21);
      if (run && !state.lacks(op)) run(body);
      else ack(model.unknown);
      return;
    }
    const { receiving } = state;
    if (!receiving) return;
    receiving.parts.push(Buffer.from(body));
    if (kind !== "lastData") return;
    // An image from the host is of nobody that the plant knows.
    if (receiving.into === "image") state.image = undefined;
    else state.buffers.set(receiving.into, Buffer.concat(receiving.parts));
    state.receiving = undefined;
  }

  line.onBytes((chunk) => {
    if (stopped.signal.aborted || !world.attached(device) || !inTune()) return;
    const { packets, bad } = reader.feed(chunk);
    for (let i = 0; i < bad; i++) ack(0x01);
    for (const packet of packets) take(packet);
  });
  boot();

  return {
    state,
    setFault(next, count = Number.POSITIVE_INFINITY) {
      fault = next;
      left = count;
    },
    library: () => [...state.pages.keys()],
    powerCycle: boot,
    remembers: () => state.remembers(),
    stop: async () => {
      stopped.abort();
      automatic.cancel();
      await out;
    },
  };
}
