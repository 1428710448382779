import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { SigningKey } from "../../../fleet/contract/index.ts";
import {
  BUNDLE_ROLES,
  checkKeySet,
  type KeySet,
  keySetOf,
  makeKeyFile,
  readKeyFile,
} from "../../keys/index.ts";
import type { Command } from "../command.ts";
import { toolFault } from "../faults.ts";
import { writeWhole } from "../files.ts";
import { keySetIn, type Options, pairOf, roleOf } from "../options.ts";
import { keySet } from "../words.ts";

const PAIR = "NAME=NUMBER";

function numbers(options: Options, name: string): Partial<Record<string, number>> {
  const found: Partial<Record<string, number>> = {};
  for (const text of options.all(name)) {
    const [role, number] = pairOf(text, `--${name}`);
    roleOf(role, `--${name}`);
    if (number < 1 || number > 16) throw toolFault("bad", { option: `--${name}`, form: `${PAIR}, 1 to 16` });
    found[role] = number;
  }
  return found;
}

const sound = (set: KeySet): KeySet => {
  const checked = checkKeySet(set, true);
  if (!checked.ok) throw checked.error;
  return checked.value;
};

/** `keys DIR`: one private key in a file for each role (or more), and the first key set. */
export const keys: Command = {
  usage: "keys DIR [--count ROLE=N]... [--threshold ROLE=N]...",
  does: "make private keys (ROLE-N.key, keep them apart and offline) and the first key set (keyset.json)",
  options: ["count", "threshold"],
  run: async (options, out) => {
    const folder = options.operand(0, "DIR");
    const counts = numbers(options, "count");
    const thresholds = numbers(options, "threshold") as KeySet["thresholds"];
    for (const role of BUNDLE_ROLES)
      if ((thresholds[role] ?? 1) > (counts[role] ?? 1))
        throw toolFault("bad", {
          option: "--threshold",
          role,
          form: "not more than there are keys of the role",
        });
    if (existsSync(join(folder, "keyset.json")))
      throw toolFault("exists", { file: join(folder, "keyset.json") });
    const made: SigningKey[] = [];
    for (const role of BUNDLE_ROLES)
      for (let n = 1; n <= (counts[role] ?? 1); n++) {
        const file = join(folder, `${role}-${n}.key`);
        made.push(
          await makeKeyFile(file, role).catch((error: NodeJS.ErrnoException) => {
            throw toolFault(
              error.code === "EEXIST" ? "exists" : "cannotWrite",
              { file, code: error.code },
              error,
            );
          }),
        );
      }
    const set = sound(keySetOf(made, 1, thresholds));
    await writeWhole(join(folder, "keyset.json"), `${JSON.stringify(set, null, 2)}\n`);
    out(`${made.length} private keys and keyset.json in ${folder}`);
    for (const line of keySet(set)) out(line);
  },
};

/** `newkey ROLE FILE`: one more private key, for a successor of the key set. */
export const newkey: Command = {
  usage: "newkey ROLE FILE",
  does: "make one private key",
  options: [],
  run: async (options, out) => {
    const role = roleOf(options.operand(0, "ROLE"), "ROLE");
    const file = options.operand(1, "FILE");
    const key = await makeKeyFile(file, role).catch((error: NodeJS.ErrnoException) => {
      throw toolFault(error.code === "EEXIST" ? "exists" : "cannotWrite", { file, code: error.code }, error);
    });
    out(`${file}: ${key.kid}`);
  },
};

/** `keyset`: the successor of a key set. */
export const keyset: Command = {
  usage: "keyset --from keyset.json --out FILE [--add KEYFILE]... [--drop KEY-ID]... [--threshold ROLE=N]...",
  does: "make the successor of a key set; send it to units with `make keys`",
  options: ["from", "out", "add", "drop", "threshold"],
  run: async (options, out) => {
    const before = await keySetIn(options.need("from", "the key set that units have"));
    const file = options.need("out", "a new file");
    let list = before.keys;
    for (const kid of options.all("drop")) {
      if (!list.some((key) => key.kid === kid))
        throw toolFault("bad", { option: "--drop", form: "a key's id" });
      list = list.filter((key) => key.kid !== kid);
    }
    for (const path of options.all("add")) {
      const key = await readKeyFile(path);
      if (!key.ok) throw key.error;
      if (list.some(({ kid }) => kid === key.value.kid)) throw toolFault("twice", { file: path });
      list = [...list, key.value.public];
    }
    const thresholds = { ...before.thresholds, ...numbers(options, "threshold") } as KeySet["thresholds"];
    const set = sound({ v: 1, version: before.version + 1, keys: list, thresholds });
    await mkdir(join(file, ".."), { recursive: true });
    await writeWhole(file, `${JSON.stringify(set, null, 2)}\n`);
    out(`${file}:`);
    for (const line of keySet(set)) out(line);
  },
};
