import { type Clock, systemClock } from "../../kit/index.ts";
import type { WireLine } from "../line.ts";
import type { Simulator, World } from "../world.ts";
import { HostReader, type Request } from "./codec.ts";
import { MODELS } from "./models.ts";
import { Unit, type Work } from "./unit.ts";

/** What the line or the unit can do wrong with a command. */
export const DISPENSER_FAULTS = [
  "ok",
  /** Does it and never acknowledges. */
  "noAck",
  /** Neither does it nor answers: the command was lost. */
  "deaf",
  "nak",
  /** Does it, acknowledges, and never answers. */
  "silent",
  "late",
  "duplicate",
  "badBcc",
  "truncated",
  "junk",
  "split",
  "wrongAddress",
  /** Loses its power before it moves, and after it has moved. */
  "resetBefore",
  "resetAfter",
] as const;
export type DispenserFault = (typeof DISPENSER_FAULTS)[number];

export interface DispenserSimulator extends Simulator {
  /** @param count commands that are affected; without it until set to ok */
  setFault(fault: DispenserFault, count?: number): void;
  /** Cuts the power of the unit alone; what it was about is not done. */
  powerCycle(): void;
  /** Whole commands that reached the unit: for tests that nothing was sent. */
  readonly requests: readonly Request[];
}

interface Options {
  device: string;
  profile: "m001" | "r02";
  address: number;
  line: WireLine;
  world: World;
  clock?: Clock;
  /** All times of the unit are multiplied by this; 1 is as a real one. */
  pace?: number;
  /** A model with a timer of its own takes back what nobody takes after this, ms. */
  ownTimerMs?: number;
}

const ACK_AFTER_MS = 4;
const LATE_MS = 2_200;
const JUNK = Uint8Array.from([0x55, 0x00, 0xff, 0xf2, 0x00]);

/** A CRT-591: half duplex, one command at a time, felt through the wire only. */
export function startDispenserSimulator(options: Options): DispenserSimulator {
  const { device, line, world, address } = options;
  const clock = options.clock ?? systemClock;
  const pace = options.pace ?? 1;
  const model = MODELS[options.profile];
  const unit = new Unit(model, world.dispenser(device));
  const reader = new HostReader();
  const stopped = new AbortController();
  const requests: Request[] = [];
  let fault: DispenserFault = "ok";
  let left = Number.POSITIVE_INFINITY;
  /** Ends what the unit is about: EOT, or its power. */
  let busy: AbortController | undefined;
  let lastAnswer: Uint8Array | undefined;
  let timer: AbortController | undefined;

  function takeFault(): DispenserFault {
    const now = fault;
    if (now !== "ok" && --left <= 0) fault = "ok";
    return now;
  }

  function send(bytes: Uint8Array): void {
    if (!stopped.signal.aborted && world.attached(device)) line.send(bytes);
  }

  function powerCycle(): void {
    busy?.abort();
    timer?.abort();
    reader.pause();
    lastAnswer = undefined;
    unit.powerCycle();
  }

  /** Resolves false when the power or an EOT came first. */
  async function pass(ms: number, signal: AbortSignal): Promise<boolean> {
    await clock.sleep(ms, AbortSignal.any([signal, stopped.signal]));
    return !signal.aborted && !stopped.signal.aborted;
  }

  async function serve(request: Request): Promise<void> {
    const how = takeFault();
    if (how === "deaf") return;
    if (how === "nak") return send(Uint8Array.of(0x15));
    const own = new AbortController();
    busy = own;
    const { signal } = own;
    try {
      if (!(await pass(ACK_AFTER_MS * pace, signal))) return;
      if (how !== "noAck") send(Uint8Array.of(0x06));
      const work = unit.work(request);
      if (!(await pass((work.ms * pace) / 2, signal))) return;
      if (how === "resetBefore") return powerCycle();
      work.act();
      watchGate();
      if (how === "resetAfter") return powerCycle();
      if (!(await pass((work.ms * pace) / 2, signal))) return;
      await answer(work, how, signal);
    } finally {
      if (busy === own) busy = undefined;
    }
  }

  async function answer(work: Work, how: DispenserFault, signal: AbortSignal): Promise<void> {
    const bytes = Buffer.from(work.answer());
    lastAnswer = Buffer.from(bytes);
    switch (how) {
      case "silent":
        lastAnswer = undefined;
        return;
      case "late":
        if (await pass(LATE_MS, signal)) send(bytes);
        return;
      case "duplicate":
        send(bytes);
        return send(bytes);
      case "badBcc":
        bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 0x01;
        return send(bytes);
      case "truncated":
        return send(bytes.subarray(0, bytes.length - 3));
      case "junk":
        return send(Buffer.concat([JUNK, bytes]));
      case "split":
        for (const byte of bytes) send(Uint8Array.of(byte));
        return;
      case "wrongAddress":
        bytes[1] = address ^ 1;
        bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
        return send(bytes);
      default:
        return send(bytes);
    }
  }

  /** Starts the unit's own timer for what is at the gate now. */
  function watchGate(): void {
    if (!model.ownTimer) return;
    timer?.abort();
    timer = undefined;
    if (world.dispenser(device).path() !== "gate") return;
    const own = new AbortController();
    timer = own;
    void pass(options.ownTimerMs ?? 30_000, own.signal).then((over) => {
      if (over && world.dispenser(device).path() === "gate") unit.retractByItself();
    });
  }

  line.onBytes((chunk) => {
    if (stopped.signal.aborted || !world.attached(device)) return;
    for (const it of reader.push(chunk)) {
      if (it === "eot") {
        busy?.abort();
        send(Uint8Array.of(0x04));
      } else if (it === "nak" && lastAnswer) send(lastAnswer);
      else if (it === "damaged") send(Uint8Array.of(0x15));
      else if (typeof it === "object" && it.request.address === address && !busy) {
        requests.push(it.request);
        void serve(it.request);
      }
    }
  });

  return {
    requests,
    powerCycle,
    setFault(next, count = Number.POSITIVE_INFINITY) {
      fault = next;
      left = count;
    },
    async stop() {
      stopped.abort();
    },
  };
}
