import { firstBrokenRow } from "../../drivers/store/index.ts";
import { itemHashOf } from "../../fleet/contract/index.ts";
import type { Compartment, Item } from "./cabinet.ts";
import type { World } from "./world.ts";

export type Kind = "release" | "load" | "unload";

/** One thing that is asked of the vault, as its judge sees it. */
export interface Operation {
  kind: Kind;
  item: Item;
  /** Where it happens; of a loading once a door has opened. */
  place: Compartment | undefined;
  voucher: string | undefined;
  /** Whether it was asked for with all that it needs, so that one motion is in order. */
  allowed: boolean;
  /** An interlock was active when it was asked for. */
  forbidden: boolean;
  motions: number;
  /** A sensor of its slot was made to lie: outcomes may then be wrong, motions may not. */
  sensorsLied: boolean;
  /** What the person before the door does. */
  person: { opens: boolean; acts: boolean; openMs: number; actMs: number; closeMs: number };
}

/** What must hold whatever happens, told from the plant and from what is durable, not from what the vault says. */
export class Judge {
  readonly violations: string[] = [];
  readonly #world: World;
  readonly #running = new Set<Operation>();
  #acknowledged = 0;

  constructor(world: World) {
    this.#world = world;
    world.onEnergise = (place) => this.#moves(place);
  }

  begin(operation: Operation): void {
    this.#running.add(operation);
  }

  /** From here on nothing may move for this operation. */
  end(operation: Operation): void {
    this.#running.delete(operation);
  }

  /** The operation that a door belongs to. */
  at(place: Compartment): Operation | undefined {
    return [...this.#running].find((operation) => operation.place === place);
  }

  violated(what: string): void {
    if (this.violations.length < 20)
      this.violations.push(`${what} (at ${Math.round(this.#world.scheduler.now)} ms)`);
  }

  #moves(place: Compartment): void {
    let operation = this.at(place);
    if (!operation) {
      operation = [...this.#running].find(
        ({ kind, place: none, allowed }) => kind === "load" && !none && allowed,
      );
      if (!operation) return this.violated(`slot ${place.slot} moved and nobody had asked`);
      if (place.item) this.violated(`wrong slot: ${place.slot} holds something and was opened for loading`);
      operation.place = place;
    }
    if (!operation.allowed) this.violated(`${operation.kind} moved slot ${place.slot} without permission`);
    if (operation.forbidden) this.violated(`slot ${place.slot} moved against an interlock`);
    operation.motions++;
    if (operation.motions > 1) this.violated(`second motion of slot ${place.slot} for one ${operation.kind}`);
    const issued = this.#rows("effects").find((row) => row.slot === place.slot && row.state === "ISSUED");
    if (!issued) return this.violated(`slot ${place.slot} moved and no ISSUED row says so`);
    const before = JSON.parse(String(issued.before)) as { latch?: string } | null;
    if (before?.latch !== "locked")
      this.violated(`slot ${place.slot} moved and nobody had seen it locked before`);
  }

  /** A person has taken something out of a slot. */
  handed(operation: Operation, item: Item): void {
    if (item.owner !== operation.item.owner)
      this.violated(`${item.owner}'s item was handed to ${operation.item.owner}`);
  }

  /** The outcome that the vault gave, against what lies where. */
  outcome(operation: Operation, outcome: string | undefined): void {
    const { kind, item, place, motions, sensorsLied, voucher } = operation;
    if (outcome === undefined && motions > 0)
      this.violated(`${kind} moved and the vault does not know of it`);
    if (voucher && motions > 0) {
      if (!this.#rows("consumed").some((row) => row.voucher === voucher))
        this.violated(`${kind} moved and its voucher is not used up`);
      const row = this.#rows("effects").find(
        (effect) => effect.voucher === voucher && effect.before !== null,
      );
      if (row?.state !== "DONE") this.violated(`${kind} moved and has no outcome`);
    }
    if (sensorsLied || !outcome) return;
    const inside = place !== undefined && place.item === item;
    const lies =
      (kind === "release" && outcome === "taken" && inside) ||
      (outcome === "notMoved" && kind !== "load" && !inside) ||
      (outcome === "presented" && motions === 0) ||
      (outcome === "stored" && !inside) ||
      (outcome === "empty" && kind === "unload" && inside) ||
      (outcome === "empty" && kind === "load" && place?.item !== undefined);
    if (lies) this.violated(`${kind} of ${item.code} is said to be ${outcome}, it is at ${item.place}`);
  }

  journalled(seq: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, seq);
  }

  /** After a cut: nothing that was told to anybody may be missing. */
  afterCut(): void {
    if (this.#rows("journal").length < this.#acknowledged)
      this.violated(`${this.#acknowledged - this.#rows("journal").length} journal rows were told and lost`);
  }

  /** With everything at rest: ledger and plant say the same of each slot, and nothing is open. */
  atRest(): void {
    for (const row of this.#rows("slots")) {
      const inside = this.#world.cabinet.at(String(row.slot)).item;
      const hash = inside ? itemHashOf(inside.code) : null;
      if (row.item_hash !== hash || (row.state === "loaded") !== (inside !== undefined))
        this.violated(
          `slot ${row.slot} is ${row.state} in the ledger and holds ${inside?.code ?? "nothing"}`,
        );
    }
    for (const row of this.#rows("effects"))
      if (row.state !== "DONE") this.violated(`effect in slot ${row.slot} is still ${row.state}`);
  }

  /** At the end of a world: what came in is what went out and what is there; the journal's chain is whole. */
  async balance(): Promise<void> {
    const effects = this.#rows("effects");
    const count = (kind: Kind, outcome: string) =>
      effects.filter((row) => row.kind === kind && row.outcome === outcome).length;
    const settled = this.#rows("journal").filter((row) => row.event === "slot.settled");
    const settledAs = (kinds: Kind[], findings: string[]) =>
      settled.filter((row) => {
        const { effect, outcome, itemHash } = JSON.parse(String(row.fields)) as Record<string, string>;
        const kind = effects.find((it) => it.effect === effect)?.kind as Kind | undefined;
        return kind && itemHash && kinds.includes(kind) && findings.includes(outcome ?? "");
      }).length;
    const came = count("load", "stored") + settledAs(["load"], ["notMoved"]);
    const went =
      count("release", "taken") +
      count("unload", "empty") +
      settledAs(["release", "unload"], ["taken", "removed"]);
    const issued = this.#rows("journal").filter((row) => String(row.event).endsWith(".issued")).length;
    if (effects.some((row) => row.before === null && row.outcome !== "notMoved"))
      this.violated("what was never issued is said to have moved, or not to be known");
    const sent = effects.filter((row) => row.before !== null).length;
    if (issued !== sent) this.violated(`${sent} effects were issued, the journal tells of ${issued}`);
    const there = this.#world.cabinet.places.filter((place) => place.item).length;
    if (came - went !== there) this.violated(`counts: ${came} came, ${went} went, ${there} are there`);
    const reader = { all: async (sql: string) => this.#world.disk.database.execute(sql, []).rows as never[] };
    const broken = await firstBrokenRow(reader);
    if (broken !== undefined) this.violated(`the journal's chain breaks at row ${broken}`);
  }

  #rows(table: string) {
    return this.#world.disk.database.rows(table);
  }
}
