import { deviceFault } from "../../contract/index.ts";
import type { Fault } from "../../kit/index.ts";
import { ACK, OP, readU16, u16, u32 } from "./frame.ts";
import type { Ef01Link } from "./link.ts";

/** An R503 is ready 50 ms after its start and says so; one that does not say it is given twice that, ms. */
const RESTART_MS = 100;
/** Whether anybody is there is asked with less patience, ms. */
const HELLO_MS = 300;
/** Erasing a library is a flash operation of its own length, ms. */
const EMPTY_MS = 3_000;

export interface Parameters {
  capacity: number;
  packetSize: number;
  baudRate: number;
  /** 1 (fewest false matches) to 5 (fewest refusals). */
  security: number;
}

export interface ProductInfo {
  serial: string;
  firmware: string;
  /** 0 where it is not filled in. */
  templateBytes: number;
}

interface Answer {
  code: number;
  data: Uint8Array;
}

/**
 * The commands of a module, one method each; a refusal becomes a Fault with the vendor's code. Methods that answer a code
 * leave it to the caller what that means. Template pages count from 0, buffers from 1.
 */
export class Ef01Module {
  readonly #link: Ef01Link;

  constructor(link: Ef01Link) {
    this.#link = link;
  }

  /** The portable ping of the family: handshake commands differ from model to model. */
  async verifyPassword(password = 0): Promise<void> {
    const { code } = await this.#link.command([OP.verifyPassword, ...u32(password)], HELLO_MS);
    if (code === ACK.wrongPassword) throw deviceFault("misbound", { reason: "password" });
    if (code !== ACK.ok) throw refused("verifyPassword", code);
  }

  /**
   * ReadSysPara: status, system id, library size, security, address, packet size code, baud multiplier. Undefined where the
   * module has no such command (R308).
   */
  async parameters(): Promise<Parameters | undefined> {
    const { code, data } = await this.#link.command([OP.readParameters]);
    if (code === ACK.unsupported || code === ACK.receiveError) return undefined;
    if (code !== ACK.ok) throw refused("readParameters", code);
    if (data.length !== 16 || readU16(data, 12) > 3)
      throw deviceFault("protocol", { command: "readParameters" });
    const parameters = {
      capacity: readU16(data, 4),
      packetSize: 32 << readU16(data, 12),
      baudRate: readU16(data, 14) * 9_600,
      security: readU16(data, 6),
    };
    this.#link.packetSize = parameters.packetSize;
    return parameters;
  }

