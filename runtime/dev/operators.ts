import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";

/**
 * Makes the first operators of the centre of `make run`, each with a new password that is printed once. Approving,
 * assigning and loading are three people; two load.
 */
const PEOPLE = [
  { id: "ada", name: "Ada Approver", roles: "approver,admin" },
  { id: "bea", name: "Bea Assigner", roles: "assigner" },
  { id: "carl", name: "Carl Loader", roles: "loader" },
  { id: "dora", name: "Dora Loader", roles: "loader" },
  { id: "emil", name: "Emil Officer", roles: "officer" },
];

const dir = join(resolve(process.env.DATA ?? "data"), "centre");
for (const { id, name, roles } of PEOPLE) {
  const password = randomBytes(12).toString("base64url");
  const made = spawnSync(
    process.execPath,
    [
      "--import",
      "tsx",
      "fleet/server/main.ts",
      "create-operator",
      "--dir",
      dir,
      "--id",
      id,
      "--name",
      name,
      "--roles",
      roles,
    ],
    { input: `${password}\n`, encoding: "utf8" },
  );
  if (made.status !== 0) {
    console.error(made.stderr);
    process.exit(1);
  }
  console.log(`${id.padEnd(6)} ${password}   ${name}: ${roles}`);
}
