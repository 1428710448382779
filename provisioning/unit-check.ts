import { err, type Fault, ok, parseJson, type Result } from "../drivers/kit/index.ts";
import { CRT591_MAGAZINES, type DeviceConfiguration, processOf } from "../drivers/registry/index.ts";
import type { Board } from "./board.ts";
import { bundleFault } from "./bundle/faults.ts";
import { type UnitConfiguration, UnitConfigurationSchema } from "./unit-configuration.ts";
import { sharedWire } from "./unit-wires.ts";

/**
 * Reads `unit.json` as every process of a unit does, and whoever makes or takes a bundle with it before.
 * @param board the one that it is for, where that is known
 */
export function parseConfiguration(text: string, board?: Board): Result<UnitConfiguration, Fault> {
  const parsed = parseJson(UnitConfigurationSchema, text, "unit.json");
  if (!parsed.ok) return parsed;
  const fault = contradiction(parsed.value, board);
  return fault ? err(fault) : ok(parsed.value);
}

type Named = Pick<UnitConfiguration, "devices" | "slots" | "interlocks" | "serviceSwitch">;

/**
 * What a configuration says against itself, which no schema sees: one name for two things, one thing under two names, or
 * something that is not there. A slot with two places, or a place with two slots, gives somebody another person's item.
 */
export function contradiction(
  { devices, slots, interlocks, serviceSwitch }: Named,
  board?: Board,
): Fault | undefined {
  const wrong = (at: string, rule: string): Fault => bundleFault("contradictory", { at, rule });
  const roles = new Map<string, DeviceConfiguration>();
  for (const [index, device] of devices.entries()) {
    if (roles.has(device.role)) return wrong(`/devices/${index}/role`, "twice");
    roles.set(device.role, device);
  }
  const clash = sharedWire(devices, board);
  if (clash) return bundleFault("contradictory", { ...clash, rule: "twice" });
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
    if ("light" in slot && slot.light !== undefined && !isLight(roles.get(slot.light)))
      return wrong(`${at}/light`, "noSuchDevice");
  }
  // Of one that is not there nothing is ever known, which forbids every motion, and says nothing of the door.
  for (const [index, role] of interlocks.entries())
    if (!isGuard(roles.get(role))) return wrong(`/interlocks/${index}`, "noSuchDevice");
  if (serviceSwitch !== undefined && !isContact(roles.get(serviceSwitch)))
    return wrong("/serviceSwitch", "noSuchDevice");
  return undefined;
}

type Maybe = DeviceConfiguration | undefined;
const isLight = (device: Maybe): boolean => device?.driver.startsWith("indicator.") === true;
const isContact = (device: Maybe): boolean => device?.driver.startsWith("auxiliary.") === true;
/** What the vault takes for an input: a contact, or a sensor that it reads itself. */
const isGuard = (device: Maybe): boolean =>
  isContact(device) || (device?.driver.startsWith("sensor.") === true && processOf(device) === "vault");

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
