import { deviceFault } from "../../contract/index.ts";
import { type Clock, type Fault, Mutex } from "../../kit/index.ts";
import type { SerialConnection } from "../../ports/index.ts";
import { ACK, encodePacket, PACKET, type Packet } from "./frame.ts";
import { Ef01Parser } from "./parser.ts";

/** First byte of an acknowledgement after a command, ms; taking an image may take most of it. */
const ACK_MS = 1_500;
/** Silence within a transfer, ms. */
const DATA_MS = 500;
/** Cap for a transfer: some clones never send the end packet. */
const MAX_TRANSFER = 64 * 1024;

/**
 * One command at a time on the line of a module. What is left of an earlier command is drained before each, so that a
 * late answer is never taken for the next command's.
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
  readonly lost: Promise<Fault>;
  /** Payload of a data packet, bytes; read from the module. */
  packetSize = 128;

  constructor(connection: SerialConnection, clock: Clock, address: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#address = address;
    connection.onData((chunk) => {
      for (const packet of this.#parser.push(chunk).packets) {
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
    return this.#mutex.run(() => this.#connection.setBaudRate(rate));
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#mutex.stop(deviceFault("absent"));
  }

  async #command(content: number[], timeMs: number): Promise<{ code: number; data: Uint8Array }> {
    this.#parser.reset();
    this.#inbox = [];
    await this.#connection.write(
      encodePacket({ address: this.#address, id: PACKET.command, content: Uint8Array.from(content) }),
    );
    const packet = await this.#next(timeMs);
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
