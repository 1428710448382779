import { stat } from "node:fs/promises";
import { type Fault, isFault, parseJson } from "../../../drivers/kit/index.ts";
import { headersOf, type SigningKey } from "../../../fleet/contract/index.ts";
import { judge, type Standing, type Terms } from "../../activate/index.ts";
import {
  BUNDLE_COMMANDS,
  type BundleContent,
  type BundleKind,
  type BundleManifest,
  bundleFault,
  bundleRole,
  checkContent,
  LARGEST_BUNDLE,
  makeBundle,
  memorySource,
  openBundle,
  peekBundle,
  type Receiver,
  signBundle,
  wrongFiles,
} from "../../bundle/index.ts";
import { BOOTSTRAP, BootstrapSchema, ClaimSchema } from "../../claim.ts";
import { type KeySet, readKeyFile } from "../../keys/index.ts";
import { parseConfiguration } from "../../unit-check.ts";
import type { Command } from "../command.ts";
import { toolFault } from "../faults.ts";
import { filesFor, writeWhole } from "../files.ts";
import { answerIn, bytesOf, keySetIn, kindOf, type Options, pairOf, targetOf } from "../options.ts";
import { describe, explain } from "../words.ts";

async function signers(options: Options, kind: BundleKind): Promise<SigningKey[]> {
  const found: SigningKey[] = [];
  for (const file of options.all("key")) {
    const key = await readKeyFile(file);
    if (!key.ok) throw key.error;
    if (key.value.role !== bundleRole(kind))
      throw toolFault("wrongRole", { file, role: key.value.role, needs: bundleRole(kind) });
    found.push(key.value);
  }
  return found;
}

/** The files of a bundle are checked before it is signed, as a unit will check them. */
function wrongContent({ kind, files }: BundleContent): Fault | undefined {
  const of = (path: string) =>
    Buffer.from(files.find((file) => file.path === path)?.bytes ?? []).toString("utf8");
  const checked =
    kind === "configuration"
      ? parseConfiguration(of("unit.json"))
      : kind === "claim"
        ? parseJson(ClaimSchema, of("claim.json"), "claim.json")
        : undefined;
  if (checked && !checked.ok) return checked.error;
  if (!files.some(({ path }) => path === BOOTSTRAP)) return undefined;
  const first = parseJson(BootstrapSchema, of(BOOTSTRAP), BOOTSTRAP);
  return first.ok ? undefined : first.error;
}

async function particulars(kind: BundleKind, options: Options): Promise<Partial<BundleContent>> {
  if (kind === "keys") {
    const keys = await keySetIn(options.need("keyset", "the new key set"));
    return { keys, counter: keys.version };
  }
  if (kind !== "command") return { counter: options.number("counter") };
  const does = BUNDLE_COMMANDS.find((one) => one === options.need("do", BUNDLE_COMMANDS.join(", ")));
  if (!does) throw toolFault("bad", { option: "--do", form: BUNDLE_COMMANDS.join(", ") });
  const answer = options.maybe("answer");
  const nonce = answer
    ? (await answerIn(answer)).nonce
    : options.need("nonce", "the nonce in the unit's answer");
  return { command: does, nonce, counter: options.number("counter") };
}

export const make: Command = {
  usage:
    "make KIND --out FILE --target T --counter N [--from PATH[:AS]]... [--id ID] [--hardware BOARD]... [--requires KIND=N]... [--not-after DATE] [--keyset FILE] [--do COMMAND --answer REPLY|--nonce N] [--key KEYFILE]...",
  does: "make a bundle of the kind keys, claim, certificates, content, configuration, software or command",
  options: [
    "out",
    "target",
    "counter",
    "from",
    "id",
    "hardware",
    "requires",
    "not-after",
    "keyset",
    "do",
    "answer",
    "nonce",
    "key",
  ],
  run: async (options, out) => {
    const kind = kindOf(options.operand(0, "KIND"));
    const file = options.need("out", "a file that is not there yet");
    const files = await filesFor(kind, options.all("from"));
    const more = await particulars(kind, options);
    const hardware = options.all("hardware");
    const requires = options.all("requires").map((text) => pairOf(text, "--requires"));
    const exp = options.date("not-after");
    const content: BundleContent = {
      kind,
      id: options.maybe("id") ?? `${kind}-${more.counter}`,
      target: targetOf(options.need("target", "unit=ID, site=ID, group=ID, device=NUMBER or all")),
      counter: 1,
      files,
      iat: Math.floor(Date.now() / 1000),
      ...more,
      ...(hardware.length > 0 ? { hardware: [...hardware] } : {}),
      ...(requires.length > 0 ? { requires: Object.fromEntries(requires) } : {}),
      ...(exp === undefined ? {} : { exp }),
    };
    const manifest = checkContent(content);
    if (!manifest.ok) throw manifest.error;
    const wrong = wrongFiles(manifest.value) ?? wrongContent(content);
    if (wrong) throw wrong;
    const by = await signers(options, kind);
    let bundle: Buffer;
    try {
      bundle = makeBundle(content, by);
    } catch (error) {
      if (error instanceof RangeError) throw toolFault("tooLarge", { kind }, error);
      throw error;
    }
    await writeWhole(file, bundle);
    for (const line of describe(
      manifest.value,
      by.map(({ kid }) => kid),
      bundle.length,
    ))
      out(line);
    out(`in ${file}`);
  },
};

