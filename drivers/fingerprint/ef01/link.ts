import { deviceFault } from "../../contract/index.ts";
import { type Clock, defineEvents, type Fault, isFault, Mutex } from "../../kit/index.ts";
import type { SerialConnection } from "../../ports/index.ts";
import { ACK, encodePacket, OP, OVERHEAD, PACKET, type Packet } from "./frame.ts";
import { Ef01Parser } from "./parser.ts";

/** First byte of an acknowledgement after a command, ms; taking an image may take most of it. */
const ACK_MS = 1_500;
/** Silence within a transfer, ms. */
const DATA_MS = 500;
/** How long after a silence its answer may still come, ms; the next command waits as long for it, and throws it away. */
const OWED_MS = 2_500;
/** After a transfer that was broken off the line counts as quiet after this silence, ms; some modules never are. */
const QUIET_MS = 60;
const LONGEST_NOISE_MS = 2_000;
/** Cap for a transfer: some clones never send the end packet. */
const MAX_TRANSFER = 64 * 1024;

const log = defineEvents("ef01", {
  junk: {
    level: "debug",
    what: "Bytes on a fingerprint module's line belong to no packet; one after its power-up is usual",
    fields: ["bytes"],
  },
});

/**
 * One command at a time on the line of a module. Answers carry no number, so a late one would be taken for the next
 * command's: what has come is drained before each command, and after a silence the answer that is owed is waited for first.
 */
export class Ef01Link {
  readonly #connection: SerialConnection;
  readonly #clock: Clock;
  #address: number;
  /** Where answers may come from: the module's address, and the new one while it is being changed. */
  #heard: readonly number[];
  readonly #parser = new Ef01Parser();
  readonly #mutex = new Mutex();
  #inbox: Packet[] = [];
  #arrived: () => void = () => undefined;
  #gone: Fault | undefined;
  /** A transfer was broken off: the rest of it may still come. */
  #unquiet = false;
  /** Bytes that were no packet for us, since the last command. */
  #strange = 0;
  #onStrange: () => void = () => undefined;
  /** Monotonic time until which the answer of a silent command may still come. */
  #owedUntil = 0;
  readonly lost: Promise<Fault>;
  /** Payload of a data packet, bytes; read from the module. */
  packetSize = 128;

  constructor(connection: SerialConnection, clock: Clock, address: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#address = address;
    this.#heard = [address];
    connection.onData((chunk) => {
      const { packets, junk } = this.#parser.push(chunk);
      if (junk > 0) log("junk", { bytes: junk });
      this.#strange += junk;
      for (const packet of packets) {
        if (packet.id === PACKET.command) continue;
        if (this.#heard.includes(packet.address)) this.#inbox.push(packet);
        else this.#strange += OVERHEAD + packet.content.length;
      }
      if (junk > 0) this.#onStrange();
      this.#arrived();
    });
    this.lost = connection.closed.then(() => {
      this.#gone = deviceFault("absent");
      this.#arrived();
      return this.#gone;
    });
  }

  /** Sends a command and waits for its acknowledgement; rejects with `device.noReply`, `device.protocol`, `device.absent`. */
  command(content: number[], timeMs: number = ACK_MS): Promise<{ code: number; data: Uint8Array }> {
    return this.#mutex.run(() => this.#command(content, timeMs));
  }

  /**
   * A command after whose acknowledgement the module sends data, until its end packet. Size is never assumed, and where
   * as many bytes as a packet has were lost the whole is `device.protocol`: nothing else would tell.
   */
  receive(content: number[]): Promise<{ code: number; data: Uint8Array }> {
    return this.#mutex.run(async () => {
      const ack = await this.#command(content, ACK_MS);
      if (ack.code !== ACK.ok) return ack;
      this.#unquiet = true;
      const parts: Uint8Array[] = [];
      let total = 0;
      for (;;) {
        const packet = await this.#next(DATA_MS);
        if (packet.id === PACKET.ack) throw deviceFault("protocol", { expected: "data" });
        parts.push(packet.content);
        total += packet.content.length;
        if (total > MAX_TRANSFER) throw deviceFault("protocol", { reason: "endless" });
        if (packet.id !== PACKET.end) continue;
        this.#unquiet = false;
        if (this.#strange >= OVERHEAD) throw deviceFault("protocol", { reason: "lostData" });
        return { code: ACK.ok, data: Buffer.concat(parts) };
      }
    });
  }

