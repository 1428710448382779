/**
 * Frames of the Creator CRT-571/591: `F2 ADDR LENH LENL TEXT 03 BCC`. LEN counts TEXT; BCC is the XOR of everything before
 * it. TEXT is head, CM, PM and data; F2, 03 and the control bytes occur inside data, so frames are cut by length.
 */
export const STX = 0xf2;
export const ETX = 0x03;
export const ACK = 0x06;
export const NAK = 0x15;
export const EOT = 0x04;

/** Bytes around TEXT. */
export const OVERHEAD = 6;
/** Longest whole frame (CRT-591-M001 v1.0). */
export const MAX_FRAME = 1_024;
export const MAX_TEXT = MAX_FRAME - OVERHEAD;

export const HEAD = { command: 0x43, positive: 0x50, negative: 0x4e, negativeAsPrinted: 0x45 } as const;

export const xor = (bytes: Uint8Array): number => bytes.reduce((all, byte) => all ^ byte, 0);

/** @param address 0-15 by DIP switch; @param data 0-512 bytes */
export function encodeCommand(address: number, cm: number, pm: number, data: Uint8Array): Uint8Array {
  const length = 3 + data.length;
  const frame = Uint8Array.of(STX, address, length >> 8, length & 0xff, HEAD.command, cm, pm, ...data, ETX);
  return Uint8Array.of(...frame, xor(frame));
}

/** What a unit answers. Status and error characters are ASCII. */
export type Reply = { address: number; cm: number; pm: number; data: Uint8Array } & (
  | { ok: true; st0: string; st1: string; st2: string }
  /** Two characters, e.g. `A0`. */
  | { ok: false; error: string }
);

/** Shortest TEXT of each head; undefined for a head that no frame has. */
export function shortestText(head: number): number | undefined {
  if (head === HEAD.command) return 3;
  if (head === HEAD.positive) return 6;
  return head === HEAD.negative || head === HEAD.negativeAsPrinted ? 5 : undefined;
}

/** Reads a whole frame whose length and BCC were checked; undefined for a command, which only an echo can be. */
export function readReply(frame: Uint8Array): Reply | undefined {
  const [, address = 0, , , head, cm = 0, pm = 0] = frame;
  if (head === HEAD.command) return undefined;
  const rest = frame.subarray(7, -2);
  const [first = "", second = "", third = ""] = Array.from(rest.subarray(0, 3), (byte) =>
    String.fromCharCode(byte),
  );
  return head === HEAD.positive
    ? { address, cm, pm, ok: true, st0: first, st1: second, st2: third, data: rest.slice(3) }
    : { address, cm, pm, ok: false, error: first + second, data: rest.slice(2) };
}
