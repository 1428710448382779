import { statSync } from "node:fs";
import { NODE_RED } from "../../support/node-red.ts";
import { PORTS } from "../guest.ts";
import type { HilRig } from "../rig.ts";
import { type Scenario, until } from "../scenario.ts";

const SERVICES = ["core", "vault", "senses", "provisioner", "usb", "console"];
const BY = "by the guest's clock";

/** What systemd knows of a service: µs since the machine's start at which it was executed and was ready, and its group. */
async function service({ guest }: HilRig, name: string) {
  const keys = ["ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic", "ControlGroup"];
  const shown = await guest.sh(`systemctl show guichet-${name} ${keys.map((key) => `-p ${key}`).join(" ")}`);
  const values = new Map(shown.split("\n").map((line) => line.split("=", 2) as [string, string]));
  const [started = 0, ready = 0] = keys.slice(0, 2).map((key) => Number(values.get(key)));
  return { started, ready, group: values.get("ControlGroup") ?? "" };
}

/** Functions for bash of the guest: its clock in 1/100 s, a nap without a process, memory of processes in KiB. */
const TOOLS = `exec 9<> <(:)
nap() { read -rt 0.1 -u 9; }
clock() { read -r up _ < /proc/uptime; up=\${up/./}; }
pss() { for pid in "$@"; do cat /proc/$pid/smaps_rollup; done | awk '/^Pss:/ { sum += $2 } END { print sum }'; }`;

/** Time until Node-RED listens, and its memory 20 s later: both are started once before, so that neither waits for the disk. */
const PEER = `${TOOLS}
mkdir -p /opt/red && tar -xf /dev/vdb -C /opt/red
for turn in warm measured; do
  clock; began=$up
  node /opt/red/${NODE_RED} -p 1880 -u /opt/red/user > /dev/null 2>&1 & red=$!
  until (: <> /dev/tcp/127.0.0.1/1880) 2> /dev/null; do nap; done
  clock; took=$((up - began))
  sleep 20; memory=$(pss $red)
  kill $red; wait $red
done
echo $((took * 10)) $memory`;

/** The same of core, vault and senses, until the core says that it offers a service. */
const UNIT = `${TOOLS}
three="guichet-core guichet-vault guichet-senses"
offers() {
  exec 3<> /dev/tcp/127.0.0.1/${PORTS.screen} || return 1
  printf 'GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:${PORTS.screen}\r\n\r\n' >&3
  [[ "$(timeout 20 cat <&3)" == *'"offered":["'* ]]
}
systemctl stop $three
clock; began=$up
systemctl start --no-block $three
until offers 2> /dev/null; do nap; done
clock; took=$((up - began))
sleep 20
echo $((took * 10)) $(pss $(for one in $three; do cat /sys/fs/cgroup/$(systemctl show -p ControlGroup --value $one)/cgroup.procs; done))`;

/** What the machine's start cost, after the last one: times of a processor of one instruction a nanosecond, one core. */
export const scenario: Scenario = {
  name: "start and memory of the services",
  run: async (rig, note) => {
    const { guest } = rig;
    let total = 0;
    for (const name of SERVICES) {
      await until(`${name} is up`, async () => {
        const { started, ready } = await service(rig, name);
        return ready > started && started > 0;
      });
      const { started, ready, group } = await service(rig, name);
      note(`${name}, executed until ready, ${BY}`, Math.round((ready - started) / 1000), "ms");
      const processes = `cat /sys/fs/cgroup${group}/cgroup.procs`;
      const kib = await guest.sh(
        `for pid in $(${processes}); do cat /proc/$pid/smaps_rollup; done | awk '/^Pss:/ { sum += $2 } END { print sum }'`,
      );
      note(`${name}, memory (PSS)`, Math.round(Number(kib) / 102.4) / 10, "MiB");
      total += Number(kib);
    }
    note("all of them, memory (PSS)", Math.round(total / 102.4) / 10, "MiB");
    const { ready } = await service(rig, "core");
    note(`kernel started until the core was ready, ${BY}`, Math.round(ready / 100_000) / 10, "s");
    const [unitMs = 0, unitKib = 0] = (await guest.sh(UNIT)).split(" ").map(Number);
    const [peerMs = 0, peerKib = 0] = (await guest.sh(PEER)).split(" ").map(Number);
    const mib = (kib: number) => Math.round(kib / 102.4) / 10;
    note(`core, vault and senses executed until a service was offered, ${BY}`, unitMs, "ms");
    note(`Node-RED executed until it listens, ${BY}`, peerMs, "ms");
    note("the unit's time to Node-RED's", Math.round((unitMs / peerMs) * 100) / 100, "");
    note("core, vault and senses, memory (PSS)", mib(unitKib), "MiB");
    note("Node-RED, memory (PSS)", mib(peerKib), "MiB");
    note("the unit's memory to Node-RED's", Math.round((unitKib / peerKib) * 100) / 100, "");
    const slowest = (await guest.sh("systemd-analyze blame --no-pager | head -3")).split("\n");
    note("the three that took longest at the start", slowest.map((line) => line.trim()).join(", "), "");
    const chain = await guest.sh("systemd-analyze critical-chain --no-pager guichet.target");
    const costs = [...chain.matchAll(/([\w@.\\-]+\.\w+) @\S+ \+(\S+)/g)].map(
      ([, what, cost]) => `${what} ${cost}`,
    );
    note("the critical chain of guichet.target, and what each took", costs.join(" < "), "");
    const { blocks } = statSync(rig.image.disk);
    note("the disk's image", Math.round((blocks * 512) / 2 ** 20), "MiB");
    note(
      "the package, installed",
      Number(await guest.sh("dpkg --status guichet | sed -n 's/^Installed-Size: //p'")),
      "KiB",
    );
    note("the guest's file system, used", Number(await guest.sh("df -m --output=used / | tail -1")), "MiB");
  },
};
