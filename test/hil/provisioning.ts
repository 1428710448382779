import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { SigningKey } from "../../fleet/contract/index.ts";
import { type Answer, readAnswer } from "../../provisioning/answer/index.ts";
import { type BundleContent, type BundleFile, makeBundle } from "../../provisioning/bundle/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { type BundleRole, keySetOf } from "../../provisioning/keys/index.ts";

type Keys = Record<BundleRole, SigningKey>;
const SERVICES = "flows/services";
export const DEVICE = "board-hil";

/** What a factory writes onto a board. */
export const identityOf = (keys: Keys): string =>
  JSON.stringify({ device: DEVICE, hardware: "qemu", keys: keySetOf(Object.values(keys)) });

const json = (path: string, value: unknown): BundleFile => ({
  path,
  bytes: Buffer.from(JSON.stringify(value)),
});

function services(): BundleFile[] {
  return readdirSync(SERVICES, { recursive: true, encoding: "utf8" })
    .map((name) => join(SERVICES, name))
    .filter((path) => statSync(path).isFile())
    .sort()
    .map((path) => ({ path: `services/${relative(SERVICES, path)}`, bytes: readFileSync(path) }));
}

/** The operator's bundles for the unit. Counters rise with each that is made. */
export class Operator {
  readonly #keys: Keys;
  readonly #counters = new Map<string, number>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  claim = ({ unit, site }: UnitConfiguration): Buffer =>
    this.#make(
      "claim",
      { device: DEVICE },
      [json("claim.json", { v: 1, unit, site, groups: [] })],
      "certificates",
    );

  content = (): Buffer => this.#make("content", { all: true }, services(), "content");

  configuration = (configuration: UnitConfiguration): Buffer =>
    this.#make(
      "configuration",
      { unit: configuration.unit },
      [json("unit.json", configuration)],
      "configuration",
    );

  certificates = (unit: string, certificate: string): Buffer =>
    this.#make(
      "certificates",
      { unit },
      [{ path: "tls.crt", bytes: Buffer.from(certificate) }],
      "certificates",
    );

  #make(
    kind: BundleContent["kind"],
    target: BundleContent["target"],
    files: BundleFile[],
    by: BundleRole,
  ): Buffer {
    const counter = (this.#counters.get(kind) ?? 0) + 1;
    this.#counters.set(kind, counter);
    const iat = Math.floor(Date.now() / 1000);
    return makeBundle({ kind, id: `${kind}-${counter}`, target, counter, files, iat }, [this.#keys[by]]);
  }
}

export function answerOf(jws: string): Answer {
  const answer = readAnswer(jws);
  if (!answer.ok) throw answer.error;
  return answer.value;
}
