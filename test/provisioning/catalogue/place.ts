import { createHash } from "node:crypto";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { newSigningKey } from "../../../fleet/contract/index.ts";
import { Provisioner, type Report, readStanding, receiverOf } from "../../../provisioning/activate/index.ts";
import type { Answer } from "../../../provisioning/answer/index.ts";
import { LARGEST_BUNDLE, memorySource, openBundle } from "../../../provisioning/bundle/index.ts";
import type { TestContext } from "../../kit.ts";
import {
  board,
  CLAIM,
  codeOf,
  content,
  given,
  HEALTHY,
  IDENTITY,
  NONCE,
  type Owner,
  signed,
  TLS,
} from "../../support/bundles.ts";
import { tool } from "../../support/tool.ts";
import { NOW } from "./bad-meaning.ts";
import { HAS, signersOf } from "./forge.ts";

const unitKey = newSigningKey("unit");

/** The two places where a bundle is judged: a unit that has taken one of every kind that units take, and the tool with that unit's answer. */
export async function places(t: TestContext, owner: Owner) {
  const { state } = board(t, owner);
  const provisioner = new Provisioner({
    state,
    trial: HEALTHY,
    judgedBy: async () => ({ nonce: NONCE, attestedTime: NOW, tls: TLS }),
  });
  const take = (...bundles: Uint8Array[]): Promise<Report[]> => provisioner.take(given(...bundles));
  const has = { counter: HAS, target: { device: IDENTITY.device } };
  const kinds = ["command", "claim", "certificates", "content", "configuration"] as const;
  for (const kind of kinds)
    for (const { result } of await take(signed(owner, content(kind, has, { services: [] }), signersOf(kind))))
      if (!result.ok) throw result.error;

  const files = mkdtempSync("/dev/shm/guichet-places-");
  t.after(() => rmSync(files, { recursive: true, force: true }));
  const keyset = join(files, "keyset.json");
  const answerFile = join(files, "answer.json");

  /** What the unit would answer now, and the key set that it believes, for the tool. */
  const tellTool = async (): Promise<void> => {
    const standing = await readStanding(state);
    if (!standing.ok) throw standing.error;
    const { counters, keys } = standing.value;
    const answer: Answer = {
      v: 1,
      iat: NOW,
      claim: { unit: CLAIM.unit, site: CLAIM.site, groups: CLAIM.groups },
      ...IDENTITY,
      software: "0.1.0",
      key: unitKey.public,
      keys: keys.version,
      counters,
      nonce: NONCE,
      taken: [],
      missing: [],
      faults: [],
    };
    writeFileSync(answerFile, JSON.stringify(answer));
    writeFileSync(keyset, JSON.stringify(keys));
  };
  await tellTool();

  return {
    state,
    tellTool,
    /** What the unit says of the first bundle. */
    unit: async (...bundles: Uint8Array[]): Promise<{ code: string; at: unknown }> => {
      const result = (await take(...bundles)).find(({ file }) => file === "0.kbundle")?.result;
      return { code: codeOf(result), at: result && !result.ok ? result.error.fields.at : undefined };
    },
    /** Whether its signatures, form and files are good to the unit, whatever it then does with it. */
    opens: async (bundle: Uint8Array): Promise<string> => {
      const standing = await readStanding(state);
      if (!standing.ok) throw standing.error;
      const receiver = receiverOf(standing.value, { nonce: NONCE, attestedTime: NOW });
      return codeOf(await openBundle(memorySource(bundle), receiver));
    },
    /** What the tool says of the first bundle, as that unit. */
    tool: async (...bundles: Uint8Array[]): Promise<string> => {
      const names = bundles.map((_, n) => join(files, `${n}.kbundle`));
      for (const [n, bytes] of bundles.entries()) {
        const name = names[n] as string;
        // What is only large is written as a hole.
        writeFileSync(name, bytes.length > LARGEST_BUNDLE ? "" : bytes);
        if (bytes.length > LARGEST_BUNDLE) truncateSync(name, bytes.length);
      }
      const time = new Date(NOW * 1000).toISOString();
      const said = await tool("verify", ...names, "--keyset", keyset, "--answer", answerFile, "--time", time);
      for (const name of names) rmSync(name);
      const lines = `${said.errors}\n${said.words}`.split("\n");
      const about = lines.slice(lines.findIndex((line) => line.startsWith(`${names[0]}:`)));
      if (about[0]?.startsWith(`${names[0]}: good`)) return "ok";
      return /^ {2}code {3}(\S+)/m.exec(about.join("\n"))?.[1] ?? "nothing";
    },
  };
}

/** All that provisioning has written on a unit, as one text. */
export function fingerprint(state: string): string {
  const hash = createHash("sha256");
  for (const entry of readdirSync(state, { recursive: true, withFileTypes: true }).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name);
    hash.update(`${path}\0`);
    if (entry.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (entry.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}
