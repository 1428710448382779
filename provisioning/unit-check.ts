import { err, type Fault, ok, parseJson, type Result } from "../drivers/kit/index.ts";
import { CRT591_MAGAZINES, type DeviceConfiguration } from "../drivers/registry/index.ts";
import { bundleFault } from "./bundle/faults.ts";
import { type UnitConfiguration, UnitConfigurationSchema } from "./unit-configuration.ts";

/** Reads `unit.json` as every process of a unit does, and whoever makes or takes a bundle with it before. */
export function parseConfiguration(text: string): Result<UnitConfiguration, Fault> {
  const parsed = parseJson(UnitConfigurationSchema, text, "unit.json");
  if (!parsed.ok) return parsed;
  const fault = contradiction(parsed.value);
  return fault ? err(fault) : ok(parsed.value);
}

/**
 * What a configuration says against itself, which no schema sees: one name for two things, one thing under two names, or
 * something that is not there. A slot with two places, or a place with two slots, gives somebody another person's item.
 */
export function contradiction({
  devices,
  slots,
}: Pick<UnitConfiguration, "devices" | "slots">): Fault | undefined {
  const wrong = (at: string, rule: string): Fault => bundleFault("contradictory", { at, rule });
  const roles = new Map<string, DeviceConfiguration>();
  const boards = new Set<number>();
  for (const [index, device] of devices.entries()) {
    if (roles.has(device.role)) return wrong(`/devices/${index}/role`, "twice");
    roles.set(device.role, device);
    if (device.driver !== "lock.kerong") continue;
    // Two roles for one board give its compartments two names; and of two boards on two ports whose plugs are exchanged
    // neither answers for the other as long as their addresses differ.
    if (!add(boards, device.board)) return wrong(`/devices/${index}/board`, "twice");
  }
  const names = new Set<string>();
  const places = new Set<string>();
  for (const [index, slot] of slots.entries()) {
    const at = `/slots/${index}`;
    if (!add(names, slot.slot)) return wrong(`${at}/slot`, "twice");
    const [kind, role, number] =
      "lock" in slot
        ? (["lock", slot.lock, slot.compartment] as const)
        : (["dispenser", slot.dispenser, slot.magazine] as const);
    const device = roles.get(role);
    if (!device?.driver.startsWith(`${kind}.`)) return wrong(`${at}/${kind}`, "noSuchDevice");
    const part = kind === "lock" ? "compartment" : "magazine";
    const known = compartmentsOf(device);
    if (known !== undefined && number >= known) return wrong(`${at}/${part}`, "noSuchPlace");
    if (!add(places, `${role} ${number}`)) return wrong(`${at}/${part}`, "twice");
  }
  return undefined;
}

/** How many compartments a lock or magazines a dispenser has; undefined for what is neither. */
function compartmentsOf(device: DeviceConfiguration): number | undefined {
  if (device.driver === "lock.kerong") return device.compartments;
  if (device.driver === "dispenser.crt591") return CRT591_MAGAZINES;
  return device.driver === "lock.gpio" ? device.compartments.length : undefined;
}

/** Answers whether it was not there yet. */
function add<T>(set: Set<T>, value: T): boolean {
  const before = set.size;
  return set.add(value).size > before;
}
