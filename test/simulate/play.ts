import { itemHashOf } from "../../fleet/contract/index.ts";
import type { Handover } from "../../runtime/ipc/messages.ts";
import type { Compartment, Item } from "./cabinet.ts";
import { FAULTS } from "./faults.ts";
import { Intruder, type Request } from "./intruder.ts";
import { Judge, type Kind, type Operation } from "./judge.ts";
import { FAULT_NAMES, type FaultName, STEPS } from "./names.ts";
import { World } from "./world.ts";

export interface Tally {
  operations: Record<string, number>;
  outcomes: Record<string, number>;
  /** `kind step fault`, how often it happened. */
  cells: Record<string, number>;
  refused: number;
  starts: number;
  virtualMs: number;
}

const ITEMS = 10;
const add = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

/** A day at one unit: items are loaded, handed out and taken back, and at one step of each something goes wrong. */
export class Play {
  readonly world: World;
  readonly judge: Judge;
  readonly intruder: Intruder;
  readonly tally: Tally = { operations: {}, outcomes: {}, cells: {}, refused: 0, starts: 0, virtualMs: 0 };
  /** The next start is cut short after this time, ms. */
  cutAgainAfter: number | undefined;
  readonly #trace: ((what: string) => void) | undefined;
  readonly #items: Item[];
  readonly #random: () => number;
  #plan: { step: string; fault: FaultName }[] = [];
  #current: Operation | undefined;
  #restarting = false;
  #up: Promise<void> = Promise.resolve();
  #tellUp: (() => void) | undefined;
  #meanwhile: Promise<void>[] = [];
  #waiting = new Map<string, (event: Record<string, unknown>) => void>();
  #number = 0;
  #last = "none";
  #lied = false;

