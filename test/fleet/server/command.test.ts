import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { parseJson } from "../../../drivers/kit/index.ts";
import { makePki } from "../../../fleet/server/index.ts";
import { BootstrapSchema } from "../../../provisioning/claim.ts";
import { certificateRequest, wrongBootstrap, wrongCertificate } from "../../../provisioning/device/index.ts";
import { suite } from "../../kit.ts";
import { setUpCentre } from "../../support/centre.ts";

const { test, run } = suite("command");

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
  // A session that is open ends with the roles that it was opened with.
  const { token } = login.value;
  assert.is((await centre.operators.session(token))?.id, "anna");
  assert.is((await command(args("loader"), `${password}\n`)).code, 0);
  assert.is(await centre.operators.session(token), undefined);
  const weak = await command(args("approver"), "short\n");
  assert.is(weak.code, 1);
  assert.match(weak.output, /twelve characters/);
  assert.is((await command(args("king"), `${password}\n`)).code, 1);
});

test("the commands make what a board asks by, and certify what it asks for", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "guichet-command-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const units = await makePki(join(dir, "units"));
  const board = ["--device", "Board.7", "--url", "mqtts://broker:8884"];
  const made = await command(
    ["bootstrap", "--pki", join(dir, "claims"), "--ca", join(dir, "units", "ca.pem"), ...board],
    "",
  );
  assert.is(made.code, 0, made.output);
  const bootstrap = parseJson(BootstrapSchema, made.output, "bootstrap.json");
  assert.ok(bootstrap.ok && bootstrap.value.ca === units.ca);
  assert.is(wrongBootstrap(bootstrap.value, "Board.7"), undefined);
  assert.is(wrongBootstrap(bootstrap.value, "Board.8")?.code, "bundle.wrongCertificate");

  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const certified = await command(["certify", "--pki", units.dir], certificateRequest("kt-01", key));
  assert.is(certified.code, 0, certified.output);
  assert.is(wrongCertificate(certified.output, "kt-01", key), undefined);
  assert.is((await command(["certify", "--pki", units.dir], "nothing")).code, 1);
});

run();
