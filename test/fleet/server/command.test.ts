import { spawn } from "node:child_process";
import * as assert from "uvu/assert";
import { suite } from "../../kit.ts";
import { setUpCentre } from "../../support/centre.ts";

const { test, run } = suite("command", 40_000);

function command(args: string[], input: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", "fleet/server/main.ts", ...args]);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += chunk;
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

test("the command makes an account beside the running centre, and its password works", async (t) => {
  const { centre, dir } = await setUpCentre(t, "embedded");
  const args = (roles: string) => [
    "create-operator",
    ...["--dir", `${dir}/centre`, "--id", "anna", "--name", "Anna", "--roles", roles],
  ];
  const password = "correct horse battery";
  const made = await command(args("approver,officer"), `${password}\n`);
  assert.is(made.code, 0, made.output);
  assert.not.ok(made.output.includes(password));
  const login = await centre.operators.login("anna", password, "here");
  assert.ok(login.ok);
  assert.equal(login.value.operator.roles, ["approver", "officer"]);
  const weak = await command(args("approver"), "short\n");
  assert.is(weak.code, 1);
  assert.match(weak.output, /twelve characters/);
  assert.is((await command(args("king"), `${password}\n`)).code, 1);
});

run();
