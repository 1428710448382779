import { newSigningKey, type SigningKey } from "../../../fleet/contract/index.ts";
import {
  BUNDLE_KINDS,
  BUNDLE_LIMITS,
  type BundleContent,
  type BundleFile,
  type BundleKind,
  makeBundle,
  type Target,
} from "../../../provisioning/bundle/index.ts";
import type { KeySet } from "../../../provisioning/keys/index.ts";
import { BOOTSTRAP, CLAIM, certificate, IDENTITY, NONCE, TLS } from "../../support/bundles.ts";
import { unitConfiguration } from "../../support/unit.ts";
import { NOW } from "./bad-meaning.ts";
import { owner, signersOf } from "./forge.ts";

const TARGETS: readonly Target[] = [
  { unit: CLAIM.unit },
  { site: CLAIM.site },
  { group: "east" },
  { device: IDENTITY.device },
  { all: true },
];
const HARDWARE = [["any"], [IDENTITY.hardware], ["rpi3", IDENTITY.hardware], ["any", "rpi5"]];
/** Sizes around those of sectors and of the pieces in which files are read. */
const SIZES = [0, 1, 511, 512, 513, 65_535, 65_536, 65_537, 131_072, 131_073];

/** Makes good bundles of every kind, target form and size, one after the other for one unit, from a seeded generator. */
export class GoodBundles {
  readonly #random: () => number;
  readonly #counters = new Map<BundleKind, number>();
  #set: KeySet = owner.set;

  constructor(random: () => number, first: number) {
    this.#random = random;
    for (const kind of BUNDLE_KINDS) this.#counters.set(kind, kind === "keys" ? 1 : first);
  }

  #whole = (below: number): number => Math.floor(this.#random() * below);
  #one = <T>(of: readonly T[]): T => of[this.#whole(of.length)] as T;
  #bytes = (size: number): Buffer => Buffer.alloc(size, this.#whole(256));
  #size = (): number => (this.#random() < 0.5 ? this.#one(SIZES) : this.#whole(40_000));

  #name(depth: number): string {
    const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const part = () =>
      `${letters[this.#whole(52)]}${Array.from({ length: this.#whole(10) }, () => letters[this.#whole(letters.length)]).join("")}`;
    return Array.from({ length: 1 + this.#whole(depth) }, part).join("/");
  }

  #files(kind: BundleKind): BundleFile[] {
    const text = (value: unknown) => Buffer.from(JSON.stringify(value) + " ".repeat(this.#size()));
    switch (kind) {
      case "claim":
        return [
          { path: "claim.json", bytes: text(CLAIM) },
          ...(this.#random() < 0.5 ? [{ path: "bootstrap.json", bytes: text(BOOTSTRAP) }] : []),
        ];
      case "configuration":
        return [
          {
            path: "unit.json",
            bytes: text({ ...unitConfiguration(), code: this.#one(["KT01", "AB", "X9"]) }),
          },
        ];
      case "certificates":
        return this.#one([["tls.crt"], ["tls.crt", "ca.crt"], ["ca.crt"]]).map((path) => ({
          path,
          bytes: certificate(CLAIM.unit, TLS, " ".repeat(this.#size())),
        }));
      case "content": {
        const files = new Map<string, BundleFile>();
        for (let n = this.#whole(8); n >= 0; n--) {
          // A number before each name, so that none is the folder of another or its twin in capitals.
          const path = `${this.#one(["services", "texts"])}/${n}${this.#name(3)}`;
          files.set(path, { path, bytes: this.#bytes(this.#size()) });
        }
        return [...files.values()];
      }
      case "software":
        return [
          {
            path: `guichet_1.${this.#whole(99)}~rc1+b2_${this.#one(["amd64", "arm64", "all"])}.deb`,
            bytes: this.#bytes(this.#size()),
          },
        ];
      default:
        return [];
    }
  }

  /** The next good bundle. */
  next(kind: BundleKind = this.#one(BUNDLE_KINDS)): Buffer {
    const leap = kind === "keys" || kind === "software" ? 1 : this.#one([1, 1, 2, 1_000, 999_999]);
    const counter = (this.#counters.get(kind) ?? 0) + leap;
    this.#counters.set(kind, counter);
    const requires = Object.fromEntries(
      BUNDLE_KINDS.filter((other) => other !== kind && this.#random() < 0.1).map((other) => [
        other,
        Math.max(1, (this.#counters.get(other) ?? 1) - this.#whole(3)),
      ]),
    );
    // A unit that was never rotated has no counter of key sets to ask for, and none has one of software.
    delete requires.keys;
    delete requires.software;
    const content: BundleContent = {
      kind,
      id: `${kind}-${counter}`,
      target: this.#one(TARGETS),
      hardware: [...this.#one(HARDWARE)],
      counter,
      files: this.#files(kind),
      iat: this.#whole(2 ** 31),
      ...(Object.keys(requires).length > 0 ? { requires } : {}),
      ...(this.#random() < 0.3 ? { exp: NOW + this.#whole(10_000) } : {}),
      ...(kind === "command" ? { command: "unconfigure", nonce: NONCE } : {}),
      ...(kind === "keys" ? { keys: this.#rotate(counter) } : {}),
    };
    return makeBundle(content, this.#signers(kind));
  }

  /** A bundle of exactly the size that is the limit of its kind. */
  largest(kind: "claim" | "certificates" | "content" | "configuration"): Buffer {
    const path = {
      claim: "claim.json",
      certificates: "tls.crt",
      content: "texts/a",
      configuration: "unit.json",
    }[kind];
    const start = {
      claim: JSON.stringify(CLAIM),
      certificates: certificate(CLAIM.unit, TLS).toString(),
      content: "",
      configuration: JSON.stringify(unitConfiguration()),
    }[kind];
    const counter = (this.#counters.get(kind) ?? 0) + 1;
    this.#counters.set(kind, counter);
    const of = (size: number): BundleContent => ({
      kind,
      id: `${kind}-largest`,
      target: { all: true },
      counter,
      files: [{ path, bytes: Buffer.from(start.padEnd(size)) }],
      iat: 1,
    });
    const limit = BUNDLE_LIMITS[kind].bytes;
    const room = limit - 4_096;
    const head = makeBundle(of(room), signersOf(kind)).length - room;
    return makeBundle(of(limit - head), signersOf(kind));
  }

  #rotate(version: number): KeySet {
    const spare: SigningKey[] = Array.from({ length: this.#whole(3) }, () => newSigningKey("content"));
    this.#set = { ...owner.set, version, keys: [...owner.set.keys, ...spare.map((key) => key.public)] };
    return this.#set;
  }

  /** As many as are needed, in any order, sometimes with one more that nobody knows. */
  #signers(kind: BundleKind): SigningKey[] {
    const known = [...signersOf(kind)];
    const first = known[0] as SigningKey;
    const all = this.#random() < 0.2 ? [...known, newSigningKey(first.role)] : known;
    return this.#random() < 0.5 ? all.reverse() : all;
  }
}
