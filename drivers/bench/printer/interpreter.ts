/**
 * What a printer does with the bytes in its buffer: text, codes and commands of ESC/POS, in order. Real-time commands do not
 * get here. Written from Epson's command reference, apart from the driver.
 */
export type Step =
  | { do: "line"; text: string }
  | { do: "qr"; text: string }
  | { do: "cut" }
  | { do: "reset" }
  | { do: "automatic"; on: boolean }
  | { do: "paperStatus" }
  | { do: "processId"; word: string };

/** Bytes that follow these two-byte commands; others are longer or have none. */
const ARGUMENTS: Readonly<Record<string, number>> = {
  "1b61": 1,
  "1b45": 1,
  "1b64": 1,
  "1d21": 1,
  "1d61": 1,
  "1d72": 1,
};

export class Interpreter {
  readonly #decoder: TextDecoder;
  #text: number[] = [];
  #chinese = true;
  #stored = "";

  constructor(encoding: "gb18030" | "big5") {
    this.#decoder = new TextDecoder(encoding);
  }

  reset(): void {
    this.#text = [];
    this.#stored = "";
  }

  /** The next step in `bytes` and how many it used; undefined when its last byte has not come yet. */
  next(bytes: readonly number[]): { used: number; step?: Step } | undefined {
    const [first, second, third] = bytes;
    if (first === undefined) return undefined;
    if (first === 0x0a) return { used: 1, step: { do: "line", text: this.#take() } };
    if (first === 0x1b || first === 0x1c || first === 0x1d) {
      if (second === undefined) return undefined;
      if (first === 0x1d && second === 0x28) return this.#long(bytes);
      if (first === 0x1d && second === 0x56) return this.#cut(bytes);
      return this.#short(first, second, third);
    }
    this.#text.push(first);
    return { used: 1 };
  }

  #short(
    first: number,
    second: number,
    third: number | undefined,
  ): { used: number; step?: Step } | undefined {
    const name = Buffer.from([first, second]).toString("hex");
    const length = 2 + (ARGUMENTS[name] ?? 0);
    if (length > 2 && third === undefined) return undefined;
    if (name === "1b40") {
      this.#text = [];
      return { used: 2, step: { do: "reset" } };
    }
    if (name === "1c26") this.#chinese = true;
    if (name === "1c2e") this.#chinese = false;
    if (name === "1d61") return { used: 3, step: { do: "automatic", on: third !== 0 } };
    if (name === "1d72" && third === 1) return { used: 3, step: { do: "paperStatus" } };
    return { used: length };
  }

  /** Function B feeds by so much before it cuts. */
  #cut(bytes: readonly number[]): { used: number; step: Step } | undefined {
    const used = (bytes[2] ?? 0) >= 65 ? 4 : 3;
    return bytes.length < used ? undefined : { used, step: { do: "cut" } };
  }

  /** GS ( letter pL pH …: the length stands in front. */
  #long(bytes: readonly number[]): { used: number; step?: Step } | undefined {
    const [, , letter, low, high] = bytes;
    if (low === undefined || high === undefined) return undefined;
    const used = 5 + low + high * 256;
    if (bytes.length < used) return undefined;
    const data = bytes.slice(5, used);
    if (letter === 0x48 && data[0] === 48 && data[1] === 48)
      return { used, step: { do: "processId", word: String.fromCharCode(...data.slice(2)) } };
    if (letter === 0x6b && data[0] === 0x31) {
      if (data[1] === 80) this.#stored = String.fromCharCode(...data.slice(3));
      if (data[1] === 81) return { used, step: { do: "qr", text: this.#stored } };
    }
    return { used };
  }

  #take(): string {
    const bytes = Uint8Array.from(this.#text);
    this.#text = [];
    return this.#chinese ? this.#decoder.decode(bytes) : Buffer.from(bytes).toString("latin1");
  }
}
