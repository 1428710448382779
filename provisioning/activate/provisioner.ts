import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type Clock,
  defineEvents,
  err,
  type Fault,
  Mutex,
  ok,
  type Result,
  systemClock,
  within,
} from "../../drivers/kit/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import { judge, type Piece, piecesOfGeneration, refuseAll } from "./compose.ts";
import { diskFault, StateDisk } from "./disk.ts";
import { generationFolder, LINKS, pointedAt, readStanding } from "./layout.ts";
import type { Given, Report, Terms } from "./select.ts";
import { type Change, PROBATION_MS, runTrial, type Trial } from "./trial.ts";

const log = defineEvents("provisioning", {
  committed: {
    level: "info",
    what: "A generation has proved itself and is the unit's now",
    fields: ["generation"],
  },
  rolledBack: {
    level: "error",
    what: "The unit did not become healthy with a generation and has gone back to the last good one",
    fields: ["generation", "to", "missing"],
  },
  interrupted: {
    level: "warn",
    what: "A trial was cut; the unit has gone back to the last good generation",
    fields: ["generation", "to"],
  },
  refused: { level: "warn", what: "A bundle was not taken", fields: ["kind"] },
});

export interface ProvisionerOptions {
  /** State folder of the unit. */
  state: string;
  trial: Trial;
  clock?: Clock;
  /** What destructive commands and dates are judged by. */
  judgedBy?: () => Promise<Pick<Terms, "nonce" | "attestedTime" | "tls" | "board">>;
  /** The tests cut, fill and spoil it. */
  disk?: StateDisk;
}

/** How bundles are taken. */
export interface Manner {
  /** They came over the link, so the broker is there for a certificate to be tried with. */
  overLink?: boolean;
  /** Asked at the last moment before the trial; somebody may have come meanwhile. Without it, nobody is waited for. */
  mayBegin?: () => Promise<boolean>;
}

/**
 * Takes bundles, wherever they came from: chosen, composed into one new generation, dry-run, written, made active by one
 * rename, tried, and committed by one more rename. Until then the old generation, with its counters, is the unit's; a cut
 * at any point leaves one of the two whole. One at a time.
 */
export class Provisioner {
  readonly #state: string;
  readonly #trial: Trial;
  readonly #clock: Clock;
  readonly #judgedBy: NonNullable<ProvisionerOptions["judgedBy"]>;
  readonly #disk: StateDisk;
  readonly #mutex = new Mutex();

  constructor(options: ProvisionerOptions) {
    this.#state = options.state;
    this.#trial = options.trial;
    this.#clock = options.clock ?? systemClock;
    this.#judgedBy = options.judgedBy ?? (async () => ({}));
    this.#disk = options.disk ?? new StateDisk();
  }

