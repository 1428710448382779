import { itemHashOf } from "../../../fleet/contract/index.ts";
import type { Handover } from "../../../runtime/ipc/messages.ts";
import { faultsOf, heal } from "./faults.ts";
import { DeviceJudge, type Stock } from "./judge.ts";
import { Person } from "./person.ts";
import { Rig } from "./rig.ts";
import { cleanEnd, isDispenser, type State, type Victim } from "./states.ts";
import { CARDS, expectedCard, ITEM, MAGAZINE, OLD_CARD, ROLE } from "./things.ts";

export interface Plan extends State {
  /** Step at which it happens; without one, see `atMs`. */
  step?: string;
  /** Time from the request at which it happens instead, ms. */
  atMs?: number;
  victim: Victim;
  fault: string;
  seed: number;
}

export interface Done {
  violations: string[];
  /** Outcome and modifier; undefined when nothing was accepted. */
  outcome: string | undefined;
  /** Whether the step came, and the fault met anything. */
  reached: boolean;
  met: boolean;
  /** Steps in the order of their first coming. */
  steps: string[];
  /** Time from the request to the outcome, ms. */
  tookMs: number;
}

const OFTEN = 900;
/** Seconds to come to rest: the vault tries to clear a path again after 60, and then is at it. */
const REST_TRIES = 90;

/** One thing that is asked of a vault with one device, with one thing that goes wrong at one step. */
export class Run {
  readonly rig: Rig;
  readonly #plan: Plan;
  readonly #judge: DeviceJudge;
  readonly #steps = new Set<string>();
  readonly #trace: (what: string) => void;
  #phase: "before" | "during" | "after" = "before";
  #reached = false;
  #met: () => boolean = () => true;
  #coreAlive = true;
  readonly #coreWaits = new Set<() => void>();
  #setUpCut: string | undefined;
  #began = 0;

