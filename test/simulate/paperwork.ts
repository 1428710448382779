import { sha256Hex } from "../../drivers/kit/index.ts";
import type { PublicKey, Settlement, Voucher } from "../../fleet/contract/index.ts";
import type { Key, Signatures } from "./engine/signatures.ts";

const HOUR = 3_600;

/** The centre, its officers and the senses of one unit: everyone who signs. */
export class Paperwork {
  readonly unit = "kt-01";
  readonly #signatures: Signatures;
  readonly #now: () => number;
  readonly #keys: Record<"voucher" | "release" | "assignment" | "exchange" | "senses", Key>;
  /** A key that nobody has told the unit of. */
  readonly #own: Key;
  #number = 0;

  constructor(signatures: Signatures, now: () => number) {
    this.#signatures = signatures;
    this.#now = () => Math.floor(now() / 1000);
    this.#keys = {
      voucher: signatures.key("voucher"),
      release: signatures.key("release"),
      assignment: signatures.key("assignment"),
      exchange: signatures.key("exchange"),
      senses: signatures.key("senses"),
    };
    this.#own = signatures.key("senses");
  }

  get publicKeys(): PublicKey[] {
    const { senses: _, ...keys } = this.#keys;
    return Object.values(keys).map((key) => key.public);
  }

  get sensesKey(): string {
    return JSON.stringify(this.#keys.senses.public);
  }

  #dated(seconds = 8 * HOUR) {
    return { v: 1 as const, unit: this.unit, nbf: this.#now() - 60, exp: this.#now() + seconds };
  }

  voucher(item: string, seq: number, over: Partial<Voucher> = {}): { jws: string; id: string } {
    const id = `v-${++this.#number}`;
    const payload = { ...this.#dated(), id, item, reference: "KT01-000042-7", seq, ...over };
    return { id, jws: this.#signatures.sign("guichet.voucher.v1", payload, this.#keys.voucher) };
  }

  assignment(item: string, over: { unit?: string } = {}): string {
    const payload = { ...this.#dated(), id: `a-${++this.#number}`, item, ...over };
    return this.#signatures.sign("guichet.assignment.v1", payload, this.#keys.assignment);
  }

  credential(operator: string, unlocks = 100): string {
    const payload = { ...this.#dated(), id: `c-${++this.#number}`, operator, unlocks };
    return this.#signatures.sign("guichet.credential.v1", payload, this.#keys.exchange);
  }

  attest(voucher: string, challenge: string, forged = false): string {
    const payload = { v: 1, voucherHash: sha256Hex(voucher), challenge, matched: true, score: 90 };
    return this.#signatures.sign("guichet.attestation.v1", payload, forged ? this.#own : this.#keys.senses);
  }

  settlement(slot: string, effect: string, finding: Settlement["finding"]): string {
    const { nbf: _, ...dated } = this.#dated();
    const payload = { ...dated, id: `s-${++this.#number}`, slot, effect, finding, operator: "officer-1" };
    return this.#signatures.sign("guichet.settlement.v1", payload, this.#keys.release);
  }
}
