import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { scan } from "./scan.ts";

const { test, run } = suite("canary scanner");

test("a planted value is found in every encoding and at every alignment", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-canary-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const name = "TESTPERSON Kanarienvogel 陳大文";
  const template = randomBytes(1_536);
  const noise = (n: number) => randomBytes(n);
  const put = (file: string, ...parts: Uint8Array[]) =>
    writeFileSync(join(folder, file), Buffer.concat([noise(1000), ...parts, noise(1000)]));
  put("utf8", Buffer.from(name));
  put("utf16le", Buffer.from(name, "utf16le"));
  put("utf16be", Buffer.from(name, "utf16le").swap16());
  put("hex", Buffer.from(Buffer.from(name).toString("hex")));
  for (const shift of [0, 1, 2])
    put(
      `base64-${shift}`,
      Buffer.from(Buffer.concat([noise(shift), Buffer.from(name), noise(7)]).toString("base64")),
    );
  for (const shift of [0, 1, 2])
    put(`base64url-${shift}`, Buffer.from(Buffer.concat([noise(shift), template]).toString("base64url")));
  put("raw", template.subarray(100));
  put("clean", noise(100_000));
  const { hits, scanned } = scan(
    [
      { name: "name", value: name },
      { name: "template", value: template },
    ],
    [folder],
  );
  assert.is(scanned, 12);
  const files = new Set(hits.map((hit) => hit.file.slice(folder.length + 1)));
  for (const file of [
    "utf8",
    "utf16le",
    "utf16be",
    "hex",
    "base64-0",
    "base64-1",
    "base64-2",
    "base64url-0",
    "base64url-1",
    "base64url-2",
    "raw",
  ]) {
    assert.ok(files.has(file), `not found in ${file}`);
  }
  assert.not.ok(files.has("clean"));
});

run();
