import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { VISION_ASSETS } from "../runtime/senses/vision/assets.ts";
import { type Edit, edited } from "./edited.ts";

/**
 * Builds what runs: `dist/unit`, which a unit gets and which stands alone in any folder; `dist/dev`, the same processes
 * with the bench's ports plugged in; `dist/tool`, the operator's tool. Heavy parts are chunks of their own, loaded when a
 * step needs them.
 */

/** Packages that find their native code by rules of their own; they are copied beside the bundle instead of into it. */
const WHOLE = ["sharp", "koffi"];
/** The compiled part of the other native packages, by the name under which it lies in `native/`. */
const ADDONS: Record<string, string> = {
  "node_sqlite3.node": "sqlite3",
  "i2c.node": "i2c-bus",
  "epoll.node": "epoll",
  "serialport.node": "@serialport/bindings-cpp",
};
const DEV_ONLY = ["node-pty", "aedes", "fastify", "esbuild", "playwright-core", "@peculiar/x509"];

/** The processes that are always up: one file each with V8's code cache beside it, because a start counts. */
const UNIT_PROCESSES: Record<string, string> = {
  core: "runtime/core/main.ts",
  vault: "runtime/vault/main.ts",
  senses: "runtime/senses/main.ts",
  provisioner: "runtime/provisioner/main.ts",
  "usb-gate": "runtime/provisioner/gate/main.ts",
  console: "runtime/console/main.ts",
  grants: "runtime/grants/main.ts",
};
const DEV_PROCESSES: Record<string, string> = {
  core: "runtime/dev/core.ts",
  vault: "runtime/dev/vault.ts",
  senses: "runtime/dev/senses.ts",
};
/** Programs that the processes start when they need them; their heavy parts are chunks of their own. */
const HELPERS: Record<string, string> = {
  guardian: "drivers/lock/gpio/guardian/main.ts",
  vision: "runtime/senses/vision/helper.ts",
  "still-helper": "drivers/camera/libcamera/still-helper.ts",
  /** The technician's command. */
  guichet: "runtime/diagnostics/command/main.ts",
};

/** `guichet` as one types it, wherever the folder lies and whatever links to it. */
const COMMAND = `#!/bin/sh
exec node "$(dirname "$(readlink -f "$0")")/guichet.mjs" "$@"
`;

const DEV_HELPERS: Record<string, string> = { ...HELPERS, guardian: "runtime/dev/guardian.ts" };

const COMMON: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node20",
  minify: true,
  keepNames: true,
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
};

const entryPoints = (entries: Record<string, string>) =>
  Object.entries(entries).map(([out, path]) => ({ in: path, out }));

async function bundle(
  processes: Record<string, string>,
  helpers: Record<string, string>,
  outdir: string,
  extra: string[] = [],
  edit?: Edit,
): Promise<string[]> {
  const common = {
    ...COMMON,
    outdir,
    external: [...WHOLE, ...extra],
    plugins: [addons, ...(edit ? [edited([edit])] : [])],
  };
  const [programs, mains] = await Promise.all([
    build({
      ...common,
      entryPoints: entryPoints(helpers),
      splitting: true,
      format: "esm",
      outExtension: { ".js": ".mjs" },
      banner: {
        js: "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';import{dirname as __dn}from'node:path';const require=__cr(import.meta.url),__filename=__fu(import.meta.url),__dirname=__dn(__filename);",
      },
    }),
    build({
      ...common,
      entryPoints: entryPoints(processes),
      format: "cjs",
      outExtension: { ".js": ".bundle.cjs" },
      // The loader of modules is not needed at all: what is loaded late is in the same file and waits to be called.
      supported: { "dynamic-import": false },
      define: { "import.meta.url": "__moduleUrl" },
      banner: { js: "const __moduleUrl=require('node:url').pathToFileURL(__filename).href;" },
    }),
  ]);
  for (const name of Object.keys(processes)) await writeFile(join(outdir, `${name}.cjs`), loader(name));
  for (const name of Object.keys(processes))
    execFileSync(process.execPath, [join(outdir, `${name}.cjs`), "--compile"], { stdio: "inherit" });
  return [...Object.keys(programs.metafile?.inputs ?? {}), ...Object.keys(mains.metafile?.inputs ?? {})];
}

/**
 * What starts a process: its bundle with the code that V8 has compiled before. A cache of another V8 is not used, and
 * `--compile` makes it anew; nothing but speed depends on it.
 */
const loader = (name: string): string => `"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const { wrap } = require("node:module");
const { Script } = require("node:vm");
const file = require("node:path").join(__dirname, "${name}.bundle.cjs");
let cachedData;
const compile = process.argv.includes("--compile");
// V8 takes a source of the same length for the same source: what is compiled anew never comes from a cache.
try {
  if (!compile) cachedData = readFileSync(file + ".cache");
} catch {}
const script = new Script(wrap(readFileSync(file, "latin1")), { filename: file, cachedData });
script.runInThisContext().call(exports, exports, require, module, file, __dirname);
if (compile) writeFileSync(file + ".cache", script.createCachedData());
else module.exports.main();
`;

