import { open, readFile, stat } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Fault, parseJson } from "../../drivers/kit/index.ts";
import { type Answer, AnswerSchema, REPLY_BYTES, readAnswer, readReplyFile } from "../answer/index.ts";
import { BUNDLE_KINDS, type BundleKind, type Target } from "../bundle/index.ts";
import { BUNDLE_ROLES, type BundleRole, checkKeySet, type KeySet, KeySetSchema } from "../keys/index.ts";
import { descriptorSource, openStick, readNew } from "../stick/fat/index.ts";
import { stickFault } from "../stick/index.ts";
import { Refusal } from "../stick/refusal.ts";
import { toolFault } from "./faults.ts";
import { isStick } from "./stick-writer.ts";

/** The options and operands of one call. Every reader throws a Fault that names the option. */
export class Options {
  readonly operands: readonly string[];
  readonly #values: Record<string, string[]>;

  /** @param known names of the options of the command; each takes a value and may be repeated */
  constructor(argv: readonly string[], known: readonly string[]) {
    const options = Object.fromEntries(
      known.map((name) => [name, { type: "string", multiple: true }] as const),
    );
    try {
      const parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
      this.operands = parsed.positionals;
      this.#values = parsed.values as Record<string, string[]>;
    } catch (error) {
      throw toolFault("unknownOption", { option: /--?[\w-]+/.exec((error as Error).message)?.[0] });
    }
  }

  all = (name: string): readonly string[] => this.#values[name] ?? [];
  maybe = (name: string): string | undefined => this.all(name).at(-1);

  need(name: string, form: string): string {
    const value = this.maybe(name);
    if (value === undefined) throw toolFault("missing", { option: `--${name}`, form });
    return value;
  }

  operand(index: number, name: string): string {
    const value = this.operands[index];
    if (value === undefined) throw toolFault("missing", { operand: name });
    return value;
  }

  number(name: string): number {
    const value = this.need(name, "a whole number from 1 on");
    if (!/^[1-9][0-9]{0,9}$/.test(value))
      throw toolFault("bad", { option: `--${name}`, form: "a whole number from 1 on" });
    return Number(value);
  }

  /** Seconds since the epoch of a date such as 2027-01-31T12:00:00Z. */
  date(name: string): number | undefined {
    const value = this.maybe(name);
    if (value === undefined) return undefined;
    const at = Date.parse(value);
    if (!/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(value) || Number.isNaN(at))
      throw toolFault("bad", { option: `--${name}`, form: "2027-01-31T12:00:00Z" });
    return Math.floor(at / 1000);
  }
}

const KIND_FORM = BUNDLE_KINDS.join(", ");
export function kindOf(text: string): BundleKind {
  const kind = BUNDLE_KINDS.find((one) => one === text);
  if (!kind) throw toolFault("bad", { operand: "KIND", form: KIND_FORM });
  return kind;
}

export function roleOf(text: string, option: string): BundleRole {
  const role = BUNDLE_ROLES.find((one) => one === text);
  if (!role) throw toolFault("bad", { option, form: BUNDLE_ROLES.join(", ") });
  return role;
}

const TARGET_FORM = "unit=ID, site=ID, group=ID, device=NUMBER or all";
export function targetOf(text: string): Target {
  if (text === "all") return { all: true };
  const [, by, id] = /^(unit|site|group|device)=(.+)$/.exec(text) ?? [];
  if (!by || !id) throw toolFault("bad", { option: "--target", form: TARGET_FORM });
  return { [by]: id } as Target;
}

/** `name=number`, as `content=3` or `root=2`. */
export function pairOf(text: string, option: string): [string, number] {
  const [, name, number] = /^([a-z]+)=([0-9]{1,10})$/.exec(text) ?? [];
  if (!name || !number) throw toolFault("bad", { option, form: "NAME=NUMBER" });
  return [name, Number(number)];
}

export async function bytesOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw toolFault("cannotRead", { file: path, code: (error as NodeJS.ErrnoException).code }, error);
  }
}

const orThrow = <T>(result: { ok: true; value: T } | { ok: false; error: Fault }): T => {
  if (!result.ok) throw result.error;
  return result.value;
};

export const keySetIn = async (path: string): Promise<KeySet> =>
  orThrow(checkKeySet(orThrow(parseJson(KeySetSchema, (await bytesOf(path)).toString("utf8"), path)), true));

/** `REPLY.BIN` of an image or a device, by the reader that a unit has. */
async function replyOf(path: string): Promise<Buffer> {
  const handle = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw toolFault("cannotRead", { file: path, code: error.code }, error);
  });
  try {
    const source = descriptorSource(handle.fd);
    const { reply } = openStick(source);
    if ("refused" in reply) throw stickFault("reply", { what: reply.what });
    return readNew(source, reply.at, REPLY_BYTES);
  } catch (error) {
    throw error instanceof Refusal ? stickFault(error.code, { what: error.what }) : error;
  } finally {
    await handle.close();
  }
}

/** A unit's answer: a stick by its image or device, REPLY.BIN from a stick, the JSON that `read --out` wrote, or the JWS that came over the link. */
export async function answerIn(path: string): Promise<Answer> {
  const info = await stat(path).catch(() => undefined);
  if (info && isStick(info)) return orThrow(readReplyFile(await replyOf(path)));
  const bytes = await bytesOf(path);
  const text = bytes.toString("latin1");
  // As it came over the link.
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text.trim())) return orThrow(readAnswer(text.trim()));
  if (bytes[0] === 0x7b) return orThrow(parseJson(AnswerSchema, bytes.toString("utf8"), path));
  return orThrow(readReplyFile(bytes));
}