  /**
   * To be called before any process of the unit starts: ends a trial that was cut, and clears away what was half written.
   * @param running whether the processes run already, and have to read again what the unit is
   * @returns `bundle.interrupted` when there was a trial
   */
  recover(running = false): Promise<Fault | undefined> {
    return this.#mutex.run(async () => {
      // A commit of a process that was killed may be seen and not be safe yet: a cut now must not take it back.
      await this.#disk
        .syncFolder(this.#state)
        .catch((error: unknown) => log("refused", {}, diskFault(error)));
      const [active, committed] = [await pointedAt(this.#state, "active"), await this.#committed()];
      if (active !== committed) {
        await this.#point("active", committed);
        log("interrupted", { generation: active, to: committed });
      }
      await this.#sweep(committed);
      if (running && active !== committed) await this.#startOld();
      return active === committed ? undefined : bundleFault("interrupted", { generation: active });
    });
  }

  /** Whether a generation is on trial; by whom only the lock says. */
  async onTrial(): Promise<boolean> {
    return (await pointedAt(this.#state, "active")) !== (await this.#committed());
  }

  /** What became of each file; all that are good are taken together or not at all. */
  take(given: readonly Given[], { overLink = false, mayBegin }: Manner = {}): Promise<Report[]> {
    return this.#mutex.run(async () => {
      const standing = await readStanding(this.#state);
      if (!standing.ok) return given.map(({ file }) => ({ file, kind: undefined, result: standing }));
      const terms = await this.#judgedBy();
      const before = await piecesOfGeneration(this.#state, standing.value.generation);
      const { reports, next } = await judge(given, standing.value, terms, before);
      for (const { kind, result } of reports) if (!result.ok) log("refused", { kind }, result.error);
      if (!next) return reports;
      const certified = reports.some(({ kind, result }) => result.ok && kind === "certificates");
      const change = { configured: before.has("unit.json"), needsLink: overLink && certified };
      const [from, to] = [standing.value.generation, next.standing.generation];
      const done = await this.#activate(from, to, next.pieces, change, mayBegin);
      return done.ok ? reports : refuseAll(reports, done.error);
    });
  }

  async #activate(
    before: number,
    generation: number,
    pieces: ReadonlyMap<string, Piece>,
    change: Change,
    mayBegin: Manner["mayBegin"],
  ): Promise<Result<void, Fault>> {
    // Without a configuration there is nothing that could become healthy: its processes rest.
    const resting: Trial = { restart: () => this.#trial.restart(), missing: async () => [] };
    const trial = pieces.has("unit.json") ? this.#trial : resting;
    await trial.settle?.(change);
    try {
      await this.#write(generation, pieces);
      // Finding out how the unit is and writing take most of a minute.
      if (mayBegin && !(await mayBegin())) return err(await this.#undo(before, bundleFault("notNow")));
      await this.#point("active", generation);
    } catch (error) {
      return err(await this.#undo(before, diskFault(error)));
    }
    const missing = await runTrial(trial, this.#clock);
    if (missing.length > 0) {
      const fault = bundleFault("notHealthy", { missing: missing.slice(0, 8).join(" ") });
      const undone = await this.#undo(before, fault);
      log("rolledBack", { generation, to: before, missing: missing.slice(0, 8).join(" ") });
      await this.#startOld();
      return err(undone);
    }
    try {
      await this.#point("committed", generation);
    } catch (error) {
      const undone = await this.#undo(before, diskFault(error));
      await this.#startOld();
      return err(undone);
    }
    log("committed", { generation });
    await this.#sweep(generation).catch(() => undefined);
    return ok(undefined);
  }

  async #write(generation: number, pieces: ReadonlyMap<string, Piece>): Promise<void> {
    const folder = generationFolder(this.#state, generation);
    await this.#disk.remove(folder);
    for (const { path, bytes, kept } of pieces.values()) {
      if (kept) await this.#disk.keep(kept, join(folder, path));
      else await this.#disk.file(join(folder, path), bytes());
    }
    await this.#disk.syncTree(folder);
    await this.#disk.syncFolder(join(this.#state, "config.d"));
    await this.#disk.syncFolder(this.#state);
  }

  /** Back to the committed generation. A disk that does not even take that is left to `recover`, which wants no space. */
  async #undo(committed: number, why: Fault): Promise<Fault> {
    try {
      await this.#point("committed", committed);
      await this.#point("active", committed);
      await this.#sweep(committed);
    } catch (error) {
      log("refused", {}, diskFault(error));
    }
    return why;
  }

  /** With what it had the unit is to come up whether or not this can wait for it. */
  async #startOld(): Promise<void> {
    const late = () => bundleFault("notHealthy", { missing: "restart" });
    await within(this.#clock, PROBATION_MS, this.#trial.restart(), late).catch((error: unknown) =>
      log("refused", {}, error),
    );
  }

  async #point(link: keyof typeof LINKS, generation: number): Promise<void> {
    if ((await pointedAt(this.#state, link)) === generation) return;
    if (generation > 0) return this.#disk.link(this.#state, LINKS[link], `config.d/${generation}`);
    await this.#disk.remove(join(this.#state, LINKS[link]));
    await this.#disk.syncFolder(this.#state);
  }

  /** Removes every generation but the one that is the unit's, and links that were never put in place. */
  async #sweep(keep: number): Promise<void> {
    for (const name of Object.values(LINKS)) await this.#disk.remove(join(this.#state, `${name}.new`));
    const all = join(this.#state, "config.d");
    for (const name of await readdir(all).catch(() => []))
      if (name !== String(keep)) await this.#disk.remove(join(all, name));
  }

  #committed = (): Promise<number> => pointedAt(this.#state, "committed");
}
