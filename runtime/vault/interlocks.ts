import type {
  AuxiliaryInput,
  DeviceStatus,
  Interlock,
  InterlockState,
} from "../../drivers/contract/index.ts";
import { type DeviceHost, InterlockBoard } from "../../drivers/host/index.ts";
import { type Result, shared } from "../../drivers/kit/index.ts";
import type { DeviceConfiguration } from "../../drivers/registry/index.ts";
import type { Latches } from "./latches.ts";

/** What forbids motion in this unit. What cannot be read forbids it too. */
export function declareInterlocks(
  devices: readonly DeviceConfiguration[],
  roles: readonly string[],
  serviceSwitch?: string,
): Interlock[] {
  const all = roles.map((name): Interlock => {
    const driver = devices.find(({ role }) => role === name)?.driver;
    const condition =
      driver === "sensor.ina226" ? "onBattery" : name.startsWith("door.") ? "doorOpen" : "tamper";
    return { name, condition, forbids: ["public", "staff"], forbidsUnknown: true };
  });
  // While it is on, staff may move something and the public may not.
  if (serviceSwitch && !roles.includes(serviceSwitch))
    all.push({ name: serviceSwitch, condition: "service", forbids: ["public"], forbidsUnknown: true });
  all.push({ name: "exchange", condition: "exchange", forbids: ["public"], forbidsUnknown: false });
  return all;
}

/**
 * Keeps the states of the interlocks for the layer, which asks for them right before a motion. Whoever decides on a motion
 * has the inputs read anew first: an edge may have been missed. A latched input is active until its alarm is settled.
 */
export class Interlocks {
  readonly board: InterlockBoard;
  readonly #latches: Latches;
  /** How often the state of an input was noted. */
  readonly #noted = new Map<string, number>();
  /** By role. Shared: so many questions at once that an input refuses some would make it unreadable, which forbids motion. */
  #reads: ReadonlyMap<string, () => Promise<Result<"active" | "inactive">>> = new Map();

  constructor(declared: readonly Interlock[], latches: Latches) {
    this.board = new InterlockBoard(declared);
    this.#latches = latches;
  }

  /**
   * Begins: the inputs by their roles were made beside what moves, which has the board already.
   * @param exchangeOpen whether staff have an exchange open
   */
  begin(hosts: ReadonlyMap<string, DeviceHost<AuxiliaryInput>>, exchangeOpen: () => boolean): void {
    const read = (host: DeviceHost<AuxiliaryInput>) =>
      shared(() => host.use("query", 1_000, (input) => input.read()));
    this.#reads = new Map([...hosts].map(([role, host]) => [role, read(host)]));
    this.board.follow("exchange", () => (exchangeOpen() ? "active" : "inactive"));
  }

  /** Roles that forbid every motion now. */
  async active(): Promise<string[]> {
    await this.#readAll();
    return this.board.forbidding("staff");
  }

  /** What forbids handing out to the public now. */
  async activeForPublic(): Promise<string[]> {
    await this.#readAll();
    return this.board.forbidding("public");
  }

  /** Whether an input is active now, its latch left aside; true when it cannot be read. */
  async activeNow(role: string): Promise<boolean> {
    return (await this.#read(role)) !== "inactive";
  }

  /** Whether an input is seen active now; false when it cannot be read. */
  async seenActive(role: string): Promise<boolean> {
    return (await this.#read(role)) === "active";
  }

  /** An input was seen in this state. Durable or not, an alarm binds at once. */
  note(role: string, state: InterlockState): void {
    this.#noted.set(role, (this.#noted.get(role) ?? 0) + 1);
    // A ledger that cannot write an alarm down has died, which ends the process.
    if (state === "active") this.#latches.note(role).catch(() => undefined);
    if (this.#declares(role)) this.board.set(role, this.#latches.has(role) ? "active" : state);
  }

  /** Of an input that is not there nothing is known. */
  noteStatus({ role, lifecycle }: DeviceStatus): void {
    if (lifecycle !== "ready" && lifecycle !== "busy" && this.#reads.has(role)) this.note(role, "unknown");
  }

  #declares = (role: string): boolean => this.board.declared.some(({ name }) => name === role);

  async #readAll(): Promise<void> {
    await Promise.all(
      this.board.declared.map(async ({ name, condition }) => {
        if (condition === "exchange") return;
        const noted = this.#noted.get(name);
        const state = (await this.#read(name)) ?? "unknown";
        if (state === "active") await this.#latches.note(name);
        // What came by itself meanwhile is newer.
        if (this.#noted.get(name) === noted) this.note(name, state);
      }),
    );
  }

  /** Undefined for one that cannot be read. */
  async #read(role: string): Promise<"active" | "inactive" | undefined> {
    const read = await this.#reads.get(role)?.();
    return read?.ok ? read.value : undefined;
  }
}
