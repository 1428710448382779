import type { AuxiliaryInput } from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";

/**
 * Inputs that forbid motion while they are active: a cabinet door, a tamper loop. One that cannot be read counts as
 * active.
 */
export class Interlocks {
  readonly #hosts: ReadonlyMap<string, DeviceHost<AuxiliaryInput>>;
  readonly #roles: readonly string[];

  constructor(hosts: ReadonlyMap<string, DeviceHost<AuxiliaryInput>>, roles: readonly string[]) {
    this.#hosts = hosts;
    this.#roles = roles;
  }

  /** Roles that forbid motion now. */
  async active(): Promise<string[]> {
    const states = await Promise.all(
      this.#roles.map(async (role) => [role, await this.isActive(role)] as const),
    );
    return states.filter(([, active]) => active).map(([role]) => role);
  }

  async isActive(role: string): Promise<boolean> {
    const host = this.#hosts.get(role);
    if (!host) return true;
    const read = await host.use("query", 1_000, (input) => input.read());
    return !read.ok || read.value === "active";
  }
}
