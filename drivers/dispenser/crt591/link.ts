import { deviceFault } from "../../contract/index.ts";
import { type Clock, defineEvents, type Fault, Mutex } from "../../kit/index.ts";
import type { SerialConnection } from "../../ports/index.ts";
import { ACK, EOT, encodeCommand, NAK, type Reply } from "./frame.ts";
import { Crt591Parser, type Incoming } from "./parser.ts";
import { type Command, kindOf, type Profile, timeOf } from "./profiles.ts";

/** A unit acknowledges within this beside the time on the wire, ms (case 1). */
const ACK_MS = 300;
/** Silence within a frame that ends it, ms: an adapter may hold bytes back for 16 ms. */
const BYTE_MS = 100;
/** A command is sent so many times at most, and a damaged answer asked for so many times. */
const MAX_SENDS = 3;
const MAX_NAKS = 2;
/** After a repeated command its answers may come twice: what still comes is let pass, ms. */
const SETTLE_MS = 60;

const log = defineEvents("crt591", {
  junk: {
    level: "debug",
    what: "Bytes on a dispenser's line belong to no frame",
    fields: ["bytes"],
  },
  resent: {
    level: "warn",
    what: "A question to a dispenser was sent again; nothing that moves ever is",
    fields: ["command", "reason"],
  },
});

type Answer = Reply | { again: "noAck" | "nak" | "noReply" | "damaged" };

/**
 * One command at a time: frame, acknowledgement within 300 ms, answer, own acknowledgement. What may be repeated is sent
 * three times at most; what moves, and what nobody has classified, once, whatever becomes of it.
 */
export class Crt591Link {
  readonly #connection: SerialConnection;
  readonly #clock: Clock;
  readonly #address: number;
  readonly #profile: Profile;
  readonly #parser = new Crt591Parser();
  readonly #mutex = new Mutex();
  #inbox: Incoming[] = [];
  #arrived: () => void = () => undefined;
  #lastByte = 0;
  #gone: Fault | undefined;
  #quietUntil = 0;
  #baudRate: number;
  readonly lost: Promise<Fault>;

  constructor(
    connection: SerialConnection,
    clock: Clock,
    settings: { address: number; profile: Profile; baudRate: number },
  ) {
    this.#connection = connection;
    this.#clock = clock;
    this.#address = settings.address;
    this.#profile = settings.profile;
    this.#baudRate = settings.baudRate;
    connection.onData((chunk) => {
      this.#lastByte = clock.mono();
      this.#take(this.#parser.push(chunk));
      this.#arrived();
    });
    this.lost = connection.closed.then(() => {
      this.#gone = deviceFault("absent");
      this.#arrived();
      return this.#gone;
    });
  }

  /**
   * Sends one command and waits for its answer.
   * @param redeem takes the token of what moves; called right before the first byte, what it throws stops the command
   * @throws Fault `device.noReply`, `device.protocol` or `device.absent`; TypeError for a motion without `redeem`
   */
  exchange(command: Command, redeem?: () => void): Promise<Reply> {
    const kind = kindOf(command, this.#profile);
    if ((kind === "motion") !== (redeem !== undefined)) throw new TypeError("what moves needs its token");
    const name = nameOf(command);
    return this.#mutex.run(async () => {
      for (let sends = 1; ; sends++) {
        await this.#drain();
        redeem?.();
        await this.#connection.write(this.#frame(command));
        const answer = await this.#answer(command, kind !== "repeatable");
        if (!("again" in answer)) return answer;
        this.#quietUntil = this.#clock.mono() + SETTLE_MS;
        if (kind !== "repeatable" || sends >= MAX_SENDS) throw giveUp(name, answer.again);
        log("resent", { command: name, reason: answer.again });
      }
    });
  }

  /** Ends what a unit is about: it answers EOT. Only for a line on which nobody answers; it would stop a motion half-way. */
  clearLine(): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#drain();
      await this.#connection.write(Uint8Array.of(EOT));
      const end = this.#clock.mono() + ACK_MS;
      for (let it = await this.#next(end); it && it.kind !== "eot"; it = await this.#next(end));
    });
  }

  setBaudRate(rate: number): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#connection.setBaudRate(rate);
      this.#baudRate = rate;
    });
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#mutex.stop(deviceFault("absent"));
  }

  /** @param once whether a missing acknowledgement may be a lost one: then only the answer counts */
  async #answer(command: Command, once: boolean): Promise<Answer> {
    let naks = 0;
    let acked = false;
    const sentAt = this.#clock.mono();
    const ackBy = sentAt + ACK_MS + this.#wireMs(command);
    let end = once ? sentAt + timeOf(command) + this.#wireMs(command) : ackBy;
    for (;;) {
      const it = await this.#next(end);
      if (!it) return { again: acked || once ? "noReply" : "noAck" };
      if (it.kind === "ack" && !acked) {
        acked = true;
        end = this.#clock.mono() + timeOf(command);
      } else if (it.kind === "nak") {
        // A unit that does not want a command executes nothing of it; to be sure, what moves is not sent again.
        return { again: "nak" };
      } else if (it.kind === "damaged") {
        if (++naks > MAX_NAKS) return { again: "damaged" };
        await this.#connection.write(Uint8Array.of(NAK));
        end = Math.max(end, this.#clock.mono() + ACK_MS);
      } else if (it.kind === "reply" && it.reply.address === this.#address) {
        // Also the late answer to another command, whose sender waits for this; it is then forgotten.
        await this.#connection.write(Uint8Array.of(ACK));
        if (it.reply.cm === command.cm && it.reply.pm === command.pm) return it.reply;
      }
    }
  }

  /** The next thing that comes before `end` (monotonic ms), undefined for none. @throws Fault `device.absent` */
  async #next(end: number): Promise<Incoming | undefined> {
    for (;;) {
      const it = this.#inbox.shift();
      if (it) return it;
      if (this.#gone) throw this.#gone;
      const now = this.#clock.mono();
      const gap = this.#parser.pending ? this.#lastByte + BYTE_MS : Number.POSITIVE_INFINITY;
      if (now >= gap) {
        this.#take(this.#parser.expire());
        continue;
      }
      if (now >= end) return undefined;
      const timer = new AbortController();
      this.#arrived = () => timer.abort();
      await this.#clock.sleep(Math.min(gap, end) - now, timer.signal);
      this.#arrived = () => undefined;
    }
  }

  #take({ incoming, junk }: { incoming: Incoming[]; junk: number }): void {
    if (junk > 0) log("junk", { bytes: junk });
    this.#inbox.push(...incoming);
  }

  async #drain(): Promise<void> {
    const wait = this.#quietUntil - this.#clock.mono();
    if (wait > 0) await this.#clock.sleep(wait);
    this.#parser.reset();
    this.#inbox = [];
  }

  #frame = ({ cm, pm, data = new Uint8Array() }: Command): Uint8Array =>
    encodeCommand(this.#address, cm, pm, data);

  #wireMs = (command: Command): number => ((9 + (command.data?.length ?? 0) + 1) * 10_000) / this.#baudRate;
}

const nameOf = ({ cm, pm }: Command): string => `${cm.toString(16)}/${pm.toString(16)}`;

function giveUp(command: string, reason: "noAck" | "nak" | "noReply" | "damaged"): Fault {
  const silent = reason === "noAck" || reason === "noReply";
  return deviceFault(silent ? "noReply" : "protocol", { command, reason });
}
