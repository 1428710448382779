/**
 * Frames of Kerong CU lock boards: `02 ADDR CMD [DATA] 03 SUM`, SUM the low byte of the sum of all bytes before it.
 * ADDR: board in the high nibble, lock in the low one. 02 and 03 occur inside data, so frames are cut by length.
 */
export const STX = 0x02;
export const ETX = 0x03;
export const COMMAND = { status: 0x30, unlock: 0x31 } as const;
export const STATUS_REPLY = 0x35;
export const REQUEST_LENGTH = 5;
export const STATUS_LENGTH = 9;

export const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

/** @param address board in the high nibble, lock in the low one */
export function request(address: number, command: number, data: readonly number[] = []): Uint8Array {
  const head = Uint8Array.of(STX, address, command, ...data, ETX);
  return Uint8Array.of(...head, sum(head));
}

/** @param board 0-9 */
export const statusRequest = (board: number): Uint8Array => request(board << 4, COMMAND.status);

/** @param board 0-9; @param lock 0-15 */
export const unlockRequest = (board: number, lock: number): Uint8Array =>
  request((board << 4) | lock, COMMAND.unlock);

/** A status of one board: bit n of each word is lock n, the lowest first. */
export interface StatusFrame {
  board: number;
  latchBits: number;
  itemBits: number;
}

/** Reads a whole status frame whose sum was checked. */
export function readStatus(frame: Uint8Array): StatusFrame {
  const [, address = 0, , l0 = 0, l1 = 0, i0 = 0, i1 = 0] = frame;
  return { board: address >> 4, latchBits: l0 | (l1 << 8), itemBits: i0 | (i1 << 8) };
}