/**
 * Native packages look for their compiled part in many places, which at a start costs more than all else they do. What
 * looks for it is replaced: the parts lie in one folder.
 */
const addons: Plugin = {
  name: "addons",
  setup: (context) => {
    context.onResolve({ filter: /^(bindings|node-gyp-build)$/ }, ({ path }) => ({
      path,
      namespace: "addons",
    }));
    context.onLoad({ filter: /.*/, namespace: "addons" }, ({ path }) => {
      const file = path === "bindings" ? "file" : '"serialport.node"';
      return { contents: `module.exports = (file) => require(__dirname + "/native/" + ${file});` };
    });
  },
};

async function copyAddons(outdir: string): Promise<void> {
  const { path } = createRequire(import.meta.url)("node-gyp-build") as { path(folder: string): string };
  await mkdir(join(outdir, "native"));
  for (const [file, name] of Object.entries(ADDONS))
    await cp(path(join("node_modules", name)), join(outdir, "native", file));
}

/** Copies a package and what it needs at run time, without its sources and build leftovers. */
async function copyPackage(name: string, from: string, target: string, done: Set<string>): Promise<void> {
  if (done.has(name)) return;
  done.add(name);
  const root = await packageRoot(name, from);
  if (!root) return;
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  const skip = /\/(node_modules|test|tests|docs|examples)(\/|$)|\.(md|map|d\.ts|cc|cpp|h|gyp|ts)$/;
  await cp(root, join(target, name), {
    recursive: true,
    dereference: true,
    filter: (path) => !skip.test(path.slice(root.length)),
  });
  for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    await copyPackage(dependency, root, target, done);
  }
}

async function packageRoot(name: string, from: string): Promise<string | undefined> {
  const require = createRequire(join(from, "x.js"));
  for (const base of require.resolve.paths(name) ?? []) {
    const root = join(base, name);
    if (await stat(join(root, "package.json")).catch(() => undefined)) return root;
  }
  return undefined;
}

/** The reader of sticks: one small file without a cache, so that whoever opens it finds little in it. */
export async function buildStickReader(outdir: string): Promise<string[]> {
  const { metafile } = await build({
    ...COMMON,
    metafile: true,
    entryPoints: ["provisioning/stick/main.ts"],
    outfile: join(outdir, "stick.cjs"),
    format: "cjs",
  });
  return Object.keys(metafile.inputs);
}

/** Data files that the vision helper reads beside itself. */
async function copyVisionAssets(target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const [name, path] of Object.entries(VISION_ASSETS))
    await cp(join("node_modules", path), join(target, name));
}

export async function buildUnit(outdir = "dist/unit"): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  const inputs = await bundle(UNIT_PROCESSES, HELPERS, outdir);
  inputs.push(...(await buildStickReader(outdir)));
  await addRunTime(outdir);
  await writeFile(join(outdir, "guichet"), COMMAND, { mode: 0o755 });
  await writeFile(join(outdir, "bundle.txt"), `${[...new Set(inputs)].sort().join("\n")}\n`);
}

export async function buildDev(outdir = "dist/dev", edit?: Edit): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  await bundle(DEV_PROCESSES, DEV_HELPERS, outdir, DEV_ONLY, edit);
  await buildStickReader(outdir);
  await addRunTime(outdir);
}

/** The operator's tool, one file. What it never does, drive a device, is left out of it. */
export async function buildTool(outfile = "dist/tool/guichet-provision.mjs"): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: ["provisioning/tool/main.ts"],
    outfile,
    format: "esm",
    banner: { js: "#!/usr/bin/env node" },
    plugins: [
      {
        name: "no drivers",
        setup: (context) =>
          context.onResolve({ filter: /\/index\.ts$/ }, ({ kind }) =>
            kind === "dynamic-import" ? { path: "node:fs", external: true } : undefined,
          ),
      },
    ],
  });
  await chmod(outfile, 0o755);
}

async function addRunTime(outdir: string): Promise<void> {
  const { buildPage } = await import("./build-page.ts");
  await buildPage({ outDir: join(outdir, "page") });
  await copyVisionAssets(join(outdir, "assets"));
  const done = new Set<string>();
  await copyAddons(outdir);
  for (const name of WHOLE)
    await copyPackage(name, dirname(process.argv[1] ?? "."), join(outdir, "node_modules"), done);
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const started = performance.now();
  await buildUnit();
  await buildDev();
  await buildTool();
  console.log(
    `built dist/unit, dist/dev and dist/tool in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
}
