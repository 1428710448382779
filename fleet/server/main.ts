import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Emitter, systemClock } from "../../drivers/kit/index.ts";
import type { Context } from "./context.ts";
import { openDb } from "./db.ts";
import { centreKeys } from "./keys.ts";
import { OPERATOR_ROLES, type OperatorRole, Operators } from "./operators.ts";
import { makePki } from "./pki.ts";
import { SCHEMA } from "./schema.ts";

const USAGE = `usage: node --import tsx fleet/server/main.ts COMMAND
  create-operator --dir DIR --id ID --name NAME --roles a,b
      roles: ${OPERATOR_ROLES.join(", ")}. The password is read from standard input, at least 12 characters.
  bootstrap --pki DIR --ca FILE --device NUMBER --url mqtts://HOST:PORT
      bootstrap.json for the claim of a board, to standard output. DIR is the authority of claims and of nothing else,
      FILE who has signed the broker's certificate.
  certify --pki DIR
      the certificate for the request on standard input, to standard output.`;

/** Makes an account in the centre's database, or gives an existing one a new password and roles. */
async function createOperator(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      dir: { type: "string" },
      id: { type: "string" },
      name: { type: "string" },
      roles: { type: "string" },
    },
  });
  const { dir, id, name, roles } = values;
  if (!dir || !id || !name || !roles) throw new Error(USAGE);
  const wanted = roles
    .split(",")
    .filter((role): role is OperatorRole => (OPERATOR_ROLES as readonly string[]).includes(role));
  if (wanted.length !== roles.split(",").length) throw new Error(USAGE);
  const password = await firstLine();
  const keys = centreKeys(dir);
  const db = await openDb(join(dir, "centre.db"), SCHEMA);
  try {
    const context: Context = {
      dir,
      host: "centre",
      clock: systemClock,
      db,
      keys,
      events: new Emitter(),
      publish: () => Promise.resolve(false),
    };
    const made = await new Operators(context).create({ id, name, roles: wanted, password });
    if (!made.ok) throw new Error(`${made.error.row.what}. ${made.error.row.todo}.`);
    process.stdout.write(`${id} may sign in as ${wanted.join(", ")}\n`);
  } finally {
    await db.close();
  }
}

/** Makes what a board asks for its first certificate by. */
async function bootstrap(args: string[]): Promise<void> {
  const option = { type: "string" } as const;
  const { values } = parseArgs({ args, options: { pki: option, ca: option, device: option, url: option } });
  const { pki, ca, device, url } = values;
  if (!pki || !ca || !device || !url) throw new Error(USAGE);
  const { cert, key } = await (await makePki(pki)).issueBoard(device);
  const made = { v: 1, url, ca: readFileSync(ca, "utf8"), cert, key };
  process.stdout.write(`${JSON.stringify(made, null, 2)}\n`);
}

async function certify(args: string[]): Promise<void> {
  const { pki } = parseArgs({ args, options: { pki: { type: "string" } } }).values;
  if (!pki) throw new Error(USAGE);
  let request = "";
  for await (const part of process.stdin) request += part;
  process.stdout.write(await (await makePki(pki)).certify(request));
}

async function firstLine(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("Password: ");
  for await (const line of createInterface({ input: process.stdin })) return line;
  return "";
}

const [command, ...args] = process.argv.slice(2);
try {
  if (command === "create-operator") await createOperator(args);
  else if (command === "bootstrap") await bootstrap(args);
  else if (command === "certify") await certify(args);
  else throw new Error(USAGE);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