  /** A command after whose acknowledgement the host sends data. The module reports a bad transfer only with the next command. */
  send(content: number[], data: Uint8Array): Promise<{ code: number; data: Uint8Array }> {
    return this.#mutex.run(async () => {
      const ack = await this.#command(content, ACK_MS);
      if (ack.code !== ACK.ok) return ack;
      for (let at = 0; at < data.length; at += this.packetSize) {
        const last = at + this.packetSize >= data.length;
        const slice = data.subarray(at, at + this.packetSize);
        await this.#connection.write(
          encodePacket({ address: this.#address, id: last ? PACKET.end : PACKET.data, content: slice }),
        );
      }
      return ack;
    });
  }

  /**
   * A command that the module answers step by step; ends with the answer for which `last` is true. An aborted signal sends
   * Cancel, whose bare answer ends it too.
   * @param timeMs longest silence between two steps
   */
  steps(
    content: number[],
    timeMs: number,
    last: (code: number, data: Uint8Array) => boolean,
    signal: AbortSignal,
  ): Promise<{ code: number; data: Uint8Array }> {
    return this.#mutex.run(async () => {
      const cancel = () => void this.#write([OP.cancel]).catch(() => undefined);
      let answer = this.#command(content, timeMs);
      signal.addEventListener("abort", cancel, { once: true });
      if (signal.aborted) cancel();
      try {
        for (;;) {
          const { code, data } = await answer;
          if (last(code, data) || (signal.aborted && data.length === 0)) return { code, data };
          answer = this.#next(timeMs).then(acknowledgement);
        }
      } finally {
        signal.removeEventListener("abort", cancel);
      }
    });
  }

  /** Gives the module another address: the answer comes from the new one already, which is used from then on. */
  readdress(content: number[], address: number): Promise<number> {
    return this.#mutex.run(async () => {
      this.#heard = [this.#address, address];
      try {
        const { code } = await this.#command(content, ACK_MS);
        if (code === ACK.ok) this.#address = address;
        return code;
      } finally {
        this.#heard = [this.#address];
      }
    });
  }

  /** Goes on under an address that the module is known to have. */
  speakTo(address: number): void {
    this.#address = address;
    this.#heard = [address];
  }

  get address(): number {
    return this.#address;
  }

  /** Whether the line is there and the last command had its answer. */
  get answering(): boolean {
    return !this.#gone && this.#owedUntil === 0 && !this.#unquiet;
  }

  setBaudRate(rate: number): Promise<void> {
    return this.#mutex.run(async () => {
      // What comes at another rate is no packet.
      this.#owedUntil = 0;
      await this.#connection.setBaudRate(rate);
    });
  }

  /** A command that restarts the module; then waits for the bare byte with which it says that it is there, `ms` at most. */
  restart(content: number[], ms: number): Promise<number> {
    return this.#mutex.run(async () => {
      const { code } = await this.#command(content, ACK_MS);
      if (code !== ACK.ok || this.#strange > 0) return code;
      const heard = new AbortController();
      this.#onStrange = () => heard.abort();
      await this.#clock.sleep(ms, heard.signal);
      this.#onStrange = () => undefined;
      return code;
    });
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#mutex.stop(deviceFault("absent"));
  }

  async #command(content: number[], timeMs: number): Promise<{ code: number; data: Uint8Array }> {
    const owed = this.#owedUntil - this.#clock.mono();
    if (owed > 0 && this.#inbox.length === 0) await this.#next(owed).catch(() => undefined);
    this.#owedUntil = 0;
    if (this.#unquiet) await this.#untilQuiet();
    this.#parser.reset();
    this.#inbox = [];
    this.#strange = 0;
    await this.#write(content);
    const packet = await this.#next(timeMs).catch((error: unknown) => {
      if (isFault(error, "device.noReply")) this.#owedUntil = this.#clock.mono() + OWED_MS;
      throw error;
    });
    return acknowledgement(packet);
  }

  async #untilQuiet(): Promise<void> {
    const end = this.#clock.mono() + LONGEST_NOISE_MS;
    while (this.#clock.mono() < end) {
      this.#inbox = [];
      const more = await this.#next(QUIET_MS).catch((error: unknown) => {
        if (!isFault(error, "device.noReply")) throw error;
        return undefined;
      });
      if (!more) break;
    }
    this.#unquiet = false;
  }

  #write(content: number[]): Promise<void> {
    return this.#connection.write(
      encodePacket({ address: this.#address, id: PACKET.command, content: Uint8Array.from(content) }),
    );
  }

  async #next(timeMs: number): Promise<Packet> {
    const timer = new AbortController();
    let late = false;
    void this.#clock.sleep(timeMs, timer.signal).then(() => {
      late = !timer.signal.aborted;
      this.#arrived();
    });
    try {
      for (;;) {
        const packet = this.#inbox.shift();
        if (packet) return packet;
        if (this.#gone) throw this.#gone;
        if (late) throw deviceFault("noReply");
        await new Promise<void>((resolve) => {
          this.#arrived = resolve;
          if (this.#inbox.length > 0 || this.#gone || late) resolve();
        });
      }
    } finally {
      timer.abort();
    }
  }
}

function acknowledgement({ id, content }: Packet): { code: number; data: Uint8Array } {
  const [code] = content;
  if (id !== PACKET.ack || code === undefined) throw deviceFault("protocol", { expected: "ack" });
  return { code, data: content.subarray(1) };
}
