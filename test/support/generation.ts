import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { payloadOf } from "../../fleet/contract/index.ts";
import {
  generationFolder,
  pointedAt,
  readStanding,
  type Standing,
} from "../../provisioning/activate/index.ts";
import { type BundleKind, type BundleManifest, MANIFEST_SCHEMAS } from "../../provisioning/bundle/index.ts";

/**
 * What is wrong with the generation that a unit runs on, judged without the code that made it: it has to be committed, to
 * hold exactly the files of the manifests that lie in it, byte for byte, and to count what those say.
 */
export async function wrongGeneration(
  state: string,
): Promise<{ wrong: string[]; standing: Standing | undefined }> {
  const wrong: string[] = [];
  const [active, committed] = [await pointedAt(state, "active"), await pointedAt(state, "committed")];
  if (active !== committed) wrong.push(`active ${active}, committed ${committed}`);
  const standing = await readStanding(state);
  if (!standing.ok) return { wrong: [...wrong, `unreadable: ${standing.error.code}`], standing: undefined };
  if (committed === 0) {
    if (existsSync(join(state, "config.d")) && readdirSync(join(state, "config.d")).length > 0)
      wrong.push("leftovers on a bare board");
    return { wrong, standing: standing.value };
  }
  const folder = generationFolder(state, committed);
  const expected = new Map<string, string | undefined>([["generation.json", undefined]]);
  for (const name of readdirSync(join(folder, "heads"))) {
    const kind = name.replace(".json", "") as BundleKind;
    const head = JSON.parse(readFileSync(join(folder, "heads", name), "utf8")) as Parameters<
      typeof payloadOf
    >[0];
    const manifest = payloadOf(head, MANIFEST_SCHEMAS[kind], kind);
    if (!manifest.ok) {
      wrong.push(`the head of ${kind} is torn`);
      continue;
    }
    const { files, counter } = manifest.value as BundleManifest;
    expected.set(`heads/${name}`, undefined);
    if (kind === "keys") expected.set("keys.json", undefined);
    for (const { path, sha256 } of files) expected.set(path, sha256);
    // With a new authority alone the certificate of a bundle before stays.
    if (kind === "certificates" && !expected.has("tls.crt")) expected.set("tls.crt", undefined);
    if (standing.value.counters[kind] !== counter)
      wrong.push(`${kind} counts ${standing.value.counters[kind]}, its bundle ${counter}`);
  }
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  for (const path of found) if (!expected.has(path)) wrong.push(`${path} belongs to nothing`);
  for (const [path, sha256] of expected) {
    if (!found.includes(path)) wrong.push(`${path} is missing`);
    else if (
      sha256 &&
      createHash("sha256")
        .update(readFileSync(join(folder, path)))
        .digest("hex") !== sha256
    )
      wrong.push(`${path} is torn`);
  }
  return { wrong, standing: standing.value };
}
