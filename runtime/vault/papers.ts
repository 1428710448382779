import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { b64u, type Clock, err, ok, parseJson, type Result, sha256Hex } from "../../drivers/kit/index.ts";
import {
  type Assignment,
  AssignmentSchema,
  AttestationSchema,
  type Credential,
  CredentialSchema,
  type PublicKey,
  PublicKeySchema,
  ReleaseSchema,
  type Settlement,
  SettlementSchema,
  type Voucher,
  VoucherSchema,
  verifyJws,
} from "../../fleet/contract/index.ts";
import { log, vaultFault } from "./faults.ts";

/** A challenge holds for one collection, ms. */
const CHALLENGE_MS = 180_000;
const MAX_CHALLENGES = 64;
/** A clock that lies further behind than this was set back: no ordinary correction of it is so large, ms. */
const BEHIND_MS = 60_000;

interface Dated {
  unit: string;
  nbf?: number;
  exp: number;
}

/**
 * The vault's own judgement of every signed document: signature and role, unit, dates. It trusts nobody else's.
 */
export class Papers {
  readonly #unit: string;
  readonly #keys: readonly PublicKey[];
  readonly #sensesKeyPath: string;
  readonly #clock: Clock;
  readonly #started: { wall: number; mono: number };
  /** What was last read of them. */
  #senses: { text: string; key: PublicKey | undefined } | undefined;
  #behind = false;
  readonly #challenges = new Map<string, { voucherHash: string; until: number }>();

  constructor(options: { unit: string; keys: readonly PublicKey[]; sensesKeyPath: string; clock: Clock }) {
    this.#unit = options.unit;
    this.#keys = options.keys;
    this.#sensesKeyPath = options.sensesKeyPath;
    this.#clock = options.clock;
    this.#started = { wall: options.clock.wall(), mono: options.clock.mono() };
  }

  voucher = (jws: string): Result<Voucher> =>
    this.#valid(verifyJws("guichet.voucher.v1", VoucherSchema, jws, this.#keys));
  assignment = (jws: string): Result<Assignment> =>
    this.#valid(verifyJws("guichet.assignment.v1", AssignmentSchema, jws, this.#keys));
  credential = (jws: string): Result<Credential> =>
    this.#valid(verifyJws("guichet.credential.v1", CredentialSchema, jws, this.#keys));
  settlement = (jws: string): Result<Settlement> =>
    this.#valid(verifyJws("guichet.settlement.v1", SettlementSchema, jws, this.#keys));

  /** Opens a challenge for a voucher: 128 random bits, for one proof. */
  challenge(voucher: string): string {
    const now = this.#clock.mono();
    for (const [challenge, { until }] of this.#challenges)
      if (until < now) this.#challenges.delete(challenge);
    const oldest = this.#challenges.keys().next().value;
    if (this.#challenges.size >= MAX_CHALLENGES && oldest) this.#challenges.delete(oldest);
    const challenge = b64u(randomBytes(16));
    this.#challenges.set(challenge, { voucherHash: sha256Hex(voucher), until: now + CHALLENGE_MS });
    return challenge;
  }

  /**
   * Judges the proof that the person before the unit owns the voucher, and uses up its challenge: an attestation of the
   * senses, or an officer's release. Answers the officer's name where there was one.
   */
  proof(
    request: { voucher: string; challenge: string; attestation?: string; release?: string },
    voucherId: string,
  ): Result<{ operator?: string }> {
    const open = this.#challenges.get(request.challenge);
    const voucherHash = sha256Hex(request.voucher);
    if (!open || open.until < this.#clock.mono() || open.voucherHash !== voucherHash)
      return err(vaultFault("noChallenge"));
    const judged = request.attestation
      ? this.#attested(request.attestation, voucherHash, request.challenge)
      : request.release
        ? this.#released(request.release, voucherId, request.challenge)
        : err(vaultFault("noProof"));
    if (judged.ok) this.#challenges.delete(request.challenge);
    return judged;
  }

  #attested(jws: string, voucherHash: string, challenge: string): Result<{ operator?: string }> {
    const key = this.#sensesKey();
    if (!key) return err(vaultFault("badProof", { reason: "noSensesKey" }));
    const attestation = verifyJws("guichet.attestation.v1", AttestationSchema, jws, [key]);
    if (!attestation.ok) return attestation;
    if (attestation.value.voucherHash !== voucherHash || attestation.value.challenge !== challenge)
      return err(vaultFault("badProof"));
    return ok({});
  }

  #released(jws: string, voucherId: string, challenge: string): Result<{ operator?: string }> {
    const release = this.#valid(verifyJws("guichet.release.v1", ReleaseSchema, jws, this.#keys));
    if (!release.ok) return release;
    if (release.value.voucher !== voucherId || release.value.challenge !== challenge)
      return err(vaultFault("badProof"));
    return ok({ operator: release.value.operator });
  }

  /** Public key of the senses of this unit; written by them, in a place that the core cannot write. They may make a new one. */
  #sensesKey(): PublicKey | undefined {
    try {
      const text = readFileSync(this.#sensesKeyPath, "utf8");
      if (text !== this.#senses?.text) {
        const key = parseJson(PublicKeySchema, text, "senses key");
        this.#senses = { text, key: key.ok && key.value.role === "senses" ? key.value : undefined };
      }
      return this.#senses.key;
    } catch {
      return undefined;
    }
  }

  /** Tells once that the clock was ahead when the vault started, or was set back since: nobody can say which. */
  #noteClock(behindMs: number): void {
    const behind = behindMs > BEHIND_MS;
    if (behind && !this.#behind) log("clockBehind", { seconds: Math.round(behindMs / 1000) });
    this.#behind = behind;
  }

  #valid<T extends Dated>(document: Result<T>): Result<T> {
    if (!document.ok) return document;
    const { unit, nbf, exp } = document.value;
    const wall = this.#clock.wall();
    if (unit !== this.#unit) return err(vaultFault("otherUnit"));
    if (nbf !== undefined && wall < nbf * 1000) return err(vaultFault("notYet"));
    // A wall clock that is set back must not bring an expired paper to life again.
    const atLeast = this.#started.wall + (this.#clock.mono() - this.#started.mono);
    this.#noteClock(atLeast - wall);
    if (Math.max(wall, atLeast) >= exp * 1000) return err(vaultFault("expired"));
    return document;
  }
}
