import type { PacketContent, PacketPart } from "../../../fleet/contract/index.ts";

type Capture = PacketContent["captures"][number];

/**
 * What a visit has captured, in memory only. Emptied with its buffers overwritten when the visit ends, however it ends.
 */
export class Folder {
  #parts = new Map<string, { part: PacketPart; capture: Capture }>();
  /** How the person was identified, for the packet. */
  identity: PacketContent["identity"] = { way: "officer" };
  submitted: { reference: string; receiptCode: string } | undefined;
  /** The collection key of a receipt that was shown. */
  receiptKey: string | undefined;
  /** Vouchers that are to be handed out in this visit. */
  vouchers: { id: string; jws: string }[] = [];
  /** Documents that the person took. */
  handedOver = 0;
  /** How often the centre did not know number and date of birth together. */
  unknown = 0;

  put(capture: Capture, mediaType: string, bytes: Uint8Array): void {
    this.remove(capture.part);
    this.#parts.set(capture.part, { part: { name: capture.part, mediaType, bytes }, capture });
  }

  get(part: string): Uint8Array | undefined {
    return this.#parts.get(part)?.part.bytes;
  }

  has = (part: string): boolean => this.#parts.has(part);

  remove(part: string): void {
    this.#parts.get(part)?.part.bytes.fill(0);
    this.#parts.delete(part);
  }

  captures = (): Capture[] => [...this.#parts.values()].map(({ capture }) => capture);
  parts = (): PacketPart[] => [...this.#parts.values()].map(({ part }) => part);

  wipe(): void {
    for (const { part } of this.#parts.values()) part.bytes.fill(0);
    this.#parts.clear();
    this.identity = { way: "officer" };
    this.submitted = undefined;
    this.receiptKey = undefined;
    this.vouchers = [];
  }
}
