import {
  BUNDLE_LIMITS,
  type BundleContent,
  LARGEST_BUNDLE,
  MANIFEST_BYTES,
} from "../../../provisioning/bundle/index.ts";
import { signed } from "../../support/bundles.ts";
import type { Bad } from "./bad.ts";
import { contentFor, forge, type Json, manifestOf, owner, spoilt, withFiles, withHead } from "./forge.ts";

const good = (kind: BundleContent["kind"] = "configuration"): Buffer => signed(owner, contentFor(kind));
const utf8 = (text: string) => Buffer.from(text);
const headLength = (bundle: Buffer): number => bundle.readUInt32BE(17);
const headOf = (bundle: Buffer): Json =>
  JSON.parse(bundle.toString("utf8", 21, 21 + headLength(bundle))) as Json;
const reHeaded = (change: Json): Buffer => {
  const bundle = good();
  return withHead(JSON.stringify({ ...headOf(bundle), ...change }), bundle.subarray(21 + headLength(bundle)));
};
const file = (change: Json, kind: BundleContent["kind"] = "content"): Buffer => {
  const [first = {}] = manifestOf(contentFor(kind)).files as Json[];
  return spoilt(kind, { files: [{ ...first, ...change }] });
};
const path = (name: string, text: string, code = "schema.invalid"): Bad => ({
  name: `files: ${name}`,
  make: () => withFiles("content", { [text]: "{}" }),
  code,
  ...(code === "schema.invalid" ? { at: "/files/0/path" } : {}),
});
const inContent = (bytes: Buffer, change: (bytes: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
};

export const FORM: Bad[] = [
  { name: "form: an empty file", make: () => Buffer.alloc(0), code: "bundle.notABundle" },
  {
    name: "form: an archive",
    make: () => utf8("PK\u0003\u0004 a zip file that somebody put there"),
    code: "bundle.notABundle",
  },
  { name: "form: the first line alone", make: () => utf8("GUICHET BUNDLE 1\n"), code: "bundle.notABundle" },
  {
    name: "form: a later version of the form",
    make: () => inContent(good(), (b) => b.write("2", 15)),
    code: "bundle.notABundle",
  },
  {
    name: "form: the line's end of another system",
    make: () => inContent(good(), (b) => b.write("\r", 16)),
    code: "bundle.notABundle",
  },
  { name: "form: cut in the head's length", make: () => good().subarray(0, 20), code: "bundle.notABundle" },
  { name: "form: cut in the head", make: () => good().subarray(0, 60), code: "bundle.torn" },
  { name: "form: cut in the contents", make: () => good().subarray(0, -1), code: "bundle.torn" },
  { name: "form: no contents", make: () => good().subarray(0, 21 + headLength(good())), code: "bundle.torn" },
  {
    name: "endless data: one byte behind the contents",
    make: () => Buffer.concat([good(), utf8("x")]),
    code: "bundle.torn",
  },
  {
    name: "endless data: a second bundle behind the first",
    make: () => Buffer.concat([good(), good()]),
    code: "bundle.torn",
  },
  {
    name: "endless data: a head longer than a head may be",
    make: () => inContent(good(), (b) => b.writeUInt32BE(MANIFEST_BYTES + 1, 17)),
    code: "bundle.tooLarge",
  },
  {
    name: "endless data: a head of four gigabytes",
    make: () => inContent(good(), (b) => b.writeUInt32BE(0xffff_ffff, 17)),
    code: "bundle.tooLarge",
  },
  {
    name: "endless data: larger than any bundle may be",
    make: () => Buffer.alloc(LARGEST_BUNDLE + 1),
    code: "bundle.tooLarge",
  },
  ...(["keys", "claim", "certificates", "configuration", "command"] as const).map((kind) => ({
    name: `endless data: a ${kind} bundle that is larger than one may be`,
    make: () => Buffer.concat([good2(kind), Buffer.alloc(BUNDLE_LIMITS[kind].bytes)]),
    code: "bundle.tooLarge",
  })),
  {
    name: "endless data: 257 files",
    make: () =>
      withFiles("content", Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`services/s${n}`, ""]))),
    code: "schema.invalid",
    at: "/files",
  },
  {
    name: "endless data: a file larger than any may be",
    make: () => file({ size: LARGEST_BUNDLE + 1 }),
    code: "schema.invalid",
    at: "/files/0/size",
  },
  {
    name: "endless data: two files where one may be",
    make: () => withFiles("configuration", { "unit.json": "{}", "more.json": "{}" }),
    code: "bundle.tooLarge",
  },
  { name: "head: not JSON", make: () => withHead("not json"), code: "schema.invalid" },
  {
    name: "head: a mark of byte order before it",
    make: () => withHead(`\ufeff${JSON.stringify(headOf(good()))}`),
    code: "schema.invalid",
  },
  { name: "head: a list", make: () => withHead("[]"), code: "schema.invalid" },
  { name: "head: nesting without end", make: () => withHead("[".repeat(100_000)), code: "schema.invalid" },
  { name: "head: a field of its own", make: () => reHeaded({ trusted: true }), code: "schema.invalid" },
  {
    name: "head: no signatures at all",
    make: () => withHead(JSON.stringify({ payload: headOf(good()).payload })),
    code: "schema.invalid",
  },
  {
    name: "head: more signatures than there may be",
    make: () => {
      const [own] = headOf(good()).signatures as unknown[];
      return reHeaded({ signatures: Array.from({ length: 17 }, () => own) });
    },
    code: "schema.invalid",
    at: "/signatures",
  },
  {
    name: "head: a signature with the header unprotected",
    make: () => {
      const [own = {}] = headOf(good()).signatures as Json[];
      return reHeaded({ signatures: [{ ...own, header: { kid: "other" } }] });
    },
    code: "schema.invalid",
  },
  {
    name: "head: a signature that is too short",
    make: () => {
      const [own = {}] = headOf(good()).signatures as Json[];
      return reHeaded({ signatures: [{ ...own, signature: String(own.signature).slice(2) }] });
    },
    code: "schema.invalid",
    at: "/signatures/0/signature",
  },
  {
    name: "head: an empty payload",
    make: () => reHeaded({ payload: "" }),
    code: "schema.invalid",
    at: "/payload",
  },
  {
    name: "head: a payload in the clear",
    make: () => reHeaded({ payload: "{}" }),
    code: "schema.invalid",
    at: "/payload",
  },
  {
    name: "manifest: not JSON",
    make: () => forge("configuration", "kind=configuration"),
    code: "schema.invalid",
  },
  { name: "manifest: null", make: () => forge("configuration", "null"), code: "schema.invalid" },
  { name: "manifest: a list", make: () => forge("configuration", "[]"), code: "schema.invalid" },
  {
    name: "extraneous dependencies: a field that nobody knows",
    make: () => spoilt("configuration", { depends: ["https://example.org/more"] }),
    code: "schema.invalid",
  },
  {
    name: "manifest: a prototype",
    make: () => {
      const text = JSON.stringify(manifestOf(contentFor("configuration")));
      return forge("configuration", `{"__proto__":{"kind":"command"},${text.slice(1)}`);
    },
    code: "schema.invalid",
  },
  {
    name: "manifest: another version",
    make: () => spoilt("configuration", { v: 2 }),
    code: "schema.invalid",
    at: "/v",
  },
  { name: "manifest: no id", make: () => spoilt("configuration", {}, ["id"]), code: "schema.invalid" },
  {
    name: "manifest: an id with a line's end",
    make: () => spoilt("configuration", { id: "a\nb" }),
    code: "schema.invalid",
    at: "/id",
  },
  {
    name: "manifest: no date of making",
    make: () => spoilt("configuration", {}, ["iat"]),
    code: "schema.invalid",
  },
  {
    name: "manifest: made before all time",
    make: () => spoilt("configuration", { iat: -1 }),
    code: "schema.invalid",
    at: "/iat",
  },
  { name: "manifest: no kind", make: () => spoilt("configuration", {}, ["kind"]), code: "schema.invalid" },
  {
    name: "manifest: no list of files",
    make: () => spoilt("configuration", {}, ["files"]),
    code: "schema.invalid",
  },
  path("a way up", "../identity.json"),
  path("a way up in the middle", "services/../../identity.json"),
  path("an absolute path", "/etc/passwd"),
  path("a hidden file", "services/.profile"),
  path("a backslash", "services\\..\\identity.json"),
  path("a name with a zero", "services/a\u0000.json"),
  path("a name with a space", "services/a b"),
  path("a slash at the end", "services/"),
  path("two slashes", "services//a"),
  path("a letter that looks like another", "ѕervices/demo/service.json"),
  path("a name that is too long", `services/${"a".repeat(120)}`),
  path("folders that are too deep", "services/a/b/c/d/e"),
  path("the key set under a content bundle", "keys.json", "bundle.notAllowed"),
  path("the configuration under a content bundle", "unit.json", "bundle.notAllowed"),
  path("a generation's own record", "generation.json", "bundle.notAllowed"),
  path("a head of another kind", "heads/command.json", "bundle.notAllowed"),
  {
    name: "files: a service under a configuration bundle",
    make: () => withFiles("configuration", { "services/x.json": "{}" }),
    code: "bundle.notAllowed",
  },
  {
    name: "files: software that is no package",
    make: () => withFiles("software", { "run.sh": "#!/bin/sh" }),
    code: "bundle.notAllowed",
  },
  {
    name: "files: a key beside certificates",
    make: () => withFiles("certificates", { "tls.key": "-" }),
    code: "bundle.notAllowed",
  },
  {
    name: "files: any file beside a command",
    make: () => withFiles("command", { "a.txt": "-" }),
    code: "bundle.tooLarge",
  },
  {
    name: "files: one name twice",
    make: () =>
      spoilt("content", {
        files: [
          ...(manifestOf(contentFor("content")).files as Json[]),
          ...(manifestOf(contentFor("content")).files as Json[]),
        ],
      }),
    code: "bundle.repeated",
  },
  {
    name: "files: one name in small letters and in capitals",
    make: () => withFiles("content", { "services/demo/a.json": "1", "services/demo/A.json": "2" }),
    code: "bundle.repeated",
  },
  {
    name: "files: a file that is also a folder",
    make: () => withFiles("content", { "services/demo": "1", "services/demo/a.json": "2" }),
    code: "bundle.repeated",
  },
  {
    name: "files: no configuration in a configuration bundle",
    make: () => withFiles("configuration", {}),
    code: "bundle.missingFile",
  },
  { name: "files: no claim in a claim", make: () => withFiles("claim", {}), code: "bundle.missingFile" },
  {
    name: "files: no certificate in a certificates bundle",
    make: () => withFiles("certificates", {}),
    code: "bundle.missingFile",
  },
  {
    name: "files: a size below zero",
    make: () => file({ size: -1 }),
    code: "schema.invalid",
    at: "/files/0/size",
  },
  {
    name: "files: a size in words",
    make: () => file({ size: "2" }),
    code: "schema.invalid",
    at: "/files/0/size",
  },
  { name: "files: a size that is one too small", make: () => file({ size: 1 }), code: "bundle.torn" },
  {
    name: "files: a hash in capitals",
    make: () => file({ sha256: "A".repeat(64) }),
    code: "schema.invalid",
    at: "/files/0/sha256",
  },
  {
    name: "files: a hash of another kind",
    make: () => file({ sha256: "a".repeat(40) }),
    code: "schema.invalid",
    at: "/files/0/sha256",
  },
  {
    name: "files: the hash of other contents",
    make: () => file({ sha256: "a".repeat(64) }),
    code: "bundle.damaged",
  },
  {
    name: "files: an entry with a field of its own",
    make: () => file({ mode: 0o4755 }),
    code: "schema.invalid",
  },
  {
    name: "wrong software: one bit of the contents turned",
    make: () => inContent(good("software"), (b) => b.writeUInt8(8, b.length - 1)),
    code: "bundle.damaged",
  },
];

/** A good bundle of a kind; the key set is not one that a unit would take, which is judged after its size. */
function good2(kind: BundleContent["kind"]): Buffer {
  const of = contentFor(kind);
  return forge(
    kind,
    manifestOf(of),
    of.files.map(({ bytes }) => bytes),
  );
}
