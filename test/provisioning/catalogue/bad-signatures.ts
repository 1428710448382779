import { createHmac } from "node:crypto";
import { unb64u } from "../../../drivers/kit/index.ts";
import { newSigningKey, type SigningKey, signJws } from "../../../fleet/contract/index.ts";
import { assemble, type BundleContent, bundleType } from "../../../provisioning/bundle/index.ts";
import { BUNDLE_ROLES } from "../../../provisioning/keys/index.ts";
import { Owner, ROLE_OF } from "../../support/bundles.ts";
import type { Bad } from "./bad.ts";
import {
  contentFor,
  forge,
  headerFor,
  type Json,
  manifestOf,
  NEXT,
  owner,
  rotation,
  secondCommand,
  secondRoot,
  signature,
  signersOf,
  stranger,
} from "./forge.ts";

const KINDS = Object.keys(ROLE_OF) as BundleContent["kind"][];
const configurationKey = owner.keys.configuration;
const of = contentFor("configuration");
const payload = Buffer.from(JSON.stringify(manifestOf(of))).toString("base64url");
const contents = of.files.map((file) => file.bytes);
const good = signature(payload, headerFor("configuration", configurationKey), configurationKey);
const flip = (text: string): string => (text.startsWith("A") ? "B" : "A") + text.slice(1);

/** The configuration bundle of the catalogue with these signatures in place of its own. */
const with_ = (...signatures: { protected: string; signature: string }[]) =>
  assemble({ payload, signatures }, contents);
const header = (change: Json, without?: string) => {
  const head: Json = { ...headerFor("configuration", configurationKey), ...change };
  if (without) delete head[without];
  return with_(signature(payload, head, configurationKey));
};
const b64 = (text: string) => Buffer.from(text).toString("base64url");

/** A symmetric signature with the public key as its secret: the classic confusion of algorithms. */
function confused() {
  const head = b64(JSON.stringify({ ...headerFor("configuration", configurationKey), alg: "HS256" }));
  const mac = createHmac("sha512", unb64u(configurationKey.public.x)).update(`${head}.${payload}`).digest();
  return { protected: head, signature: mac.toString("base64url") };
}

const command = contentFor("command");
const commandPayload = Buffer.from(JSON.stringify(manifestOf(command))).toString("base64url");
const commandSignature = (key: SigningKey) => signature(commandPayload, headerFor("command", key), key);

const successor = new Owner();
const nextKeys = [...Object.values(successor.keys)].map((key) => key.public);
const nextRoot = successor.keys.root;
const bothRoots = [owner.keys.root, secondRoot];
const unreachable = newSigningKey("root");

/** Every kind, signed by the key of every other role. */
const ROLES: Bad[] = KINDS.flatMap((kind) =>
  BUNDLE_ROLES.filter((role) => role !== ROLE_OF[kind]).map((role) => ({
    name: `arbitrary installation: ${kind} signed with the ${role} key`,
    make: () => forge(kind, manifestOf(contentFor(kind)), [], [owner.keys[role]]),
    code: "signature.wrongRole",
  })),
);

