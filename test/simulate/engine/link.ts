import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build, type Plugin } from "esbuild";

/** One place of a source file, or all of it, that is replaced, for the proof that the simulation notices. */
export type Edit = {
  /** Path from the root of the repository. */
  file: string;
} & ({ from: string; to: string } | { contents: string });

const PORTS = resolve("test/simulate/engine/ports.ts");

/** What the simulation takes the place of: exported names by file. All else is the code that a unit runs. */
const REPLACED: Record<string, string[]> = {
  "drivers/store/store.ts": ["openStore"],
  "runtime/ipc/socket.ts": ["listenUnix"],
  "runtime/ipc/peer.ts": ["Peer"],
  "provisioning/configuration.ts": ["readConfiguration"],
  "drivers/flight/recorder.ts": ["FlightRecorder"],
  "runtime/vault/self-check.ts": ["checkVerification", "checkJournal"],
};

/** Files whose Node modules are those of the simulation: seeded randomness, ideal signatures, a key file in memory. */
const MODULES: Record<string, string[]> = {
  "node:crypto": ["drivers/kit/ids.ts", "fleet/contract/jws.ts", "runtime/vault/papers.ts"],
  "node:fs": ["runtime/vault/papers.ts"],
};

function linked(edits: readonly Edit[]): Plugin {
  const root = `${resolve(".")}/`;
  return {
    name: "simulation",
    setup: (b) => {
      b.onResolve({ filter: /^node:(crypto|fs)$/ }, ({ path, importer }) =>
        MODULES[path]?.includes(importer.replace(root, "")) ? { path: PORTS } : { path, external: true },
      );
      b.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = path.replace(root, "");
        const names = REPLACED[file] ?? [];
        const own = edits.filter((edit) => edit.file === file);
        if (names.length === 0 && own.length === 0) return undefined;
        let contents = readFileSync(path, "utf8");
        for (const edit of own) {
          if ("contents" in edit) {
            contents = edit.contents;
            continue;
          }
          if (contents.split(edit.from).length !== 2)
            throw new Error(`${file} has not exactly one place for: ${edit.from}`);
          contents = contents.replace(edit.from, () => edit.to);
        }
        for (const name of names) {
          const declared = new RegExp(`^export ((?:async )?(?:function|class|const) ${name}\\b)`, "m");
          if (!declared.test(contents)) throw new Error(`${file} exports no ${name}`);
          contents = `${contents.replace(declared, "$1")}\nexport { ${name} } from ${JSON.stringify(PORTS)};\n`;
        }
        return { contents, loader: "ts" };
      });
    },
  };
}

/** Bundles a worker (that of the simulation if left out) with the real runtime, optionally with places of it replaced. */
export async function linkSimulation(
  outfile: string,
  edits: readonly Edit[] = [],
  entry = "test/simulate/worker.ts",
): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
    logLevel: "error",
    inject: ["test/simulate/engine/abort.ts"],
    define: { "process.exit": "globalThis.simulatedExit" },
    plugins: [linked(edits)],
  });
}
