import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openPanel } from "../../../../runtime/core/screen/panel.ts";
import { suite } from "../../../kit.ts";

const { test, run } = suite("what the core shares with the browser");

test("the token is the boot's: a core that is started anew admits the page that is there", (t) => {
  const state = mkdtempSync(join(tmpdir(), "guichet-panel-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  assert.is(openPanel(state), undefined, "nothing where the package has made no folder");
  mkdirSync(join(state, "run", "screen"), { recursive: true });
  // The umask of the core's service.
  const before = process.umask(0o077);
  t.after(() => void process.umask(before));
  const [first, other] = [openPanel(state), openPanel(state)];
  assert.ok(first && other && first.token !== other.token && first.token.length >= 32);
  first.serves(`http://127.0.0.1:8400/?t=${first.token}`);
  assert.is(openPanel(state)?.token, first.token);
  const address = join(state, "run", "screen", "address");
  assert.is(statSync(address).mode & 0o777, 0o640, "the browser's group reads it, and nobody else");
  assert.is(readFileSync(address, "utf8"), `http://127.0.0.1:8400/?t=${first.token}\n`);
  const painted = join(state, "run", "screen", "painted");
  assert.not(existsSync(painted));
  first.onPainted();
  utimesSync(painted, 1, 1);
  first.onPainted();
  assert.ok(statSync(painted).mtimeMs > 1_000_000);
});

run();
