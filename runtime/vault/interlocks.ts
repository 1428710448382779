import type { AuxiliaryInput } from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";
import type { Latches } from "./latches.ts";

/**
 * Inputs that forbid motion while they are active: a cabinet door, a tamper loop. One that cannot be read counts as
 * active, and so does a latched one until somebody has settled its alarm.
 */
export class Interlocks {
  readonly #hosts: ReadonlyMap<string, DeviceHost<AuxiliaryInput>>;
  readonly #roles: readonly string[];
  readonly #staffRoles: readonly string[];
  readonly #latches: Latches;

  /** @param serviceSwitch while it is on, staff may move something and the public may not */
  constructor(
    hosts: ReadonlyMap<string, DeviceHost<AuxiliaryInput>>,
    roles: readonly string[],
    latches: Latches,
    serviceSwitch?: string,
  ) {
    this.#latches = latches;
    this.#hosts = hosts;
    this.#roles = roles;
    this.#staffRoles = serviceSwitch && !roles.includes(serviceSwitch) ? [serviceSwitch] : [];
  }

  /** Roles that forbid every motion now. */
  active = (): Promise<string[]> => this.#activeOf(this.#roles);

  /** Roles that forbid handing out to the public now. */
  activeForPublic = (): Promise<string[]> => this.#activeOf([...this.#roles, ...this.#staffRoles]);

  async #activeOf(roles: readonly string[]): Promise<string[]> {
    const states = await Promise.all(roles.map(async (role) => [role, await this.#isActive(role)] as const));
    return states.filter(([, active]) => active).map(([role]) => role);
  }

  /** Whether an input is active now, its latch left aside; true when it cannot be read. */
  async activeNow(role: string): Promise<boolean> {
    return (await this.#read(role)) !== "inactive";
  }

  /** Undefined for one that cannot be read. */
  async #read(role: string): Promise<"active" | "inactive" | undefined> {
    const read = await this.#hosts.get(role)?.use("query", 1_000, (input) => input.read());
    return read?.ok ? read.value : undefined;
  }

  async #isActive(role: string): Promise<boolean> {
    const state = await this.#read(role);
    if (state === "active") await this.#latches.note(role);
    return state !== "inactive" || this.#latches.has(role);
  }
}
