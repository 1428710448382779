import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { attestationKey } from "../../../runtime/senses/attestation.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("the key with which the senses attest");

test("the vault can read the public part under the umask of a service, and nobody the other", (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-attestation-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const before = process.umask(0o077);
  t.after(() => void process.umask(before));
  mkdirSync(join(state, "attestation"));
  const own = join(state, "senses", "attestation.json");
  const shown = join(state, "attestation", "senses.pub.json");
  const modes = () => [own, shown].map((path) => statSync(path).mode & 0o777);
  const key = attestationKey(state);
  assert.equal(modes(), [0o600, 0o644]);
  assert.equal(JSON.parse(readFileSync(shown, "utf8")), key.public);
  // As it was left by a version that did not mind the umask.
  chmodSync(shown, 0o600);
  assert.is(attestationKey(state).kid, key.kid);
  assert.equal(modes(), [0o600, 0o644]);
});

run();