  constructor(plan: Plan, trace?: (line: string) => void) {
    this.#plan = plan;
    this.rig = new Rig(plan.device, plan.seed);
    this.#judge = new DeviceJudge(this.rig, plan);
    const { rig } = this;
    this.#trace = (what) => trace?.(`${rig.scheduler.now.toFixed(0).padStart(7)} ${what}`);
    if (trace) rig.plant.onEvent(({ about, what }) => this.#trace(`  ${about}: ${what}`));
    rig.onStep = (step) => this.#step(step);
    rig.vault.onExit = () => this.#cutVault(200);
    rig.vault.onEvent = (name, body) => {
      if (name === "journal") this.#judge.journalled(Number(body.seq));
      if (name === "handover" || name === "exchange") this.#trace(`${name} ${JSON.stringify(body)}`);
    };
  }

  async play(): Promise<Done> {
    const { rig } = this;
    const { device, job } = this.#plan;
    await rig.vault.boot();
    await this.#ready();
    await this.#prepare();
    new Person(
      rig,
      this.#plan,
      (step) => this.#step(step),
      (code, expected) => this.#judge.handed(code, expected),
    );
    this.#phase = "during";
    if (!this.#setUpCut) this.#begins();
    this.#step("ask");
    const said = job === "load" || job === "unload" ? await this.#staff() : await this.#collect();
    const tookMs = rig.scheduler.now - this.#began;
    this.#phase = "after";
    this.#trace(`outcome ${said.outcome}`);
    const lied = faultsOf(device)[this.#plan.fault]?.lies === true && this.#reached;
    const item = expectedCard(this.#plan) ?? ITEM;
    // What is being cleared out of the path just now is judged when it rests.
    const quiet = this.#judge.rows("effects").every(({ state }) => state === "DONE");
    if (quiet) this.#judge.outcome(said.outcome, item, lied);
    this.#judge.motions();
    await rig.sleep(3_000); // whatever was armed meets at least a probe
    const met = this.#met();
    heal(rig);
    await this.#ready();
    if (said.again) await said.again();
    await this.#rest(lied);
    if (said.now) {
      const later = await said.now();
      this.#trace(`in the end ${later}`);
      this.#judge.outcome(later, item, lied);
      said.outcome = later;
    }
    if (!this.#reached && this.#plan.victim === "nobody" && said.outcome !== cleanEnd({ device, job }))
      this.#judge.violated(`a clean ${job} ended ${said.outcome}`);
    return {
      violations: this.#judge.violations,
      outcome: said.outcome,
      reached: this.#reached,
      met,
      steps: [...this.#steps],
      tookMs,
    };
  }

  // What goes wrong.

  #begins(): void {
    const { rig } = this;
    const { atMs } = this.#plan;
    this.#began = rig.scheduler.now;
    if (atMs !== undefined) rig.scheduler.after(atMs, rig.life, () => this.#happens());
  }

  #step(step: string): void {
    if (this.#phase !== "during") return;
    this.#trace(step);
    if (this.#setUpCut) {
      if (step !== this.#setUpCut) return;
      this.#setUpCut = undefined;
      this.#begins();
      return this.#cutVault(this.rig.between(50, 1_000));
    }
    this.#steps.add(step);
    if (step === this.#plan.step) this.#happens();
  }

  #happens(): void {
    if (this.#reached || this.#phase !== "during") return;
    this.#reached = true;
    const { victim, fault, device } = this.#plan;
    const { rig } = this;
    this.#trace(`--- ${victim} ${fault}`);
    if (fault !== "none") this.#met = faultsOf(device)[fault]?.apply(rig) ?? this.#met;
    if (victim === "device" || victim === "all") rig.cutDevice(rig.between(30, 4_000));
    if (victim === "core" || victim === "both" || victim === "all") this.#cutCore();
    if (victim === "vault" || victim === "both" || victim === "all") this.#cutVault(this.#downMs());
  }

  /** Most restarts take about a second; one in ten a quarter of a minute, as of a whole unit. */
  #downMs(): number {
    const { rig } = this;
    return rig.random() < 0.1 ? rig.between(5_000, 20_000) : rig.between(100, 1_500);
  }

  #cutVault(ms: number): void {
    const { rig } = this;
    if (!rig.vault.alive) return;
    rig.vault.kill();
    this.#judge.afterCut();
    rig.scheduler.after(ms, rig.life, () => void rig.vault.boot());
  }

  #cutCore(): void {
    this.#coreAlive = false;
    for (const tell of [...this.#coreWaits]) tell();
    this.#coreWaits.clear();
    this.rig.scheduler.after(this.rig.between(300, 1_500), this.rig.life, () => {
      this.#coreAlive = true;
    });
  }

  /** Asks as the core does; undefined when core or vault dies before the answer. */
  async #ask<T>(method: string, body: unknown) {
    if (!this.#coreAlive) return undefined;
    const dead = new Promise<undefined>((resolve) => this.#coreWaits.add(() => resolve(undefined)));
    return Promise.race([this.rig.vault.call<T>(method, body), dead]);
  }

  /** Waits until core and vault are there and the device serves. */
  async #ready(): Promise<void> {
    const end = this.rig.scheduler.now + 180_000;
    for (;;) {
      const status = await this.#ask<Status>("status", {});
      if (status?.ok) {
        const { ready, devices } = status.value;
        if (ready && devices.every(({ lifecycle }) => lifecycle === "ready" || lifecycle === "busy")) return;
      }
      if (this.rig.scheduler.now > end) return this.#judge.violated("the unit does not come back");
      await this.rig.sleep(300);
    }
  }

  // What is asked.

  async #prepare(): Promise<void> {
    const { rig } = this;
    const { device, job } = this.#plan;
    const { plant, papers, disk } = rig;
    if (isDispenser(device)) {
      plant.cards.load(ROLE, CARDS);
      const exchange = await this.#openExchange(1);
      // Staff who list them in the wrong order.
      const listed = job === "wrongCard" ? [CARDS[1], CARDS[0], CARDS[2]] : CARDS;
      const items = listed.map((item) => ({ item, assignment: papers.assignment(item) }));
      const filled = await rig.vault.call("exchange.fill", { exchange, slot: MAGAZINE, items });
      await rig.vault.call("exchange.end", { exchange });
      if (!filled?.ok) throw new TypeError("the magazine was not filled");
      if (job === "clear") this.#setUpCut = "identified";
      return;
    }
    plant.setJammed("1", job === "jammed");
    if (job === "load") return;
    plant.openDoor("1", true);
    plant.putItem("1", ITEM);
    plant.closeDoor("1");
    const set = "UPDATE slots SET state = 'loaded', item_hash = ? WHERE slot = ?";
    disk.database.execute(set, [itemHashOf(ITEM), "1"]);
    disk.database.undo = [];
  }

  async #openExchange(people: number): Promise<string> {
    const credentials = ["anna", "bert"].slice(0, people).map((name) => this.rig.papers.credential(name));
    const begun = await this.#ask<{ exchange: string }>("exchange.begin", { credentials });
    return begun?.ok ? begun.value.exchange : "";
  }

  async #collect(): Promise<Said> {
    const { rig } = this;
    const { device, job } = this.#plan;
    const intake = isDispenser(device) && job.startsWith("accept");
    const item = intake ? OLD_CARD : (expectedCard(this.#plan) ?? ITEM);
    const voucher = rig.papers.voucher(item, 1, intake ? { intake: "exact" } : {});
    const begun = await this.#ask<{ challenge: string }>("collect.begin", { voucher: voucher.jws });
    if (!begun?.ok) return this.#ended(undefined);
    const { challenge } = begun.value;
    const attestation = rig.papers.attest(voucher.jws, challenge);
    const request = { command: "command-1", voucher: voucher.jws, challenge, attestation };
    await this.#ask<Handover>("collect.release", request);
    if (job === "clear") await this.#cleared();
    const outcome = await this.#stored(request.command);
    return {
      outcome,
      now: () => this.#stored(request.command),
      again: async () => {
        await this.#ready();
        const known = await this.#stored(request.command);
        const motions = JSON.stringify(rig.turns);
        if (known) {
          const answer = await this.#ask<Handover>("collect.release", request);
          const told = answer?.ok ? endOf(answer.value) : answer?.error.code;
          if (told !== known && told !== (await this.#stored(request.command)))
            this.#judge.violated(`the same command was answered ${told} instead of ${known}`);
        }
        if (this.#judge.rows("consumed").some((row) => row.voucher === voucher.id)) {
          const again = await this.#ask("collect.begin", { voucher: voucher.jws });
          if (again?.ok) this.#judge.violated("a used voucher was taken");
        } else if (Object.keys(rig.turns).length > 0)
          this.#judge.violated("it moved on a voucher that is not used");
        // What clears the path by itself may move meanwhile; a hand-over may not.
        const { retract: _, ...others } = rig.turns;
        const { retract: __, ...before } = JSON.parse(motions) as Record<string, number>;
        if (JSON.stringify(others) !== JSON.stringify(before))
          this.#judge.violated("it moved when it was asked again");
      },
    };
  }

  /** What a vault that was killed has left in the path is captured by the next one, unless that goes wrong. */
  async #cleared(): Promise<void> {
    for (let tries = 0; tries < 60; tries++) {
      await this.#ready();
      if (this.#judge.rows("effects").some(({ kind, state }) => kind === "clear" && state === "DONE")) return;
      await this.rig.sleep(OFTEN);
    }
  }

  #ended = (outcome: string | undefined): Said => ({ outcome });

  /** The outcome that the vault keeps for a command, once it is there; undefined when it never heard of it. */
  async #stored(command: string): Promise<string | undefined> {
    const end = this.rig.scheduler.now + 240_000;
    for (;;) {
      if (this.rig.scheduler.now > end) {
        this.#judge.violated("it has no outcome");
        return undefined;
      }
      const answer = await this.#ask<{ handover?: Handover }>("collect.outcome", { command });
      if (answer?.ok) {
        const { handover } = answer.value;
        // A vault that has just started has not settled it yet.
        if (!handover) return undefined;
        if (handover.phase === "done") return endOf(handover);
      }
      await this.rig.sleep(OFTEN);
    }
  }

  async #staff(): Promise<Said> {
    const { rig } = this;
    const { job } = this.#plan;
    const exchange = await this.#openExchange(2);
    const body =
      job === "load"
        ? { exchange, item: ITEM, assignment: rig.papers.assignment(ITEM) }
        : { exchange, slot: "1" };
    if (exchange) await this.#ask(`exchange.${job}`, body);
    // Staff see the slots; what became of it is in the ledger.
    const effect = () => this.#judge.rows("effects").find(({ kind }) => kind === job);
    const end = rig.scheduler.now + 240_000;
    await this.#ready();
    while (effect() && effect()?.state !== "DONE") {
      if (rig.scheduler.now > end) return this.#ended(undefined);
      await rig.sleep(OFTEN);
    }
    const outcome = effect()?.outcome;
    return this.#ended(outcome ? String(outcome) : undefined);
  }

  /** Everything is repaired; what was left in a path is captured by itself, or staff see to it. */
  async #rest(lied: boolean): Promise<void> {
    const { rig } = this;
    const { device } = this.#plan;
    if (!isDispenser(device)) {
      rig.plant.closeDoor("1");
      rig.plant.closeDoor("2");
    }
    let status: Status | undefined;
    for (let tries = 0; tries < REST_TRIES; tries++) {
      await this.#ready();
      const answer = await this.#ask<Status>("status", {});
      if (!answer?.ok) continue;
      status = answer.value;
      if (status.exchange) await this.#ask("exchange.end", { exchange: status.exchange });
      const open = this.#judge.rows("effects").some(({ state }) => state !== "DONE");
      const left = this.#judge.rows("effects").some((row) => row.left_at !== null && this.#waits(row));
      if (!open && !left) break;
      await rig.sleep(1_000);
    }
    await rig.sleep(2_500);
    const answer = await this.#ask<Status>("status", {});
    await this.#judge.atRest(answer?.ok ? answer.value : (status ?? {}), lied);
  }

  /** Whether the vault itself will see to what an effect left. */
  #waits({ effect }: { effect?: unknown }): boolean {
    return !this.#judge.rows("motions").some((row) => row.effect === effect && row.motion === "retract");
  }
}

const endOf = ({ outcome, modifier }: Handover): string | undefined =>
  outcome && (modifier ? `${outcome} ${modifier}` : outcome);

interface Said {
  outcome: string | undefined;
  /** Asks for it once more. */
  now?: () => Promise<string | undefined>;
  /** Sends the same command again, and the voucher. */
  again?: () => Promise<void>;
}

interface Status extends Stock {
  ready: boolean;
  exchange?: string;
  devices: { lifecycle: string }[];
}
