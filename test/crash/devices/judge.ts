import { firstBrokenRow } from "../../../drivers/store/index.ts";
import { itemHashOf } from "../../../fleet/contract/index.ts";
import type { Rig } from "./rig.ts";
import { isDispenser, type State } from "./states.ts";
import { ROLE } from "./things.ts";
import { isTrue } from "./truth.ts";

export interface Stock {
  magazines?: { balanced: boolean; remaining: number; unknown: number; suspect?: string }[];
  bins?: { balanced: boolean; held: number }[];
}

/** What must hold after every cut and fault, told from the plant and from what is durable. */
export class DeviceJudge {
  readonly violations: string[] = [];
  readonly #rig: Rig;
  readonly #state: State;
  #acknowledged = 0;

  constructor(rig: Rig, state: State) {
    this.#rig = rig;
    this.#state = state;
  }

  violated(what: string): void {
    if (this.violations.length < 10)
      this.violations.push(`${what} (at ${Math.round(this.#rig.scheduler.now)} ms)`);
  }

  journalled(seq: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, seq);
  }

  /** After a cut: nothing that was told to anybody may be missing. */
  afterCut(): void {
    if (this.rows("journal").length < this.#acknowledged)
      this.violated("journal rows were told to somebody and lost");
  }

  /** A person has taken a card at the gate. */
  handed(code: string, expected: string): void {
    if (code !== expected) this.violated(`card ${code} was handed to the owner of ${expected}`);
  }

  /** Motions by the plant's count against what was issued, and what was issued against what paid for it. */
  motions(): void {
    const { plant, unit, device } = this.#rig;
    const effects = this.rows("effects");
    const issued = effects.filter((row) => row.before !== null);
    for (const row of issued) {
      const paid = row.voucher
        ? this.rows("consumed").some((used) => used.voucher === row.voucher && used.effect === row.effect)
        : row.exchange !== null || row.clears !== null;
      if (!paid) this.violated(`${row.kind} was issued and nothing has paid for it`);
    }
    if (!isDispenser(device)) {
      for (const [slot, count] of Object.entries(plant.motions())) {
        const allowed = issued.filter((row) => row.slot === slot).length;
        if (count > allowed) this.violated(`slot ${slot} moved ${count} times, ${allowed} were issued`);
      }
      return;
    }
    const motors = plant.cards.views()[0]?.motions;
    const rows = this.rows("motions");
    for (const [motion, motor] of MOTORS) {
      const allowed = rows.filter((row) => row.motion === motion).length;
      const turned = motors?.[motor] ?? 0;
      const asked = unit?.requests.filter((one) => isMotion(device, motion, one)).length ?? 0;
      if (asked > allowed)
        this.violated(`${motion} was sent ${asked} times to the unit, ${allowed} were issued`);
      // A model with a timer of its own retracts by itself what nobody takes.
      const own = device === "r02" && motor === "retract" ? 1 : 0;
      if (turned > allowed + own) this.violated(`${motor} turned ${turned} times, ${allowed} were issued`);
    }
    if (motors?.eject) this.violated("a card was thrown out");
  }

  /** What was said, against where things are. */
  outcome(said: string | undefined, item: string, lied: boolean): void {
    const { plant, device } = this.#rig;
    const moved = isDispenser(device)
      ? Object.values(plant.cards.views()[0]?.motions ?? {}).some((count) => count > 0)
      : Object.values(plant.motions()).some((count) => count > 0);
    if (said === undefined && moved && this.#state.job !== "clear")
      this.violated("it moved and the vault does not know of it");
    if (lied || said === undefined) return;
    const place = plant
      .ledgerOfItems()
      .find(({ code }) => code === item)
      ?.place.replace(`${ROLE}/`, "");
    const atGate = this.rows("effects").some((row) => row.left_at === "gate");
    if (!isTrue(said, { state: this.#state, place, moved, atGate }))
      this.violated(`it is said to be ${said}, it is at ${place}`);
  }

  /** With everything at rest: every count balances and says what the unit has counted, nothing is open. */
  async atRest(stock: Stock, lied: boolean): Promise<void> {
    const { plant, device } = this.#rig;
    for (const row of this.rows("effects"))
      if (row.state !== "DONE") this.violated(`an effect in slot ${row.slot} is still ${row.state}`);
    this.motions();
    if (isDispenser(device)) {
      const [magazine] = stock.magazines ?? [];
      const [bin] = stock.bins ?? [];
      if (!magazine?.balanced || !bin?.balanced) this.violated("the counts do not balance");
      const view = plant.cards.views()[0];
      const certain =
        !lied && magazine && magazine.unknown === 0 && !magazine.suspect && !this.#some("unknown");
      if (certain && bin?.held !== view?.counter)
        this.violated(`the ledger has ${bin?.held} in the bin, the unit has counted ${view?.counter}`);
      if (certain && magazine.remaining !== view?.magazine.length)
        this.violated(
          `the ledger has ${magazine.remaining} in the magazine, there are ${view?.magazine.length}`,
        );
    } else if (!lied) {
      for (const row of this.rows("slots")) {
        if (row.state === "unknown" || row.state === "presented") continue;
        const inside = plant.ledgerOfItems().find(({ place }) => place === row.slot);
        if (row.item_hash !== (inside ? itemHashOf(inside.code) : null))
          this.violated(
            `slot ${row.slot} is ${row.state} in the ledger and holds ${inside?.code ?? "nothing"}`,
          );
      }
    }
    const reader = {
      all: async (sql: string) => this.#rig.disk.database.execute(sql, []).rows as never[],
    };
    const broken = await firstBrokenRow(reader);
    if (broken !== undefined) this.violated(`the journal's chain breaks at row ${broken}`);
  }

  rows(table: string) {
    return this.#rig.disk.database.rows(table);
  }

  #some = (outcome: string): boolean => this.rows("effects").some((row) => row.outcome === outcome);
}

const MOTORS = [
  ["feed", "feed"],
  ["present", "present"],
  ["retract", "retract"],
  ["accept", "entry"],
] as const;

/** Opcodes of what moves, by the unit's manuals, written a second time on purpose. */
const OPCODES = {
  m001: { feed: [0x32, 0x32], present: [0x32, 0x30], retract: [0x32, 0x33], accept: [0x33, 0x30] },
  r02: { feed: [0x32, 0x34], present: [0x32, 0x30], retract: [0x32, 0x39], accept: [0x33, 0x32] },
} as const;

const isMotion = (
  device: "m001" | "r02",
  motion: keyof (typeof OPCODES)["m001"],
  { command, parameter }: { command: number; parameter: number },
): boolean => OPCODES[device][motion][0] === command && OPCODES[device][motion][1] === parameter;
