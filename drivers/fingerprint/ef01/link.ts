import { deviceFault } from "../../contract/index.ts";
import { type Clock, defineEvents, type Fault, isFault, Mutex } from "../../kit/index.ts";
import type { SerialConnection } from "../../ports/index.ts";
import { ACK, encodePacket, PACKET, type Packet } from "./frame.ts";
import { Ef01Parser } from "./parser.ts";

/** First byte of an acknowledgement after a command, ms; taking an image may take most of it. */
const ACK_MS = 1_500;
/** Silence within a transfer, ms. */
const DATA_MS = 500;
/** How long after a silence its answer may still come, ms; the next command waits as long for it, and throws it away. */
const OWED_MS = 2_500;
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
  readonly #address: number;
  readonly #parser = new Ef01Parser();
  readonly #mutex = new Mutex();
  #inbox: Packet[] = [];
  #arrived: () => void = () => undefined;
  #gone: Fault | undefined;
  /** Monotonic time until which the answer of a silent command may still come. */
  #owedUntil = 0;
  readonly lost: Promise<Fault>;
  /** Payload of a data packet, bytes; read from the module. */
  packetSize = 128;

  constructor(connection: SerialConnection, clock: Clock, address: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#address = address;
    connection.onData((chunk) => {
      const { packets, junk } = this.#parser.push(chunk);
      if (junk > 0) log("junk", { bytes: junk });
      for (const packet of packets) {
        if (packet.address === this.#address && packet.id !== PACKET.command) this.#inbox.push(packet);
      }
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

  /** A command after whose acknowledgement the module sends data, until its end packet. Size is never assumed. */
  receive(content: number[]): Promise<{ code: number; data: Uint8Array }> {
    return this.#mutex.run(async () => {
      const ack = await this.#command(content, ACK_MS);
      if (ack.code !== ACK.ok) return ack;
      const parts: Uint8Array[] = [];
      let total = 0;
      for (;;) {
        const packet = await this.#next(DATA_MS);
        if (packet.id === PACKET.ack) throw deviceFault("protocol", { expected: "data" });
        parts.push(packet.content);
        total += packet.content.length;
        if (total > MAX_TRANSFER) throw deviceFault("protocol", { reason: "endless" });
        if (packet.id === PACKET.end) return { code: ACK.ok, data: Buffer.concat(parts) };
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

  setBaudRate(rate: number): Promise<void> {
    return this.#mutex.run(async () => {
      // What comes at another rate is no packet.
      this.#owedUntil = 0;
      await this.#connection.setBaudRate(rate);
    });
  }

  pause = (ms: number): Promise<void> => this.#mutex.run(() => this.#clock.sleep(ms));

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#mutex.stop(deviceFault("absent"));
  }

  async #command(content: number[], timeMs: number): Promise<{ code: number; data: Uint8Array }> {
    const owed = this.#owedUntil - this.#clock.mono();
    if (owed > 0 && this.#inbox.length === 0) await this.#next(owed).catch(() => undefined);
    this.#owedUntil = 0;
    this.#parser.reset();
    this.#inbox = [];
    await this.#connection.write(
      encodePacket({ address: this.#address, id: PACKET.command, content: Uint8Array.from(content) }),
    );
    const packet = await this.#next(timeMs).catch((error: unknown) => {
      if (isFault(error, "device.noReply")) this.#owedUntil = this.#clock.mono() + OWED_MS;
      throw error;
    });
    const [code] = packet.content;
    if (packet.id !== PACKET.ack || code === undefined) throw deviceFault("protocol", { expected: "ack" });
    return { code, data: packet.content.subarray(1) };
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
