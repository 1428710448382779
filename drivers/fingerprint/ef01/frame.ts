/**
 * Packets of the EF01 family (ZFM-20 manual, "data package format"; R503 manual V1.2.1 §5.1):
 * header EF01, address (4), packet id, length (2, content + 2), content, checksum (2). Big-endian throughout. The checksum
 * is the sum of id, length and content; header and address are not in it.
 */
export const PACKET = { command: 0x01, data: 0x02, ack: 0x07, end: 0x08 } as const;
export type PacketId = (typeof PACKET)[keyof typeof PACKET];

/** Instruction codes (ZFM user manual V1.5; R503 manual V1.2.1 §5.2, marked R503; ZFM optical modules, marked ZFM). */
export const OP = {
  getImage: 0x01,
  makeFeatures: 0x02,
  match: 0x03,
  search: 0x04,
  makeModel: 0x05,
  store: 0x06,
  load: 0x07,
  uploadTemplate: 0x08,
  downloadTemplate: 0x09,
  uploadImage: 0x0a,
  downloadImage: 0x0b,
  remove: 0x0c,
  empty: 0x0d,
  setParameter: 0x0e,
  readParameters: 0x0f,
  setPassword: 0x12,
  verifyPassword: 0x13,
  randomCode: 0x14,
  setAddress: 0x15,
  readInfoPage: 0x16,
  /** ZFM. */
  portControl: 0x17,
  writeNotepad: 0x18,
  readNotepad: 0x19,
  fastSearch: 0x1b,
  templateCount: 0x1d,
  readIndexTable: 0x1f,
  /** R503, from here to the handshake. */
  getImageEx: 0x28,
  cancel: 0x30,
  autoEnrol: 0x31,
  autoIdentify: 0x32,
  auraLed: 0x35,
  checkSensor: 0x36,
  algorithmVersion: 0x39,
  firmwareVersion: 0x3a,
  productInfo: 0x3c,
  softReset: 0x3d,
  handshake: 0x40,
  /** ZFM, from here on. */
  lightOn: 0x50,
  lightOff: 0x51,
  getImageDark: 0x52,
} as const;

/** Confirmation codes that a driver acts upon (ZFM-20 manual, "confirmation code"). */
export const ACK = {
  ok: 0x00,
  receiveError: 0x01,
  noFinger: 0x02,
  captureFailed: 0x03,
  tooDry: 0x04,
  tooWet: 0x05,
  messy: 0x06,
  fewFeatures: 0x07,
  noMatch: 0x08,
  notFound: 0x09,
  cannotMerge: 0x0a,
  badPage: 0x0b,
  badTemplate: 0x0c,
  wrongPassword: 0x13,
  noImage: 0x15,
  libraryFull: 0x1f,
  passwordNeeded: 0x21,
  templateEmpty: 0x22,
  libraryEmpty: 0x24,
  timeout: 0x26,
  alreadyThere: 0x27,
  sensorFault: 0x29,
  unsupported: 0xfc,
  hardwareFault: 0xfd,
} as const;

/** Longest content of a packet: 256 bytes of data. A longer length field is junk. */
export const MAX_CONTENT = 256;
export const OVERHEAD = 11;

export interface Packet {
  address: number;
  id: PacketId;
  content: Uint8Array;
}

export function encodePacket({ address, id, content }: Packet): Uint8Array {
  const bytes = Buffer.alloc(OVERHEAD + content.length);
  bytes.writeUInt16BE(0xef01, 0);
  bytes.writeUInt32BE(address, 2);
  bytes[6] = id;
  bytes.writeUInt16BE(content.length + 2, 7);
  bytes.set(content, 9);
  bytes.writeUInt16BE(checksum(bytes.subarray(6, 9 + content.length)), 9 + content.length);
  return bytes;
}

/** Sum of packet id, length and content, 16 bit. */
export const checksum = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum + byte) & 0xffff, 0);

export const u16 = (value: number): [number, number] => [(value >> 8) & 0xff, value & 0xff];
export const u32 = (value: number): [number, number, number, number] => [
  (value >>> 24) & 0xff,
  (value >> 16) & 0xff,
  (value >> 8) & 0xff,
  value & 0xff,
];
export const readU16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
