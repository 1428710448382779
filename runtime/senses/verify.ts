import type { CaptureContext, Fingerprint } from "../../drivers/contract/index.ts";
import { err, ok, type Result, sha256Hex, unb64u } from "../../drivers/kit/index.ts";
import {
  type Attestation,
  collectionFault,
  collectionKeyId,
  openTemplate,
  type PublicKey,
  type SigningKey,
  signJws,
  VoucherSchema,
  verifyJws,
} from "../../fleet/contract/index.ts";
import { log, sensesFault } from "./faults.ts";

export interface Comparison {
  matched: boolean;
  score: number;
  /** Only of a match. */
  attestation?: string;
}

/**
 * Compares the finger on the module with the template inside a voucher, which the receipt's key opens, and attests a match
 * for the vault's challenge. The voucher's dates are the vault's to judge; what is signed here says only that this finger
 * is the one in this voucher, now.
 */
export async function verifyFinger(
  request: { voucher: string; key: string; challenge: string },
  trust: { unit: string; keys: readonly PublicKey[]; signer: SigningKey },
  compare: (
    run: (module: Fingerprint, signal: AbortSignal) => ReturnType<Fingerprint["verify"]>,
  ) => Promise<Result<{ matched: boolean; score: number }>>,
  context: CaptureContext,
): Promise<Result<Comparison>> {
  const checked = verifyJws("guichet.voucher.v1", VoucherSchema, request.voucher, trust.keys);
  if (!checked.ok) return checked;
  const voucher = checked.value;
  if (voucher.unit !== trust.unit) return err(sensesFault("otherUnit"));
  const { template: sealed, templateFormat } = voucher;
  if (sealed === undefined || templateFormat === undefined) return err(sensesFault("noTemplate"));
  const key = unb64u(request.key);
  if (voucher.keyId !== collectionKeyId(key)) return err(collectionFault("wrongKey"));
  const opened = openTemplate(key, voucher.id, sealed);
  key.fill(0);
  if (!opened.ok) return opened;
  const template = opened.value;
  try {
    const compared = await compare((module, signal) =>
      module.verify({ template, templateFormat }, { ...context, signal }),
    );
    if (!compared.ok) return compared;
    const { matched, score } = compared.value;
    log("compared", { matched });
    if (!matched) return ok({ matched, score });
    const attestation: Attestation = {
      v: 1,
      voucherHash: sha256Hex(request.voucher),
      challenge: request.challenge,
      matched: true,
      score,
    };
    return ok({ matched, score, attestation: signJws("guichet.attestation.v1", attestation, trust.signer) });
  } finally {
    template.fill(0);
  }
}
