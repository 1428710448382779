import { type DispenserState, deviceFault } from "../../contract/index.ts";
import { type Fault, isFault } from "../../kit/index.ts";
import type { Reply } from "./frame.ts";
import type { Crt591Link } from "./link.ts";
import {
  type Command,
  INIT,
  type Profile,
  READ_BIN,
  RF_OFF,
  RF_ON,
  SENSORS,
  SERIAL_NUMBER,
  STATUS,
  VERSION,
  ZERO_BIN,
} from "./profiles.ts";

type Positive = Reply & { ok: true };

const PATH = { "0": "clear", "1": "gate", "2": "reader" } as const;
const STOCK = { "0": "empty", "1": "low", "2": "enough" } as const;

/** Length of a UID by ISO/IEC 14443-3. */
const UID_LENGTHS = new Set([4, 7, 10]);
/** First byte of a 4-byte UID that is drawn anew at each activation (ISO/IEC 14443-3, 6.5.4). */
const RANDOM_UID = 0x08;

/** The commands of one unit, in the words of the contract. Rejects with faults of `device`. */
export class Crt591Unit {
  readonly #link: Crt591Link;
  readonly #profile: Profile;

  constructor(link: Crt591Link, profile: Profile) {
    this.#link = link;
    this.#profile = profile;
  }

  /** The first command after power-up. It moves nothing, ends errors, and closes the entry. Answers the firmware's name. */
  initialise = async (): Promise<string> => textOf((await this.#ask(INIT)).data);

  version = async (): Promise<string> => textOf((await this.#ask(VERSION)).data);

  /** Empty where the unit has none. */
  serialNumber = async (): Promise<string> => textOf((await this.#ask(SERIAL_NUMBER)).data.subarray(1));

  async state(): Promise<DispenserState> {
    const { binFull } = this.#profile;
    const status = await this.#ask(binFull === "st2" ? STATUS : SENSORS);
    const full = binFull === "st2" ? status.st2 === "1" : status.data[binFull.sensor] === 0x31;
    const count = await this.#binCount();
    return {
      path: pathOf(status),
      magazines: [STOCK[status.st1 as keyof typeof STOCK] ?? "unknown"],
      bin: { full, ...(count === undefined ? {} : { count }) },
    };
  }

  /** Where the item is, and nothing else: the cheapest question. */
  path = async (): Promise<DispenserState["path"]> => pathOf(await this.#ask(STATUS));

  /** Whether the unit counts its bin. */
  hasBinCounter = async (): Promise<boolean> => (await this.#binCount()) !== undefined;

  zeroBin = async (): Promise<void> => {
    await this.#ask(ZERO_BIN);
  };

  /** Fixed UID of the one chip in the field, capital hex. */
  async uid(): Promise<string> {
    const { data } = await this.#ask(RF_ON);
    await this.#ask(RF_OFF);
    const [kind, , , length = 0] = data;
    // Type B tells a pseudo-unique identifier that may change, so it names no item.
    if (kind !== 0x4d && kind !== 0x41) throw deviceFault("unreadable", { reason: "kind" });
    const uid = data.subarray(4, 4 + length);
    if (!UID_LENGTHS.has(length) || uid.length !== length)
      throw deviceFault("protocol", { uidLength: length });
    if (length === 4 && uid[0] === RANDOM_UID) throw deviceFault("unreadable", { reason: "randomUid" });
    return Buffer.from(uid).toString("hex").toUpperCase();
  }

  /** Sends what moves, once. @throws what `redeem` throws, before a byte is written */
  async move(command: Command, redeem: () => void): Promise<void> {
    this.#good(await this.#link.exchange(command, redeem));
  }

  /** Closes the entry; sent once. */
  endAccept = async (): Promise<void> => {
    await this.#ask(this.#profile.endAccept);
  };

  async #binCount(): Promise<number | undefined> {
    try {
      const digits = textOf((await this.#ask(READ_BIN)).data);
      if (!/^[0-9]{3}$/.test(digits)) throw deviceFault("protocol", { reason: "binCount" });
      return Number(digits);
    } catch (error) {
      // Units without a counter know neither the command nor its hardware.
      if (isFault(error, "device.refused") && NO_COUNTER.has(String(error.fields.vendor))) return undefined;
      throw error;
    }
  }

  #ask = async (command: Command): Promise<Positive> => this.#good(await this.#link.exchange(command));

  #good(reply: Reply): Positive {
    if (reply.ok) return reply;
    throw faultOf(reply.error);
  }
}

const NO_COUNTER = new Set(["00", "03"]);

const pathOf = ({ st0 }: Positive): DispenserState["path"] => PATH[st0 as keyof typeof PATH] ?? "unknown";

/** Printable characters of a text, 40 at most. */
const textOf = (data: Uint8Array): string =>
  Buffer.from(data)
    .toString("latin1")
    .replace(/[^ -~]/g, "")
    .trim()
    .slice(0, 40);

/** Error codes of CRT-591-M001 v1.0 by what they ask for. */
function faultOf(code: string): Fault {
  const vendor = code.replace(/[^0-9A-Z]/g, "?");
  if (code === "A0") return deviceFault("empty", { vendor });
  if (code === "A1" || code === "50") return deviceFault("storageFull", { vendor });
  // Not initialised: it has lost its power since, so nothing that was known of it holds.
  if (code === "B0") return deviceFault("fault", { vendor, reason: "reset" });
  if (code === "12" || code === "41" || code === "51") return deviceFault("fault", { vendor });
  if (/^(1[0346]|4[0-35])$/.test(code)) return deviceFault("jammed", { vendor });
  if (/^6[0-9]$/.test(code)) return deviceFault("unreadable", { vendor });
  return deviceFault("refused", { vendor });
}
