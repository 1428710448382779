import type { DeviceConfiguration } from "../../drivers/registry/index.ts";
import type { Statements } from "../../drivers/store/index.ts";
import type { EffectRow, SlotRow } from "./ledger-schema.ts";

/** A door, by what opens it: the same one has the same place, whatever its slot, lock or port are called. */
export interface Place {
  device: string | null;
  compartment: number | null;
}

/** Where the configuration says that a slot is. */
export interface PinnedPlace {
  slot: string;
  /** `kerong/<address>`, or `gpio/<chip>/<offset>` of the coil. */
  device: string;
  /** Of a board; a coil has one door. */
  compartment: number;
}

/** Where nothing is: of a slot whose place another one has taken, or that has no place any more. */
export const NOWHERE = { device: "", compartment: -1 };

/** Whether two places are one door. */
export const isSame = (one: Place, other: Place): boolean =>
  one.device === other.device && one.compartment === other.compartment;

/** Where a slot was said to be when it was last looked at. */
export const lastSaid = (row: SlotRow): Place =>
  row.to_device === null ? row : { device: row.to_device, compartment: row.to_compartment };

/** Where its item may lie. */
export const claims = (row: SlotRow): Place[] => [row, lastSaid(row)];

/** Whether the items of two slots may lie behind one door. */
export const meet = (one: SlotRow, other: SlotRow): boolean =>
  claims(one).some((at) => at.device && claims(other).some((place) => isSame(at, place)));

/** The place of a compartment: by its board's address, which is unique in a unit, and number, or by its coil. */
export function placeOf(
  { slot, lock, compartment }: { slot: string; lock: string; compartment: number },
  devices: readonly DeviceConfiguration[],
): PinnedPlace {
  const device = devices.find(({ role }) => role === lock);
  if (device?.driver === "lock.kerong") return { slot, device: `kerong/${device.board}`, compartment };
  const coil = device?.driver === "lock.gpio" ? device.compartments[compartment]?.coil : undefined;
  if (coil) return { slot, device: `gpio/${coil.chip}/${coil.offset}`, compartment: 0 };
  return { slot, device: lock, compartment };
}

/** Such as `lock.main/0` and `lock.main/gpiochip0/17`, as places were written before. */
const WITH_ROLE = /^([a-z]+(?:\.[a-z0-9]+)+)\/(.+)$/s;
/** No place of any configuration, so that the slot comes in doubt when one names it. */
export const UNSURE = "twice";

/**
 * Gives places that were written down with the role of their lock the form without it. A coil is one door. An address is
 * one board, unless the ledger has it under two roles: those may have been boards on two ports, and a slot of theirs that
 * was in no doubt comes in doubt.
 */
export async function convertPlaces(t: Statements): Promise<void> {
  const rows = await t.all<SlotRow>(
    "SELECT * FROM slots WHERE device IS NOT NULL OR to_device IS NOT NULL ORDER BY slot",
  );
  const open = await t.all<EffectRow>("SELECT * FROM effects WHERE state = 'ISSUED'");
  const roles = new Map<string, Set<string>>();
  const read = (text: string | null) => {
    const [, role, address] = WITH_ROLE.exec(text ?? "") ?? [];
    if (role === undefined || address === undefined) return undefined;
    return { role, place: /^[0-9]$/.test(address) ? `kerong/${address}` : `gpio/${address}` };
  };
  for (const old of rows.flatMap((row) => [read(row.device), read(row.to_device)]))
    if (old) roles.set(old.place, (roles.get(old.place) ?? new Set()).add(old.role));
  const isUnsure = (place: string | undefined) =>
    place?.startsWith("kerong/") === true && (roles.get(place)?.size ?? 0) > 1;
  for (const row of rows) {
    const [at, to] = [read(row.device)?.place, read(row.to_device)?.place];
    if (!at && !to) continue;
    const holds = row.state !== "empty" || open.some(({ slot }) => slot === row.slot);
    const unsure = holds && row.to_device === null && isUnsure(at);
    await t.run(
      "UPDATE slots SET device = ?, compartment = ?, to_device = ?, to_compartment = ? WHERE slot = ?",
      at ?? row.device,
      at?.startsWith("gpio/") ? 0 : row.compartment,
      unsure ? UNSURE : (to ?? row.to_device),
      unsure ? NOWHERE.compartment : to?.startsWith("gpio/") ? 0 : row.to_compartment,
      row.slot,
    );
  }
}