  /** SetSysPara: 4 baud rate (× 9600), 5 security, 6 packet size code. Answers the code. Use the guarded changes of settings.ts. */
  setParameter = async (number: 4 | 5 | 6, value: number): Promise<number> =>
    (await this.#link.command([OP.setParameter, number, value])).code;

  async productInfo(): Promise<ProductInfo | undefined> {
    const { code, data } = await this.#link.command([OP.productInfo]);
    if (code !== ACK.ok || data.length < 46) return undefined;
    return {
      serial: printable(data.subarray(20, 28)),
      firmware: `${data[28]}.${data[29]}`,
      templateBytes: readU16(data, 42),
    };
  }

  /** Answers the confirmation code: 00 an image, 02 no finger, 03 failed. */
  takeImage = async (): Promise<number> => (await this.#link.command([OP.getImage])).code;
  /** With a judgement of the image: also 07, poor (R503). */
  takeImageJudged = async (): Promise<number> => (await this.#link.command([OP.getImageEx])).code;
  /** Without light: what was in the image buffer is gone afterwards (ZFM optical). */
  takeImageDark = async (): Promise<number> => (await this.#link.command([OP.getImageDark])).code;
  makeFeatures = async (buffer: number): Promise<number> =>
    (await this.#link.command([OP.makeFeatures, buffer])).code;
  makeModel = async (): Promise<number> => (await this.#link.command([OP.makeModel])).code;

  uploadImage = (): Promise<Uint8Array> => this.#received("uploadImage", [OP.uploadImage]);
  uploadTemplate = (): Promise<Uint8Array> => this.#received("uploadTemplate", [OP.uploadTemplate, 1]);
  downloadImage = (packed: Uint8Array): Promise<void> =>
    this.#sent("downloadImage", [OP.downloadImage], packed);
  downloadTemplate = (buffer: 1 | 2, template: Uint8Array): Promise<void> =>
    this.#sent("downloadTemplate", [OP.downloadTemplate, buffer], template);

  async store(page: number): Promise<void> {
    await this.#expect("store", [OP.store, 1, ...u16(page)]);
  }

  /** Whether the page holds a template; buffer 1 then holds it too. */
  async load(buffer: 1 | 2, page: number): Promise<boolean> {
    const { code } = await this.#link.command([OP.load, buffer, ...u16(page)]);
    if (code === ACK.badTemplate || code === ACK.templateEmpty) return false;
    if (code !== ACK.ok) throw refused("load", code);
    return true;
  }

  /** Buffer 1 against `count` pages from `first` on; page and score, or undefined when it matches none. */
  async search(
    first: number,
    count: number,
    fast = false,
  ): Promise<{ page: number; score: number } | undefined> {
    const op = fast ? OP.fastSearch : OP.search;
    const { code, data } = await this.#link.command([op, 1, ...u16(first), ...u16(count)]);
    if (code === ACK.notFound || code === ACK.libraryEmpty) return undefined;
    if (code !== ACK.ok) throw refused("search", code);
    const found = { page: readU16(data, 0), score: readU16(data, 2) };
    // Buffer 1 may have held a stored template itself a moment ago: only a whole answer to a search counts as one.
    if (data.length !== 4 || found.page < first || found.page >= first + count)
      throw deviceFault("protocol", { command: "search" });
    return found;
  }

  /** Buffer 1 against buffer 2; the score, or undefined when they do not match. */
  async match(): Promise<number | undefined> {
    const { code, data } = await this.#link.command([OP.match]);
    if (code === ACK.noMatch) return undefined;
    if (code !== ACK.ok) throw refused("match", code);
    if (data.length !== 2) throw deviceFault("protocol", { command: "match" });
    return readU16(data, 0);
  }

  async remove(page: number, count = 1): Promise<void> {
    await this.#expect("remove", [OP.remove, ...u16(page), ...u16(count)]);
  }

  async empty(): Promise<void> {
    await this.#accepted("empty", this.#link.command([OP.empty], EMPTY_MS));
  }

  async templateCount(): Promise<number> {
    return readU16(await this.#exactly("templateCount", [OP.templateCount], 2), 0);
  }

  /** Pages that hold a template, of the 256 from `256 * table` on; undefined where the module has no index table. */
  async indexTable(table: number): Promise<number[] | undefined> {
    const { code, data } = await this.#link.command([OP.readIndexTable, table]);
    if (code === ACK.unsupported || code === ACK.receiveError) return undefined;
    if (code !== ACK.ok) throw refused("readIndexTable", code);
    if (data.length !== 32) throw deviceFault("protocol", { command: "readIndexTable" });
    return Array.from({ length: 256 }, (_, bit) => bit)
      .filter((bit) => ((data[bit >> 3] ?? 0) >> (bit & 7)) & 1)
      .map((bit) => 256 * table + bit);
  }

  /** @param bytes 32, kept without power in page 0 to 15 */
  async writeNotepad(page: number, bytes: Uint8Array): Promise<void> {
    await this.#expect("writeNotepad", [OP.writeNotepad, page, ...bytes]);
  }

  readNotepad = (page: number): Promise<Uint8Array> =>
    this.#exactly("readNotepad", [OP.readNotepad, page], 32);
  /** 32 bit from the module's own generator. */
  randomCode = (): Promise<Uint8Array> => this.#exactly("randomCode", [OP.randomCode], 4);
  readInfoPage = (): Promise<Uint8Array> => this.#received("readInfoPage", [OP.readInfoPage]);

  async algorithmVersion(): Promise<string> {
    return printable(await this.#exactly("algorithmVersion", [OP.algorithmVersion], 32));
  }

  async firmwareVersion(): Promise<string> {
    return printable(await this.#exactly("firmwareVersion", [OP.firmwareVersion], 32));
  }

  /** Whether the module finds its sensor in order (R503); undefined where it cannot say. */
  async checkSensor(): Promise<boolean | undefined> {
    const { code } = await this.#link.command([OP.checkSensor]);
    if (code === ACK.unsupported || code === ACK.receiveError) return undefined;
    if (code !== ACK.ok && code !== ACK.sensorFault) throw refused("checkSensor", code);
    return code === ACK.ok;
  }

  /** Whether the module says that it is in order (R503). */
  handshake = async (): Promise<boolean> => (await this.#link.command([OP.handshake])).code === ACK.ok;

  /** Old handshake of ZFM modules: their port on or off. */
  portControl = async (control: 0 | 1): Promise<void> => {
    await this.#expect("portControl", [OP.portControl, control]);
  };

  /**
   * Ring light of the R503 (manual §5.3): control 1 breathing, 2 flashing, 3 on, 4 off, 5 and 6 gradually on and off;
   * speed 0 to 255, 255 a cycle of about 5 s; colour 1 red, 2 blue, 3 purple, 4 green, 5 yellow, 6 cyan, 7 white;
   * count of cycles, 0 for ever.
   */
  async aura(control: number, colour: number, speed = 0x60, count = 0): Promise<void> {
    await this.#expect("auraLed", [OP.auraLed, control, speed, colour, count]);
  }

  /** Light of an optical ZFM module. */
  async light(on: boolean): Promise<void> {
    await this.#expect("light", [on ? OP.lightOn : OP.lightOff]);
  }

  /**
   * Restarts the module (R503), which empties its image and feature buffers; it answers again within 50 ms (manual §5.4).
   * False where it cannot.
   */
  async softReset(): Promise<boolean> {
    const code = await this.#link.restart([OP.softReset], RESTART_MS);
    if (code === ACK.unsupported) return false;
    if (code !== ACK.ok) throw refused("softReset", code);
    return true;
  }

  async #exactly(command: string, content: number[], bytes: number): Promise<Uint8Array> {
    const { data } = await this.#expect(command, content);
    if (data.length !== bytes) throw deviceFault("protocol", { command });
    return data;
  }

  #expect(command: string, content: number[]): Promise<Answer> {
    return this.#accepted(command, this.#link.command(content));
  }

  async #received(command: string, content: number[]): Promise<Uint8Array> {
    return (await this.#accepted(command, this.#link.receive(content))).data;
  }

  async #sent(command: string, content: number[], bytes: Uint8Array): Promise<void> {
    await this.#accepted(command, this.#link.send(content, bytes));
  }

  async #accepted(command: string, answer: Promise<Answer>): Promise<Answer> {
    const { code, data } = await answer;
    if (code !== ACK.ok) throw refused(command, code);
    return { code, data };
  }
}

const printable = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString("latin1")
    .replace(/[^\x20-\x7e]/g, "")
    .trim();

export function refused(command: string, code: number): Fault {
  const name =
    code === ACK.sensorFault || code === ACK.hardwareFault
      ? "fault"
      : code === ACK.receiveError
        ? "noReply"
        : "refused";
  return deviceFault(name, { command, vendorCode: code });
}
