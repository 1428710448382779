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

export interface PrintAnswer {
  outcome: Extract<Outcome, "presented" | "notMoved" | "unknown">;
  /** Why nothing moved. */
  code?: string;
}

/**
 * Permissions to print. A receipt is no document that the vault guards, so the senses give them: one for each command, once.
 * That a command that is sent again gets the first one's answer is the host's affair; nothing is ever printed a second time
 * by itself.
 */
export class Printing {
  /** The commit points of the prints under way. */
  readonly #open = new Map<MotionToken, () => void>();
  /** Of the process: everything else that would move finds no permission here. */
  readonly redeem: Redeem = (token, device, compartment) => {
    const commit = this.#open.get(token);
    if (!commit || token.device !== device || token.compartment !== compartment)
      throw deviceFault("unauthorised", { device });
    this.#open.delete(token);
    commit();
  };

  async print(
    printer: DeviceHost<Printer> | undefined,
    command: string,
    document: PrintDocument,
  ): Promise<PrintAnswer> {
    if (!printer) return { outcome: "notMoved", code: "device.absent" };
    // The brand of a token exists in the types only; this process makes its own.
    const token = { effect: command, device: printer.role, compartment: 0 } as MotionToken;
    const print = {
      id: command,
      verb: "print",
      kind: "actuate",
      parameters: document,
      deviceTimeMs: PRINT_MS,
      commits: true,
    } as const;
    const accepted = printer.submit(print, (own, { commit }) => {
      this.#open.set(token, commit);
      return own.print(token, document).finally(() => this.#open.delete(token));
    });
    if (!accepted.ok) return { outcome: "notMoved", code: accepted.error.code };
    const { result, committed } = await accepted.value.completion;
    if (result.ok) return { outcome: result.value.outcome };
    // Not committed: the driver has not taken the permission, so that no byte has left.
    return committed ? { outcome: "unknown" } : { outcome: "notMoved", code: result.error.code };
  }
}
