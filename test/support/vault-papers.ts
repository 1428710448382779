import { newId, sha256Hex } from "../../drivers/kit/index.ts";
import {
  type Assignment,
  type Credential,
  newSigningKey,
  type Release,
  type Settlement,
  type SigningKey,
  signJws,
  type Voucher,
} from "../../fleet/contract/index.ts";

const now = () => Math.floor(Date.now() / 1000);

export type CentreKeys = Record<"voucher" | "release" | "assignment" | "exchange", SigningKey>;

/** The documents that a centre and the senses of one unit sign. `over` alters one, `by` signs with another key. */
export interface Papers {
  keys: CentreKeys;
  senses: SigningKey;
  voucher(item: string, over?: Partial<Voucher>, by?: SigningKey): string;
  credential(operator: string, over?: Partial<Credential>): string;
  assignment(item: string, over?: Partial<Assignment>): string;
  attest(voucher: string, challenge: string, by?: SigningKey): string;
  release(voucher: string, challenge: string, over?: Partial<Release>): string;
  settlement(
    slot: string,
    effect: string,
    finding: Settlement["finding"],
    over?: Partial<Settlement>,
  ): string;
}

export function makePapers(unit: string): Papers {
  const keys: CentreKeys = {
    voucher: newSigningKey("voucher"),
    release: newSigningKey("release"),
    assignment: newSigningKey("assignment"),
    exchange: newSigningKey("exchange"),
  };
  const senses = newSigningKey("senses");
  const dated = () => ({ v: 1 as const, unit, nbf: now() - 60, exp: now() + 600 });
  return {
    keys,
    senses,
    voucher: (item, over = {}, by = keys.voucher) =>
      signJws(
        "guichet.voucher.v1",
        { ...dated(), id: `v-${newId()}`, item, reference: "KT01-000042-7", seq: 1, ...over },
        by,
      ),
    credential: (operator, over = {}) =>
      signJws(
        "guichet.credential.v1",
        { ...dated(), id: `c-${newId()}`, operator, unlocks: 60, ...over },
        keys.exchange,
      ),
    assignment: (item, over = {}) =>
      signJws("guichet.assignment.v1", { ...dated(), id: `a-${newId()}`, item, ...over }, keys.assignment),
    attest: (voucher, challenge, by = senses) =>
      signJws(
        "guichet.attestation.v1",
        { v: 1, voucherHash: sha256Hex(voucher), challenge, matched: true, score: 90 },
        by,
      ),
    release: (voucher, challenge, over = {}) => {
      const body = Buffer.from(voucher.split(".")[1] ?? "", "base64url").toString();
      const { id } = JSON.parse(body) as Voucher;
      return signJws(
        "guichet.release.v1",
        { v: 1, unit, voucher: id, challenge, operator: "officer-1", exp: now() + 60, ...over },
        keys.release,
      );
    },
    settlement: (slot, effect, finding, over = {}) =>
      signJws(
        "guichet.settlement.v1",
        {
          v: 1,
          id: `s-${newId()}`,
          unit,
          slot,
          effect,
          finding,
          operator: "officer-1",
          exp: now() + 60,
          ...over,
        },
        keys.release,
      ),
  };
}
