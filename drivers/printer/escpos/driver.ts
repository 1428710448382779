import { randomInt } from "node:crypto";
import {
  type Driver,
  deviceFault,
  type PrintDocument,
  type Printed,
  type Printer,
  type PrinterCapabilities,
  type PrinterState,
  type Redeem,
  type Session,
} from "../../contract/index.ts";
import { type Clock, err, type Fault, isFault, ok, type Result } from "../../kit/index.ts";
import type { SerialFactory } from "../../ports/index.ts";
import { confirmation, DISCARD, documentBytes, INITIALISE } from "./commands.ts";
import type { Encoding } from "./encoding.ts";
import { EscposLink } from "./link.ts";

export interface EscposSettings {
  role: string;
  port: { path: string; baudRate: number };
  profile: "tm" | "basic";
  encoding: Encoding;
  columns: number;
}

/** Longest time of a document on paper, from its last byte to its cut, ms. */
const PRINT_MS = 8_000;
/** How often it is looked meanwhile whether the printer still can, ms. */
const LOOK_MS = 500;
/** How long it is asked again, when its answers fail, before that counts as an answer, ms. */
const ASK_MS = 4_000;
/** What a printer may need to throw its buffers away, ms. */
const DISCARD_MS = 100;

/** Why it cannot print now; undefined when it can. */
function reasonAgainst(state: PrinterState, role: string): Fault | undefined {
  if (state.cover === "open") return deviceFault("coverOpen", { role });
  if (state.paper === "out") return deviceFault("paperOut", { role });
  if (state.error === "cutter") return deviceFault("jammed", { role, part: "cutter" });
  if (state.error !== "none") return deviceFault("fault", { role, error: state.error });
  return state.online ? undefined : deviceFault("notReady", { role });
}

/**
 * A receipt printer that speaks ESC/POS. A document is sent once. Printed is what the printer itself confirms: with a word of
 * this document that it gives back when the paper is cut, or, of the plainer profile, with a status in the right order and
 * nothing wrong after it.
 */
export function escposDriver(
  settings: EscposSettings,
  options: { serial: SerialFactory; clock: Clock; redeem: Redeem },
): Driver<Printer> {
  const { role, profile } = settings;
  const { clock } = options;
  const capabilities: PrinterCapabilities = {
    columns: settings.columns,
    evidence: profile === "tm" ? ["confirmation", "status"] : ["status"],
  };
  /** Whether something of an earlier document may hang on the roll; after a start nobody knows. */
  let hanging = true;

  return {
    role,
    class: "printer",
    name: "printer.escpos",
    probeEveryMs: 2_000,
    deviceTimeMs: 3_000,
    open: async () => {
      const link = new EscposLink(await options.serial(settings.port), clock);
      try {
        await link.state();
      } catch (error) {
        await link.close();
        throw error;
      }
      const discard = async (): Promise<void> => {
        await link.write(DISCARD[profile]);
        await clock.sleep(DISCARD_MS);
        await link.write(INITIALISE);
      };
      const session: Session<Printer> = {
        identity: { model: `ESC/POS ${profile}` },
        capabilities: { ...capabilities },
        declares: {
          read: { kind: "query", deviceTimeMs: 2_000 },
          print: { kind: "actuate", deviceTimeMs: PRINT_MS + 2 * ASK_MS },
        },
        verbs: {
          capabilities,
          read: () => answer(role, () => link.state()),
          print: (token, document) =>
            answer(role, async () => {
              const bytes = bytesOf(document);
              const before = await link.state();
              const against = reasonAgainst(before, role);
              if (against) throw against;
              options.redeem(token, role, token.compartment);
              return send(link, bytes, before, discard);
            }),
        },
        // What was not printed before must not come out later; statuses are not sent unasked from here on.
        recover: async () => {
          await discard();
          const { paper, cover } = await link.state();
          return { paper, cover };
        },
        probe: async () => void (await link.state()),
        lost: link.lost,
        close: () => link.close(),
      };
      return session;
    },
  };

  function bytesOf(document: PrintDocument): Uint8Array {
    const { encoding, columns } = settings;
    return documentBytes(document, { encoding, columns, cutFirst: hanging });
  }

  /** From here on a byte may have left: whatever happens is an outcome. */
  async function send(
    link: EscposLink,
    document: Uint8Array,
    before: PrinterState,
    discard: () => Promise<void>,
  ): Promise<Printed> {
    const word = String(randomInt(1_000, 10_000));
    const bytes = Uint8Array.of(...document, ...confirmation(profile, word));
    hanging = true;
    const finished = new AbortController();
    let confirmed = false;
    const stop = link.listen((said) => {
      if (profile === "tm" ? said.kind !== "done" || said.word !== word : said.kind !== "paper") return;
      confirmed = true;
      finished.abort();
    });
    let after: PrinterState | undefined;
    let sent = 0;
    try {
      await link.write(bytes);
      sent = bytes.length;
      const end = clock.mono() + PRINT_MS;
      while (!confirmed && clock.mono() < end) {
        await clock.sleep(LOOK_MS, finished.signal);
        after = await stateWithin(link, ASK_MS);
        if (!after || reasonAgainst(after, role)) break;
      }
    } catch {
      // The line is gone: what is known by now is the outcome.
      after = undefined;
    } finally {
      stop();
    }
    const proven = confirmed && (profile === "tm" || (after !== undefined && !reasonAgainst(after, role)));
    if (proven) hanging = false;
    else await discard().catch(() => undefined);
    return {
      outcome: proven ? "presented" : "unknown",
      bytes: sent,
      confirmed,
      before,
      ...(after ? { after } : {}),
    };
  }

  /** The state as soon as it can be had: a question may be asked again. Rejects when the line is gone. */
  async function stateWithin(link: EscposLink, ms: number): Promise<PrinterState | undefined> {
    const end = clock.mono() + ms;
    while (clock.mono() < end) {
      try {
        return await link.state();
      } catch (error) {
        if (isFault(error, "device.absent")) throw error;
      }
    }
    return undefined;
  }
}

async function answer<T>(role: string, job: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await job());
  } catch (error) {
    return err(isFault(error) ? error : deviceFault("fault", { role }, error));
  }
}