export const SIGNATURES: Bad[] = [
  ...ROLES,
  ...KINDS.map((kind) => ({
    name: `arbitrary installation: ${kind} signed by a stranger`,
    make: () => forge(kind, manifestOf(contentFor(kind)), [], [stranger.keys[ROLE_OF[kind]]]),
    code: "signature.unknownKey",
  })),
  { name: "arbitrary installation: signed by nobody", make: () => with_(), code: "bundle.unsigned" },
  {
    name: "arbitrary installation: the owner's key id on a stranger's signature",
    make: () =>
      with_(signature(payload, headerFor("configuration", configurationKey), stranger.keys.configuration)),
    code: "signature.bad",
  },
  {
    name: "arbitrary installation: a signature with one bit turned",
    make: () => with_({ ...good, signature: flip(good.signature) }),
    code: "signature.bad",
  },
  {
    name: "arbitrary installation: a signature of zeros",
    make: () => with_({ ...good, signature: "A".repeat(86) }),
    code: "signature.bad",
  },
  {
    name: "arbitrary installation: the payload changed after signing",
    make: () =>
      assemble(
        { payload: b64(JSON.stringify({ ...manifestOf(of), counter: NEXT + 1 })), signatures: [good] },
        contents,
      ),
    code: "signature.bad",
  },
  {
    name: "arbitrary installation: the signature of another good bundle",
    make: () => {
      const other = b64(JSON.stringify(manifestOf(contentFor("configuration", { id: "other" }))));
      return with_(signature(other, headerFor("configuration", configurationKey), configurationKey));
    },
    code: "signature.bad",
  },
  {
    name: "arbitrary installation: a document of the same key for another purpose",
    make: () => {
      const key = owner.keys.configuration;
      const [head = "", body = "", own = ""] = signJws(
        "guichet.bundle.configuration.v1",
        { v: 1 },
        key,
      ).split(".");
      return assemble({ payload: body, signatures: [{ protected: head, signature: own }] }, []);
    },
    code: "schema.invalid",
  },
  { name: "header: no algorithm", make: () => header({ alg: "none" }), code: "signature.malformed" },
  { name: "header: algorithm ES256", make: () => header({ alg: "ES256" }), code: "signature.malformed" },
  {
    name: "header: HS256 with the public key as secret",
    make: () => with_(confused()),
    code: "signature.malformed",
  },
  {
    name: "header: brings its own key",
    make: () => header({ jwk: { kty: "OKP", crv: "Ed25519", x: stranger.keys.configuration.public.x } }),
    code: "signature.malformed",
  },
  {
    name: "header: a critical extension",
    make: () => header({ crit: ["b64"], b64: false }),
    code: "signature.malformed",
  },
  { name: "header: no key id", make: () => header({}, "kid"), code: "signature.malformed" },
  { name: "header: no type", make: () => header({}, "typ"), code: "signature.malformed" },
  {
    name: "header: the type of a voucher",
    make: () => header({ typ: "guichet.voucher.v1" }),
    code: "signature.malformed",
  },
  {
    name: "header: a later version of the type",
    make: () => header({ typ: "guichet.bundle.configuration.v2" }),
    code: "signature.malformed",
  },
  {
    name: "header: the type in capitals",
    make: () => header({ typ: "GUICHET.BUNDLE.CONFIGURATION.V1" }),
    code: "signature.malformed",
  },
  {
    name: "header: a type named as a property of every object",
    make: () => header({ typ: "constructor" }),
    code: "signature.malformed",
  },
  {
    name: "header: not JSON",
    make: () => with_(signature(payload, "{alg:EdDSA}", configurationKey)),
    code: "signature.malformed",
  },
  {
    name: "header: two signatures with two types",
    make: () => with_(good, signature(payload, headerFor("content", owner.keys.content), owner.keys.content)),
    code: "signature.malformed",
  },
  {
    name: "header: the type of another kind, signed by that kind's key",
    make: () => with_(signature(payload, headerFor("content", owner.keys.content), owner.keys.content)),
    code: "schema.invalid",
    at: "/kind",
  },
  {
    name: "arbitrary installation: software inside of a content bundle's type",
    make: () => forge("content", manifestOf(contentFor("software")), [], [owner.keys.content]),
    code: "schema.invalid",
    at: "/kind",
  },
  {
    name: "arbitrary installation: a command inside of a configuration's type",
    make: () => forge("configuration", manifestOf(command), [], [configurationKey]),
    code: "schema.invalid",
  },
  {
    name: "a good signature beside a broken one of a known key",
    make: () => with_(good, { ...good, signature: flip(good.signature) }),
    code: "signature.bad",
  },
  {
    name: "a good signature beside one of a key of another role",
    make: () =>
      with_(good, signature(payload, headerFor("configuration", owner.keys.content), owner.keys.content)),
    code: "signature.wrongRole",
  },
  {
    name: "key compromise below the threshold: one of two keys for a command",
    make: () => assemble({ payload: commandPayload, signatures: [commandSignature(secondCommand)] }, []),
    code: "bundle.tooFewSignatures",
  },
  {
    name: "key compromise below the threshold: one key signs twice",
    make: () =>
      assemble(
        {
          payload: commandPayload,
          signatures: [commandSignature(secondCommand), commandSignature(secondCommand)],
        },
        [],
      ),
    code: "bundle.tooFewSignatures",
  },
  {
    name: "key compromise below the threshold: a stranger's signature fills up",
    make: () =>
      assemble(
        {
          payload: commandPayload,
          signatures: [commandSignature(secondCommand), commandSignature(stranger.keys.command)],
        },
        [],
      ),
    code: "bundle.tooFewSignatures",
  },
  {
    name: "key compromise below the threshold: one of two roots for a key set",
    make: () => rotation({}, [owner.keys.root]),
    code: "bundle.tooFewSignatures",
  },
  { name: "key set: a version is skipped", make: () => rotation({ version: 3 }), code: "bundle.wrongKeySet" },
  {
    name: "fast-forward: a key set with the highest version",
    make: () => rotation({ version: 2_147_483_647 }),
    code: "bundle.wrongKeySet",
  },
  {
    name: "rollback: the key set that the unit has",
    make: () => rotation({ version: 1 }),
    code: "bundle.older",
  },
  {
    name: "key set: version zero",
    make: () => rotation({}, undefined, { keys: { ...owner.set, version: 0 } }),
    code: "schema.invalid",
    at: "/keys/version",
  },
  {
    name: "key set: another counter than version",
    make: () => rotation({}, undefined, { counter: 7 }),
    code: "bundle.wrongKeySet",
  },
  {
    name: "key set: signed by its own roots only",
    make: () => rotation({ keys: nextKeys, thresholds: {} }, [nextRoot]),
    code: "signature.unknownKey",
  },
  {
    name: "key set: signed by the roots before it only",
    make: () => rotation({ keys: nextKeys, thresholds: {} }, bothRoots),
    code: "bundle.tooFewSignatures",
  },
  {
    name: "key set: too few of its own roots",
    make: () =>
      rotation({ keys: [...nextKeys, newSigningKey("root").public], thresholds: { root: 2 } }, [
        ...bothRoots,
        nextRoot,
      ]),
    code: "bundle.tooFewSignatures",
  },
  {
    name: "key set: one key in two roles",
    make: () => {
      const { x } = owner.keys.content.public;
      const twin = { kid: `command-${owner.keys.content.kid.split("-")[1]}`, role: "command", x };
      return rotation({ keys: [...owner.set.keys, twin] });
    },
    code: "bundle.badKeySet",
  },
  {
    name: "key set: one key twice, spelt in two ways",
    make: () => {
      const key = owner.keys.command.public;
      const last = key.x.at(-1) as string;
      const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const other = letters[letters.indexOf(last) ^ 1] as string;
      return rotation({ keys: [...owner.set.keys, { ...key, x: key.x.slice(0, -1) + other }] });
    },
    code: "bundle.badKeySet",
  },
  {
    name: "key set: a key under another's id",
    make: () => {
      const keys = owner.set.keys.map((key) =>
        key.role === "content" ? { ...key, x: stranger.keys.content.public.x } : key,
      );
      return rotation({ keys });
    },
    code: "bundle.badKeySet",
  },
  {
    name: "key set: no roots",
    make: () => rotation({ keys: owner.set.keys.filter((key) => key.role !== "root"), thresholds: {} }),
    code: "bundle.badKeySet",
  },
  {
    name: "key set: more signatures asked for than there are keys",
    make: () => rotation({ keys: [...owner.set.keys, unreachable.public], thresholds: { root: 4 } }),
    code: "bundle.badKeySet",
  },
  {
    name: "key set: a key for vouchers",
    make: () => rotation({ keys: [...owner.set.keys, newSigningKey("voucher").public] }),
    code: "bundle.badKeySet",
  },
  {
    name: "key set: threshold zero",
    make: () => rotation({ thresholds: { root: 0 } }),
    code: "schema.invalid",
    at: "/keys/thresholds/root",
  },
  {
    name: "key set: a threshold for a role that there is not",
    make: () =>
      rotation({}, undefined, { keys: { ...owner.set, version: 2, thresholds: { everything: 1 } } }),
    code: "schema.invalid",
  },
  {
    name: "key set: more keys than one may have",
    make: () => rotation({ keys: Array.from({ length: 33 }, () => newSigningKey("content").public) }),
    code: "schema.invalid",
    at: "/keys/keys",
  },
  {
    name: "type of the signature's kind is one that no role may sign",
    make: () =>
      with_(
        signature(
          payload,
          { alg: "EdDSA", typ: bundleType("keys"), kid: configurationKey.kid },
          configurationKey,
        ),
      ),
    code: "signature.wrongRole",
  },
  {
    name: "signed by the right number of signers of another kind",
    make: () => forge("software", manifestOf(contentFor("software")), [], signersOf("command")),
    code: "signature.wrongRole",
  },
];
