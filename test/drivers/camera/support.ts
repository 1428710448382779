import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "../../kit.ts";

/** A JPEG as far as markers go: a segment with a whole thumbnail in it, stuffed and restart bytes in the scan. */
export function picture(n: number): Buffer {
  const thumbnail = Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 0xff, 0xd9]);
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 2 + thumbnail.length]), thumbnail]);
  const scan = Buffer.from([0xff, 0xda, 0, 4, n & 255, n >> 8, 0xff, 0, 7, 0xff, 0xd3, n & 0x7f, 0xff, 0xd9]);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), segment, scan]);
}

const LIST =
  "Available cameras\n-----------------\n0 : imx708 [4608x2592 10-bit] (/base/a)\n1 : imx219 [x]\n";

/**
 * Camera programs of a test: shell scripts under the given prefix whose ways the test chooses with files beside them:
 * `list` (what is listed), `way` (hang, fail, nocamera), `pictures/N` (the next still), `film` (what a film is).
 */
export function programs(t: TestContext, prefix = "rpicam") {
  const folder = mkdtempSync(join(tmpdir(), "guichet-programs-"));
  const memory = mkdtempSync("/dev/shm/guichet-test-");
  t.after(() => {
    for (const pid of pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // gone, as it should be
      }
    }
    rmSync(folder, { recursive: true });
    rmSync(memory, { recursive: true });
  });
  const at = (name: string) => join(folder, name);
  const set = (name: string, text: string | Buffer) => writeFileSync(at(name), text);
  const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), "utf8") : "");
  const pids = () => read("pids").split(/\s+/).filter(Boolean).map(Number);
  const script = (name: string, body: string) => {
    set(name, `#!/bin/sh\nD='${folder}'\necho "$0 $*" >> "$D/calls"\n${body}`);
    chmodSync(at(name), 0o755);
  };
  mkdirSync(at("pictures"));
  for (let n = 1; n <= 5; n++) set(`pictures/${n}`, picture(n));
  set("list", LIST);
  set("way", "");
  const hang = 'sleep 600 & echo "$$ $!" >> "$D/pids"; wait';
  script(
    `${prefix}-still`,
    `case "$*" in *--list-cameras*) cat "$D/list"; exit 0;; esac
case "$(cat "$D/way")" in
hang) ${hang};;
fail) echo "ERROR: *** something broke ***" >&2; exit 255;;
nocamera) echo "ERROR: *** no cameras available ***" >&2; exit 255;;
esac
while [ $# -gt 0 ]; do [ "$1" = --output ] && OUT="$2"; shift; done
N=$(($(cat "$D/count" 2>/dev/null || echo 0) + 1)); echo $N > "$D/count"
cp "$D/pictures/$N" "$OUT"
`,
  );
  script(`${prefix}-vid`, `cat "$D/film"\n[ "$(cat "$D/way")" = ends ] && exit 0\n${hang}\n`);
  return { folder, memory, set, read, pids, path: [folder] };
}

/** Whether a process is there and not merely waiting to be reaped. */
export function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}
