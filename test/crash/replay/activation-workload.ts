import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setLog } from "../../../drivers/kit/index.ts";
import { Provisioner, StateDisk, type Trial } from "../../../provisioning/activate/index.ts";
import { memorySource } from "../../../provisioning/bundle/index.ts";

/**
 * The real activation, traced: a bare board is provisioned, updated, given an update with which it does not become
 * healthy, and unconfigured by a command. What was said about each stands as MARK lines, in the order in which it was said.
 */
setLog({ level: "error", sink: () => undefined });
const [state = "", given = "", mutant] = process.argv.slice(2);
const mark = (text: string) => process.stdout.write(`MARK ${text}\n`);
mkdirSync(state, { recursive: true });
writeFileSync(join(state, "identity.json"), readFileSync(join(given, "identity.json")), { flush: true });

/** Writes without syncing, in the hope that the disk will see to it. */
class HastyDisk extends StateDisk {
  override async file(path: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const piece of pieces) parts.push(piece);
    await this.folder(join(path, ".."));
    writeFileSync(path, Buffer.concat(parts));
  }
}

let healthy = true;
const trial: Trial = { restart: async () => undefined, missing: async () => (healthy ? [] : ["screen"]) };
let now = 0;
const clock = {
  wall: () => now,
  mono: () => now,
  sleep: async (ms: number, signal?: AbortSignal) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (!signal?.aborted) now += ms;
  },
};
const { nonce, rounds } = JSON.parse(readFileSync(join(given, "rounds.json"), "utf8")) as {
  nonce: string;
  rounds: { name: string; healthy: boolean; files: string[] }[];
};
const provisioner = new Provisioner({
  state,
  trial,
  clock,
  judgedBy: async () => ({ nonce }),
  ...(mutant === "nosync" ? { disk: new HastyDisk() } : {}),
});
mark("ready");
for (const round of rounds) {
  healthy = round.healthy;
  mark(`begun ${round.name}`);
  const reports = await provisioner.take(
    round.files.map((file) => ({ file, source: memorySource(readFileSync(join(given, file))) })),
  );
  for (const { file, result } of reports)
    if (result.ok !== round.healthy) throw new Error(`${file}: ${result.ok ? "taken" : result.error.code}`);
  mark(`${round.healthy ? "taken" : "refused"} ${round.name}`);
}
process.exit(0);