  /** @param trace told of everything that happens, for whoever looks into one seed */
  constructor(seed: number, trace?: (line: string) => void) {
    if (trace) this.#trace = (what) => trace(`${this.world.scheduler.now.toFixed(0).padStart(9)} ${what}`);
    this.world = new World(seed);
    this.judge = new Judge(this.world);
    this.#random = this.world.random;
    this.#items = Array.from({ length: ITEMS }, (_, i) => ({
      code: `ITEM-${i + 1}`,
      owner: `person-${i + 1}`,
      place: "out",
    }));
    this.intruder = new Intruder(this.world, this.judge, this.#items, () => ++this.#number);
    this.world.onStep = (step) => this.#step(this.#restarting ? `restart-${step}` : step);
    this.world.onExit = () => this.cut(200);
    this.world.onOpen = (place) => void this.#person(place);
    this.world.onEvent = ({ name, body }) => {
      if (name === "handover" || name === "exchange") this.#trace?.(`${name} ${JSON.stringify(body)}`);
      if (name === "journal") this.judge.journalled(Number(body.seq));
      if (name === "handover" && body.phase === "done") this.#tell(`done ${body.slot}`, body);
      if (name === "exchange" && ENDS.has(String(body.phase))) this.#tell(`done ${body.slot}`, body);
    };
  }

  /** Plays `count` operations and judges; throws what is no violation but a defect of the simulation or the vault. */
  async run(count: number): Promise<void> {
    await this.#start();
    await this.#rest();
    for (let i = 0; i < count && this.judge.violations.length === 0; i++) {
      const quiet = await this.#operation();
      if (quiet) this.judge.atRest();
      else await this.#rest();
    }
    await this.judge.balance();
    this.tally.starts = this.world.starts;
    this.tally.virtualMs = this.world.scheduler.now;
  }

  /** Where it stands, for whoever reads of a failure. */
  describe(): string {
    const { kind, item, motions } = this.#current ?? { kind: "nothing", item: { code: "-" }, motions: 0 };
    return `operation ${Object.values(this.tally.operations).reduce((a, b) => a + b, 0)}, ${kind} of ${item.code}, ${motions} motions, last fault: ${this.#last}`;
  }

  /** Takes the vault's power for a while. */
  cut(ms: number): void {
    if (!this.world.alive) return;
    this.world.kill();
    this.#down(ms);
  }

  #down(ms: number): void {
    this.intruder.exchange = undefined;
    this.judge.afterCut();
    this.#restarting = true;
    if (!this.#tellUp)
      this.#up = new Promise((resolve) => {
        this.#tellUp = resolve;
      });
    this.world.scheduler.after(ms, this.world.life, () => void this.#start());
  }

  /** Starts the vault and waits until it is ready; it may be cut again before. */
  async #start(): Promise<void> {
    this.#restarting = this.world.starts > 0;
    this.#step("restart-boot");
    const again = this.cutAgainAfter;
    this.cutAgainAfter = undefined;
    const booted = this.world.boot();
    if (again !== undefined)
      this.world.scheduler.after(again, this.world.life, () => {
        if (this.#restarting) this.cut(300);
      });
    await booted;
    for (;;) {
      if (!this.world.alive) return;
      const status = await this.world.call<Status>("status", {});
      if (!status) return;
      if (status.ok && status.value.ready) break;
      await this.world.sleep(200);
    }
    this.#restarting = false;
    this.#tellUp?.();
    this.#tellUp = undefined;
  }

  async #ready(): Promise<void> {
    while (!this.world.alive || this.#restarting) await this.#up;
  }

  #step(step: string): void {
    this.#trace?.(step);
    const operation = this.#current;
    const next = this.#plan[0];
    if (!operation || !next || next.step !== step) return;
    this.#plan.shift();
    this.#last = `${operation.kind} ${step} ${next.fault}`;
    add(this.tally.cells, this.#last);
    this.#trace?.(`--- ${next.fault}`);
    FAULTS[next.fault](this, operation);
  }

  #tell(key: string, event: Record<string, unknown>): void {
    const tell = this.#waiting.get(key);
    this.#waiting.delete(key);
    tell?.(event);
  }

  #done(slot: string): Promise<Record<string, unknown> | undefined> {
    return this.world.orDeath(new Promise((resolve) => this.#waiting.set(`done ${slot}`, resolve)));
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  /** What goes wrong in the next operation: nothing in one of eight, otherwise one fault at one step. */
  #planNext(): void {
    this.#plan = [];
    if (this.#random() < 0.125) return;
    const step = this.#pick(STEPS);
    const fault = this.#pick(FAULT_NAMES);
    if (step === "not-opened") this.#plan.push({ step: "before-intent", fault: "boltJams" });
    if (step.startsWith("restart")) this.#plan.push({ step: this.#pick(LATE_STEPS), fault: "vaultCut" });
    this.#plan.push({ step, fault });
  }

  /** Answers whether nothing went wrong, so that nothing has to be put right. */
  async #operation(): Promise<boolean> {
    const inside = this.#items.filter((item) => item.place !== "out");
    const outside = this.#items.filter((item) => item.place === "out");
    const free = this.world.cabinet.places.length - inside.length;
    const draw = this.#random();
    const kind: Kind =
      inside.length === 0 || (draw < 0.42 && free > 1) ? "load" : draw < 0.9 ? "release" : "unload";
    const item = this.#pick(kind === "load" ? outside : inside);
    this.#planNext();
    const operation = this.#make(kind, item);
    this.#current = operation;
    add(this.tally.operations, kind);
    this.judge.begin(operation);
    const planned = this.#plan.length > 0;
    this.#trace?.(`=== ${kind} ${item.code} ${item.place} ${JSON.stringify(this.#plan)}`);
    this.#step("ask");
    operation.forbidden = this.world.interlock === 1;
    const outcome = kind === "release" ? await this.#release(operation) : await this.#staff(operation);
    this.#plan = [];
    this.#trace?.(`outcome ${outcome}`);
    this.judge.outcome(operation, outcome);
    if (!outcome) this.tally.refused++;
    add(this.tally.outcomes, `${planned ? "" : "clean "}${kind} ${outcome ?? "refused"}`);
    if (!planned && outcome !== this.#clean(kind))
      this.judge.violated(`a clean ${kind} ended ${outcome ?? "refused"}`);
    await Promise.all(this.#meanwhile.splice(0));
    this.#lied = operation.sensorsLied;
    this.judge.end(operation);
    this.#current = undefined;
    return !planned && !operation.sensorsLied;
  }

  /** What a thing comes to when nothing goes wrong. */
  #clean(kind: Kind): string {
    return kind === "release" && !this.world.itemSensors ? "presented" : CLEAN[kind];
  }

  #make(
    kind: Kind,
    item: Item,
    place = item.place === "out" ? undefined : this.world.cabinet.at(item.place),
  ): Operation {
    const r = this.#random;
    // Most people are quick here, for the sake of the number of hand-overs; some take their time.
    const pace = r() < 0.85 ? 250 : 1_000;
    return {
      kind,
      item,
      place,
      voucher: undefined,
      allowed: false,
      motions: 0,
      sensorsLied: !this.world.itemSensors, // what is not sensed is not known
      forbidden: false,
      person: {
        opens: true,
        acts: true,
        openMs: 50 + r() * pace,
        // No hand is out of a slot again, and its door closed, between two looks of the vault (120 ms and their answers).
        actMs: 150 + r() * pace,
        closeMs: 150 + r() * pace,
      },
    };
  }

  /** Stands before the door that opens: pulls, takes or puts, and closes. */
  async #person(place: Compartment): Promise<void> {
    const operation = this.judge.at(place);
    if (!operation) return;
    const { cabinet } = this.world;
    const { person, kind, item } = operation;
    // Whoever waited too long is asked to leave.
    const gone = () => this.judge.at(place) !== operation;
    await this.world.sleep(person.openMs);
    if (!person.opens || place.bolt !== "open" || gone()) return;
    cabinet.open(place);
    if (operation === this.#current) this.#step("door-opened");
    await this.world.sleep(person.actMs);
    if (gone()) return;
    if (person.acts && place.door === "open") {
      if (kind === "load" && !place.item && item.place === "out") cabinet.put(place, item);
      else if (kind !== "load" && place.item) {
        const taken = cabinet.take(place);
        if (kind === "release") this.judge.handed(operation, taken);
      }
    }
    if (operation === this.#current) this.#step("hand-in");
    await this.world.sleep(person.closeMs);
    if (gone()) return;
    if (place.door === "open") cabinet.close(place);
    if (operation === this.#current) this.#step("door-closed");
  }

  /** Hands one item out; answers the outcome, or undefined when nothing was accepted. */
  async #release(operation: Operation): Promise<string | undefined> {
    const { item } = operation;
    if (operation === this.#current) {
      await this.#closeExchange();
      if (this.#random() < 0.1)
        await this.intruder[this.#pick(["foreign", "expired", "forged"] as const)](operation);
    }
    const number = ++this.#number;
    const voucher = this.world.papers.voucher(item.code, number);
    operation.voucher = voucher.id;
    const begun = await this.world.call<{ challenge: string; slot: string }>("collect.begin", {
      voucher: voucher.jws,
    });
    if (!begun?.ok) return undefined;
    const { challenge, slot } = begun.value;
    if (slot !== item.place) this.judge.violated(`wrong slot: ${slot} for what lies in ${item.place}`);
    const request: Request = {
      command: `command-${number}`,
      voucher: voucher.jws,
      challenge,
      attestation: this.world.papers.attest(voucher.jws, challenge),
    };
    if (operation === this.#current) this.intruder.request = request;
    operation.allowed = true;
    const done = this.#done(item.place);
    const accepted = await this.world.call<Handover>("collect.release", request);
    if (accepted && !accepted.ok) return this.#stored(operation, request.command);
    const end = accepted && (await done);
    const outcome = end ? String(end.outcome) : await this.#stored(operation, request.command);
    if (this.#random() < 0.25) await this.#askAfterwards(operation, request, outcome);
    return outcome;
  }

  /** The outcome that the vault keeps for a command, once it is there. */
  async #stored(operation: Operation, command: string): Promise<string | undefined> {
    for (;;) {
      await this.#ready();
      const answer = await this.world.call<{ handover?: Handover }>("collect.outcome", { command });
      if (!answer) continue;
      if (!answer.ok) throw answer.error;
      const { handover } = answer.value;
      if (!handover) return undefined;
      if (handover.phase === "done") return handover.outcome;
      if (handover.slot !== operation.place?.slot)
        this.judge.violated(`wrong slot in the answer: ${handover.slot}`);
      await this.world.sleep(500);
    }
  }

  /** The same command again gets the stored answer; a used voucher opens nothing. */
  async #askAfterwards(operation: Operation, request: Request, outcome: string | undefined): Promise<void> {
    await this.#ready();
    const answer = await this.world.call<Handover>("collect.release", request);
    if (outcome && answer?.ok && answer.value.outcome !== outcome && answer.value.outcome !== "taken")
      this.judge.violated(`the stored outcome ${outcome} became ${answer.value.outcome}`);
    if (outcome && answer && !answer.ok)
      this.judge.violated(`a known command was refused: ${answer.error.code}`);
    if (operation.motions === 0) return;
    const again = await this.world.call("collect.begin", { voucher: request.voucher });
    if (again?.ok) this.judge.violated("a used voucher was taken");
  }

  /** Loads or unloads one item within an exchange. */
  async #staff(operation: Operation): Promise<string | undefined> {
    const exchange = await this.#openExchange();
    if (!exchange) return undefined;
    const { papers, disk } = this.world;
    const { kind, item } = operation;
    if (this.#random() < 0.1)
      await this.intruder.misload(operation, this.#pick(["scan", "foreign", "twice"] as const));
    operation.allowed = true;
    const known = disk.database.rows("effects").length;
    const body =
      kind === "load"
        ? { exchange, item: item.code, assignment: papers.assignment(item.code) }
        : { exchange, slot: operation.place?.slot };
    const accepted = await this.world.call<{ slot: string }>(`exchange.${kind}`, body);
    const slot = accepted?.ok ? accepted.value.slot : undefined;
    if (slot && operation.place && operation.place.slot !== slot)
      this.judge.violated(`wrong slot: ${slot} instead of ${operation.place.slot}`);
    if (slot) await this.#done(slot);
    await this.#ready();
    // Staff see the slots; what became of it is in the ledger.
    const rows = disk.database.rows("effects").slice(known);
    const row = rows.find(({ kind: its, item_hash }) => its === kind && item_hash === itemHashOf(item.code));
    return row ? String(row.outcome) : undefined;
  }

  async #openExchange(): Promise<string | undefined> {
    if (this.intruder.exchange) return this.intruder.exchange;
    const { papers } = this.world;
    const credentials = [papers.credential("anna"), papers.credential("bert")];
    const begun = await this.world.call<{ exchange: string }>("exchange.begin", { credentials });
    if (begun?.ok) this.intruder.exchange = begun.value.exchange;
    return this.intruder.exchange;
  }

  async #closeExchange(): Promise<void> {
    if (this.intruder.exchange) await this.world.call("exchange.end", { exchange: this.intruder.exchange });
    this.intruder.exchange = undefined;
  }

  /** Everything is repaired and found out by an officer; then ledger and plant have to agree. */
  async #rest(): Promise<void> {
    const { world } = this;
    world.wire.heal();
    world.cabinet.powered = true;
    world.disk.syncMs = 2;
    world.interlock = 0;
    if (world.clockError !== 0) {
      // A vault that began with a wrong clock trusts papers of that time only.
      world.setClock(world.clockError);
      this.cut(100);
    }
    for (const place of world.cabinet.places) {
      place.jammed = false;
      place.itemSensor = "ok";
      place.latchSensor = "ok";
    }
    if (world.disk.breakNext) world.disk.breakNext = false;
    await this.#ready();
    for (const place of world.cabinet.places) if (place.bolt === "open") world.cabinet.close(place);
    await this.#closeExchange();
    for (let tries = 0; ; tries++) {
      await this.#ready();
      const status = await world.call<Status>("status", {});
      if (!status?.ok) continue;
      // What is being asked just now may be about to find that something was wrong with an earlier answer.
      const rested = status.value.devices.every(({ lifecycle }) => lifecycle === "ready");
      const waits = status.value.slots.filter(({ state }) => state === "unknown" || state === "presented");
      if (rested && waits.length === 0 && status.value.interlocks.length === 0) break;
      if (tries > 200) return this.judge.violated("the unit does not come to rest");
      if (rested && waits[0] && this.#random() < 0.3) await this.intruder.unsettled(waits[0].slot);
      if (rested) for (const slot of waits) await this.#settle(slot.slot, slot.effect ?? "");
      if (!rested || status.value.interlocks.length > 0) await world.sleep(250);
    }
    if (this.#lied) await this.#reconcile();
    this.#lied = false;
    this.judge.atRest();
  }

  /** After a sensor has lied, staff compare every slot with the list and put right what it made them believe. */
  async #reconcile(): Promise<void> {
    const { cabinet, disk } = this.world;
    for (const row of [...disk.database.rows("slots")]) {
      const place = cabinet.at(String(row.slot));
      if (row.state === "empty" && place.item) cabinet.remove(place);
      if (row.state !== "loaded" || place.item) continue;
      const item = this.#items.find(({ code }) => itemHashOf(code) === row.item_hash);
      if (!item) throw new TypeError("the ledger names an item that nobody has made");
      const operation = this.#make("unload", item, place);
      this.judge.begin(operation);
      await this.#staff(operation);
      this.judge.end(operation);
      await this.#closeExchange();
    }
  }

  async #settle(slot: string, effect: string): Promise<void> {
    const finding = this.world.cabinet.at(slot).item ? "notMoved" : "taken";
    await this.world.call("settle", { settlement: this.world.papers.settlement(slot, effect, finding) });
  }

  // What happens beside an operation.

  meanwhile(job: () => Promise<void>): void {
    this.#meanwhile.push(this.world.sleep(0).then(job));
  }

  /** A second person at another slot, at the same time. */
  async handOverBeside(operation: Operation): Promise<void> {
    const others = this.#items.filter(({ place }) => place !== "out" && place !== operation.item.place);
    if (others.length === 0 || operation.kind === "load") return;
    const beside = this.#make("release", this.#pick(others));
    this.judge.begin(beside);
    const outcome = await this.#release(beside);
    this.judge.outcome(beside, outcome);
    this.judge.end(beside);
    if (outcome) add(this.tally.operations, "release");
  }
}

interface Status {
  ready: boolean;
  devices: { role: string; lifecycle: string }[];
  slots: { slot: string; state: string; effect?: string }[];
  interlocks: string[];
}

const ENDS = new Set(["stored", "empty", "presented", "unknown"]);
const CLEAN: Record<Kind, string> = { release: "taken", load: "stored", unload: "empty" };
/** Steps after which a cut leaves something to be settled at the next start. */
const LATE_STEPS = STEPS.slice(2, STEPS.indexOf("commit-outcome")).filter((step) => step !== "not-opened");
