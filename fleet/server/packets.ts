import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { err, type Fault, type Result, sha256Hex } from "../../drivers/kit/index.ts";
import { type Manifest, openPacket, type PacketContent, peekJws, type SealKey } from "../contract/index.ts";
import type { Context } from "./context.ts";
import { centreFault } from "./faults.ts";
import { syncFolder, writeDurable } from "./files.ts";

export interface OpenedPacket {
  content: PacketContent;
  /** Captures by name. */
  parts: ReadonlyMap<string, Buffer>;
}

/** The manifest inside a token that was verified before it was stored. */
export const storedManifest = (token: string): Manifest => peekJws(token)?.payload as Manifest;

/**
 * The sealed packets, chunk by chunk as they came, in a folder each. What is in them exists in clear only in memory,
 * while somebody looks or a voucher is made.
 */
export class Packets {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
    mkdirSync(join(context.dir, "packets"), { recursive: true, mode: 0o700 });
    syncFolder(context.dir);
  }

  /** Numbers of the chunks that are stored durably. */
  have(sid: string): Set<number> {
    const folder = this.#folder(sid);
    if (!existsSync(folder)) return new Set();
    return new Set(
      readdirSync(folder)
        .filter((name) => /^\d+$/.test(name))
        .map(Number),
    );
  }

  /** Stores a chunk whose hash has been checked. Durable when it returns. */
  keep(sid: string, n: number, bytes: Uint8Array): void {
    if (mkdirSync(this.#folder(sid), { recursive: true, mode: 0o700 }))
      syncFolder(join(this.#context.dir, "packets"));
    writeDurable(join(this.#folder(sid), String(n)), bytes);
  }

  /** Takes away chunks that are no longer what they were when they were stored. @returns how many */
  dropDamaged({ sid, chunks }: Manifest): number {
    const damaged = chunks
      .map((hash, n) => ({ hash, path: join(this.#folder(sid), String(n)) }))
      .filter(({ hash, path }) => sha256Hex(readFileSync(path)) !== hash);
    for (const { path } of damaged) rmSync(path);
    return damaged.length;
  }

  /** Opens a submission that is whole on the disk. Every hash is checked again. Faults: `packet.*`, `schema.invalid`. */
  openWhole(manifest: Manifest): Promise<Result<OpenedPacket, Fault>> {
    const chunks = manifest.chunks.map((_, n) => readFileSync(join(this.#folder(manifest.sid), String(n))));
    return openPacket(manifest, Buffer.concat(chunks), this.#key(manifest) ?? this.#context.keys.seal[0]);
  }

  /** Opens an accepted submission. Faults: `centre.notFound`, `centre.packetDamaged`. */
  async open(sid: string): Promise<Result<OpenedPacket, Fault>> {
    const row = await this.#context.db.tx((tx) =>
      tx.get<{ manifest: string }>(
        "SELECT manifest FROM submissions WHERE sid = ? AND state = 'accepted'",
        sid,
      ),
    );
    if (!row) return err(centreFault("notFound"));
    try {
      const opened = await this.openWhole(storedManifest(row.manifest));
      return opened.ok ? opened : err(centreFault("packetDamaged", { sid, code: opened.error.code }));
    } catch (error) {
      return err(centreFault("packetDamaged", { sid }, error));
    }
  }

  /** Whether the key to which it is sealed is here. */
  isForUs = (manifest: Manifest): boolean => this.#key(manifest) !== undefined;

  #key({ kid }: Manifest): SealKey | undefined {
    return this.#context.keys.seal.find((key) => key.kid === kid);
  }

  #folder(sid: string): string {
    return join(this.#context.dir, "packets", sid);
  }
}