export const sign: Command = {
  usage: "sign FILE --key KEYFILE",
  does: "add a signature to a bundle; holders of keys can sign one after the other",
  options: ["key"],
  run: async (options, out) => {
    const file = options.operand(0, "FILE");
    options.need("key", "a private key");
    const source = memorySource(await capped(file));
    const peeked = await peekBundle(source);
    if (!peeked) throw bundleFault("notABundle", { file });
    for (const key of await signers(options, peeked.kind)) {
      const signed = await signBundle(memorySource(await capped(file)), peeked.kind, key);
      if (!signed.ok) throw signed.error;
      await writeWhole(file, signed.value, true);
      out(`${file}: signed by ${key.kid}`);
    }
  },
};

/** A bundle whose size was judged before it was read. */
async function capped(file: string): Promise<Buffer> {
  const size = await stat(file).then(
    (info) => info.size,
    () => 0,
  );
  if (size > LARGEST_BUNDLE) throw bundleFault("tooLarge", { file, bytes: size, limit: LARGEST_BUNDLE });
  return bytesOf(file);
}

export const inspect: Command = {
  usage: "inspect FILE...",
  does: "say in plain words what a bundle is; nothing is proven by it",
  options: [],
  run: async (options, out) => {
    options.operand(0, "FILE");
    for (const file of options.operands) {
      const bytes = await capped(file);
      const peeked = await peekBundle(memorySource(bytes));
      if (!peeked) throw bundleFault("notABundle", { file });
      const heads = headersOf(peeked.head);
      for (const line of describe(peeked.manifest, heads.ok ? heads.value.kids : [], bytes.length)) out(line);
    }
  },
};

/** The unit that a bundle names, with nothing that would refuse it. */
function whoeverItIsFor(manifest: BundleManifest | undefined, keys: KeySet, attestedTime?: number): Receiver {
  const target = manifest?.target ?? { all: true };
  return {
    unit: "unit" in target ? target.unit : undefined,
    site: "site" in target ? target.site : undefined,
    groups: "group" in target ? [target.group] : [],
    device: "device" in target ? target.device : "",
    hardware: manifest?.hardware[0] ?? "any",
    keys,
    counters: manifest && manifest.kind !== "keys" ? { [manifest.kind]: manifest.counter - 1 } : {},
    nonce: manifest?.kind === "command" ? manifest.nonce : undefined,
    attestedTime,
  };
}

/** What every unit refuses, however good it is. */
const notForUnits = ({ kind }: BundleManifest): Fault | undefined =>
  kind === "software" ? bundleFault("notInstallable") : undefined;

export const verify: Command = {
  usage: "verify FILE... --keyset keyset.json [--answer REPLY] [--time DATE]",
  does: "judge bundles as a unit does that believes the key set; with its answer, as that very unit",
  options: ["keyset", "answer", "time"],
  run: async (options, out) => {
    options.operand(0, "FILE");
    const keys = await keySetIn(options.need("keyset", "the key set that the unit believes"));
    const given = [];
    let good = true;
    const say = (file: string, kind: string | undefined, fault: Fault | undefined) => {
      if (!fault) return out(`${file}: good (${kind})`);
      good = false;
      for (const line of explain(fault, file)) out(line);
    };
    for (const file of options.operands) {
      const bytes = await capped(file).catch((error: unknown) => {
        if (!isFault(error)) throw error;
        say(file, undefined, error);
      });
      if (bytes) given.push({ file, source: memorySource(bytes) });
    }
    const path = options.maybe("answer");
    const answer = path ? await answerIn(path) : undefined;
    if (answer && answer.keys !== keys.version)
      throw toolFault("bad", { option: "--keyset", form: `version ${answer.keys}, which the unit believes` });
    const attestedTime = options.date("time") ?? answer?.time;
    const terms: Terms = {
      filesUnknown: true,
      ...(attestedTime === undefined ? {} : { attestedTime }),
      ...(answer ? { nonce: answer.nonce } : {}),
    };
    if (answer) {
      const standing: Standing = {
        identity: { device: answer.device, hardware: answer.hardware, keys },
        generation: 0,
        counters: answer.counters,
        bundles: {},
        keys,
        claim: answer.claim ? { v: 1, ...answer.claim } : undefined,
      };
      const { reports } = await judge(given, standing, terms, new Map());
      for (const { file, kind, result } of reports) say(file, kind, result.ok ? undefined : result.error);
      return good;
    }
    for (const { file, source } of given) {
      const peeked = await peekBundle(source);
      const opened = await openBundle(source, whoeverItIsFor(peeked?.manifest, keys, attestedTime));
      say(file, peeked?.kind, opened.ok ? notForUnits(opened.value.manifest) : opened.error);
    }
    if (good) out("Whom it is for, and its counter, were not judged: give a unit's answer for that.");
    return good;
  },
};
