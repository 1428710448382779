import { deviceFault } from "../../contract/index.ts";
import { readU16, u16 } from "./frame.ts";
import type { Ef01Module } from "./module.ts";

/**
 * The note of an enrolment in the module's own notepad, which it keeps without power: the page that is being written. A
 * recovery that finds one removes that page, so that no template is left which nobody knows an id of.
 */
const PAGE = 15;
const MARK = [0x45, 0x4e, 0x52, 0x4c] as const;
const BYTES = 32;

const noteOf = (page: number): Uint8Array =>
  Uint8Array.of(...MARK, ...u16(page), ...u16(page ^ 0xffff), ...new Uint8Array(BYTES - MARK.length - 4));

/** Rejects when the module cannot keep a note: then it cannot enrol what is to be kept either. */
export const note = (module: Ef01Module, page: number): Promise<void> => write(module, noteOf(page));

export const wipe = (module: Ef01Module): Promise<void> => write(module, new Uint8Array(BYTES));

async function write(module: Ef01Module, bytes: Uint8Array): Promise<void> {
  await module.writeNotepad(PAGE, bytes);
  if (Buffer.compare(await module.readNotepad(PAGE), bytes) !== 0)
    throw deviceFault("protocol", { command: "writeNotepad" });
}

/** The page of an enrolment that was cut, if there is one. */
export async function pending(module: Ef01Module): Promise<number | undefined> {
  const bytes = await module.readNotepad(PAGE);
  const page = readU16(bytes, MARK.length);
  const whole =
    MARK.every((byte, i) => bytes[i] === byte) && readU16(bytes, MARK.length + 2) === (page ^ 0xffff);
  return whole ? page : undefined;
}
