import {
  deviceFault,
  type MotionToken,
  type Outcome,
  type PrintDocument,
  type Printer,
  type Redeem,
} from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";

/** Longest time of the printer for one document, ms. */
const PRINT_MS = 20_000;
/** Commands whose answers are remembered. */
const KEPT = 200;

export interface PrintAnswer {
  outcome: Extract<Outcome, "presented" | "notMoved" | "unknown">;
  /** Why nothing moved. */
  code?: string;
}

/**
 * Permissions to print. A receipt is no document that the vault guards, so the senses give them: one for each command, once.
 * The same command again is given the first one's answer; nothing is ever printed a second time by itself.
 */
export class Printing {
  readonly #open = new Set<MotionToken>();
  readonly #answers = new Map<string, Promise<PrintAnswer>>();
  /** Of the process: everything else that would move finds no permission here. */
  readonly redeem: Redeem = (token, device, compartment) => {
    if (token.device !== device || token.compartment !== compartment || !this.#open.delete(token))
      throw deviceFault("unauthorised", { device });
  };

  print(
    printer: DeviceHost<Printer> | undefined,
    command: string,
    document: PrintDocument,
  ): Promise<PrintAnswer> {
    const known = this.#answers.get(command);
    if (known) return known;
    const answer = this.#once(printer, command, document);
    this.#answers.set(command, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= KEPT) break;
      this.#answers.delete(oldest);
    }
    return answer;
  }

  async #once(
    printer: DeviceHost<Printer> | undefined,
    command: string,
    document: PrintDocument,
  ): Promise<PrintAnswer> {
    if (!printer) return { outcome: "notMoved", code: "device.absent" };
    // The brand of a token exists in the types only; this process makes its own.
    const token = { effect: command, device: printer.role, compartment: 0 } as MotionToken;
    this.#open.add(token);
    const printed = await printer.use("actuate", PRINT_MS, (own) => own.print(token, document));
    // Still open: the driver has not taken it, so that no byte has left.
    const untouched = this.#open.delete(token);
    if (printed.ok) return { outcome: printed.value.outcome };
    return untouched ? { outcome: "notMoved", code: printed.error.code } : { outcome: "unknown" };
  }
}
