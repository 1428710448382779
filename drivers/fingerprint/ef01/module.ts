import { deviceFault } from "../../contract/index.ts";
import { ACK, OP, readU16, u16, u32 } from "./frame.ts";
import type { Ef01Link } from "./link.ts";

/** An R503 is ready 50 ms after its start; twice that, ms. */
const RESTART_MS = 100;

export interface Parameters {
  capacity: number;
  packetSize: number;
  baudRate: number;
}

/**
 * The commands of a module, one method each; a refusal becomes a Fault with the vendor's code. Methods that answer a code
 * leave it to the caller what that means.
 */
export class Ef01Module {
  readonly #link: Ef01Link;

  constructor(link: Ef01Link) {
    this.#link = link;
  }

  async verifyPassword(password = 0): Promise<void> {
    const { code } = await this.#link.command([OP.verifyPassword, ...u32(password)], 300);
    if (code === ACK.wrongPassword) throw deviceFault("misbound", { reason: "password" });
    if (code !== ACK.ok) throw refused("verifyPassword", code);
  }

  /** ReadSysPara: status, system id, library size, security, address, packet size code, baud multiplier. */
  async parameters(): Promise<Parameters> {
    const { data } = await this.#expect("readParameters", [OP.readParameters]);
    if (data.length < 16) throw deviceFault("protocol", { command: "readParameters" });
    const parameters = {
      capacity: readU16(data, 4),
      packetSize: 32 << readU16(data, 12),
      baudRate: readU16(data, 14) * 9_600,
    };
    if (parameters.packetSize > 256) throw deviceFault("protocol", { command: "readParameters" });
    this.#link.packetSize = parameters.packetSize;
    return parameters;
  }

  /** Larger data packets where the module has them; keeps what there is when it refuses. */
  async widenPackets(current: number): Promise<void> {
    if (current >= 256) return;
    const { code } = await this.#link.command([OP.setParameter, 6, 3]);
    if (code === ACK.ok) this.#link.packetSize = 256;
  }

  async productInfo(): Promise<{ serial: string; firmware: string } | undefined> {
    const { code, data } = await this.#link.command([OP.productInfo]);
    if (code !== ACK.ok || data.length < 46) return undefined;
    const text = (from: number, to: number) =>
      Buffer.from(data.subarray(from, to))
        .toString("latin1")
        .replace(/[^\x20-\x7e]/g, "")
        .trim();
    return { serial: text(20, 28), firmware: `${data[28]}.${data[29]}` };
  }

  /** Answers the confirmation code: 00 an image, 02 no finger, 03 failed. */
  takeImage = async (): Promise<number> => (await this.#link.command([OP.getImage])).code;
  makeFeatures = async (buffer: 1 | 2): Promise<number> =>
    (await this.#link.command([OP.makeFeatures, buffer])).code;
  makeModel = async (): Promise<number> => (await this.#link.command([OP.makeModel])).code;

  async uploadImage(): Promise<Uint8Array> {
    return (await this.#accepted("uploadImage", this.#link.receive([OP.uploadImage]))).data;
  }

  async uploadTemplate(): Promise<Uint8Array> {
    return (await this.#accepted("uploadTemplate", this.#link.receive([OP.uploadTemplate, 1]))).data;
  }

  async downloadTemplate(buffer: 1 | 2, template: Uint8Array): Promise<void> {
    await this.#accepted("downloadTemplate", this.#link.send([OP.downloadTemplate, buffer], template));
  }

  async store(page: number): Promise<void> {
    await this.#expect("store", [OP.store, 1, ...u16(page)]);
  }

  /** Search of one page; the score, or undefined when it does not match. */
  async searchPage(page: number): Promise<number | undefined> {
    const { code, data } = await this.#link.command([OP.search, 1, ...u16(page), ...u16(1)]);
    if (code === ACK.notFound) return undefined;
    if (code !== ACK.ok) throw refused("search", code);
    // Buffer 1 held the stored template itself a moment ago: only a whole answer to a search counts as one.
    if (data.length !== 4 || readU16(data, 0) !== page) throw deviceFault("protocol", { command: "search" });
    return readU16(data, 2);
  }

  /** Buffer 1 against buffer 2; the score, or undefined when they do not match. */
  async match(): Promise<number | undefined> {
    const { code, data } = await this.#link.command([OP.match]);
    if (code === ACK.noMatch) return undefined;
    if (code !== ACK.ok) throw refused("match", code);
    if (data.length !== 2) throw deviceFault("protocol", { command: "match" });
    return readU16(data, 0);
  }

  async remove(page: number): Promise<void> {
    await this.#expect("remove", [OP.remove, ...u16(page), ...u16(1)]);
  }

  async templateCount(): Promise<number> {
    const { data } = await this.#expect("templateCount", [OP.templateCount]);
    if (data.length !== 2) throw deviceFault("protocol", { command: "templateCount" });
    return readU16(data, 0);
  }

  async empty(): Promise<void> {
    await this.#expect("empty", [OP.empty]);
  }

  /** Ring light of the R503: control 1 breathing, 3 on, 4 off; colour 1 red, 2 blue, 4 green (manual §5.3). */
  async aura(control: 1 | 3 | 4, colour: 1 | 2 | 4): Promise<void> {
    await this.#link.command([OP.auraLed, control, 0x60, colour, 0]);
  }

  /** Restarts the module (R503), which empties its image and feature buffers; it answers again within 50 ms (manual §5.4). */
  async softReset(): Promise<void> {
    const { code } = await this.#link.command([OP.softReset]);
    if (code === ACK.unsupported) return;
    if (code !== ACK.ok) throw refused("softReset", code);
    await this.#link.pause(RESTART_MS);
    await this.verifyPassword();
  }

  async #expect(command: string, content: number[]): Promise<{ data: Uint8Array }> {
    return this.#accepted(command, this.#link.command(content));
  }

  async #accepted(
    command: string,
    answer: Promise<{ code: number; data: Uint8Array }>,
  ): Promise<{ data: Uint8Array }> {
    const { code, data } = await answer;
    if (code !== ACK.ok) throw refused(command, code);
    return { data };
  }
}

export function refused(command: string, code: number) {
  const name =
    code === ACK.sensorFault || code === ACK.hardwareFault
      ? "fault"
      : code === ACK.receiveError
        ? "noReply"
        : "refused";
  return deviceFault(name, { command, vendorCode: code });
}
