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
    note(
      "the package, installed",
      Number(await guest.sh("dpkg --status guichet | sed -n 's/^Installed-Size: //p'")),
      "KiB",
    );
    note("the guest's file system, used", Number(await guest.sh("df -m --output=used / | tail -1")), "MiB");
  },
};
