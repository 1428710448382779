import { readFileSync } from "node:fs";
import type { BlockSource } from "../../../provisioning/stick/fat/index.ts";
import { readInto } from "../../../provisioning/stick/reader.ts";
import { Refusal } from "../../../provisioning/stick/refusal.ts";
import type { StartReader } from "../../../runtime/provisioner/stick/reader.ts";

/** Called before each read of the stick with its number, from 1. */
export type OnRead = (number: number, at: number, length: number) => void;

/** An image in memory; `onRead` counts, changes and pulls. */
export function memoryStick(
  image: Buffer,
  onRead: OnRead = () => undefined,
): BlockSource & { reads(): number } {
  let reads = 0;
  return {
    reads: () => reads,
    read: (at, into) => {
      onRead(++reads, at, into.length);
      if (at + into.length > image.length) throw new Refusal("gone", "end");
      image.copy(into, 0, at, at + into.length);
    },
  };
}

/** The reader in this process instead of one of its own, so that a test can stand between it and the stick. */
export const readerOn =
  (source: BlockSource): StartReader =>
  async () => ({ said: saying(source), end: () => undefined });

async function* saying(source: BlockSource): AsyncGenerator<Uint8Array> {
  const said: Buffer[] = [];
  readInto(source, (bytes) => void said.push(Buffer.from(bytes)));
  yield* said;
}

export const imageOf = (file: string): Buffer => readFileSync(file);
