import { watch } from "node:fs";
import { join } from "node:path";
import {
  Bell,
  type Clock,
  defineEvents,
  err,
  type Fault,
  isFault,
  Mutex,
  systemClock,
  VERSION,
} from "../../drivers/kit/index.ts";
import {
  type Changer,
  diskFault,
  type Given,
  NOT_LOOKED_AT,
  NOT_NOW,
  Provisioner,
  type Report,
  readStanding,
  StateDisk,
  type Trial,
  takeFolder,
  whileHeld,
} from "../../provisioning/activate/index.ts";
import { type Answer, nonceOf, replyFile, signAnswer } from "../../provisioning/answer/index.ts";
import { bundleFault } from "../../provisioning/bundle/index.ts";
import { certificateRequest, type DeviceKeys, openDeviceKeys } from "../../provisioning/device/index.ts";
import type { Board } from "../../provisioning/index.ts";
import { QUIET_MS, type UnitReport } from "./health.ts";
import { InboxFolder } from "./inbox.ts";
import { AttestedTime } from "./time.ts";

const log = defineEvents("provisioner", {
  taken: {
    level: "info",
    what: "Bundles were judged, and what was good is the unit's",
    fields: ["from", "good", "refused"],
  },
  failed: {
    level: "error",
    what: "Bundles could not be judged; they are tried again within a minute",
    fields: [],
  },
  unanswered: { level: "warn", what: "The answer about bundles could not be written", fields: [] },
  waiting: {
    level: "info",
    what: "Bundles from the link wait until somebody has ended who takes others by hand",
    fields: [],
  },
});

export interface AgentOptions {
  state: string;
  /** Whose agent this is; the unit's service when absent. */
  by?: Changer;
  trial: Trial;
  clock?: Clock;
  /** The tests fill it. */
  disk?: StateDisk;
  /** Resolves when a restart disturbs nobody; bundles from the inbox wait for it, those of a technician do not. */
  quiet?: (signal: AbortSignal) => Promise<void>;
  /** Whether that is so now; asked once more right before their trial. */
  isQuiet?: () => Promise<boolean>;
  /** The maker's; a configuration's devices keep off its lines. */
  board?: Board | undefined;
  /** What the running unit says of itself, for the answer. */
  report?: () => Promise<UnitReport | undefined>;
}

const KEPT_FAULTS = 16;
/** What stays in the inbox. */
const WAITS: ReadonlySet<string> = new Set([NOT_LOOKED_AT, NOT_NOW]);
const HELD = "bundle.held";
/** The inbox is looked at this often although nothing was heard of it. */
const LOOK_MS = 60_000;

/**
 * The one process that changes what a unit is. It ends what a cut has left before the others start, takes bundles from a
 * technician's folder and from the inbox of the link by the same code, and leaves a signed answer about them.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #keys: DeviceKeys;
  readonly #provisioner: Provisioner;
  readonly #time: AttestedTime;
  readonly #disk: StateDisk;
  readonly #inbox: InboxFolder;
  readonly #bell = new Bell();
  readonly #stop = new AbortController();
  readonly #mutex = new Mutex();
  readonly #faults: string[] = [];
  #reports: Report[] = [];
  /** When bundles of the inbox began to wait for the unit to be quiet, monotonic ms. */
  #waitSince: number | undefined;
  #loop: Promise<void> | undefined;

  private constructor(options: AgentOptions, keys: DeviceKeys) {
    const { state, trial, clock = systemClock, disk = new StateDisk() } = options;
    this.#options = options;
    this.#keys = keys;
    this.#disk = disk;
    this.#inbox = new InboxFolder(state, disk);
    this.#time = new AttestedTime(state, clock, disk);
    this.#provisioner = new Provisioner({ state, trial, clock, disk, judgedBy: () => this.#judgedBy() });
  }

  /**
   * To be awaited before any other process of the unit starts.
   * @throws when the state cannot be read; `bundle.held` when somebody else is trying a bundle, whose trial this would end
   */
  static open(options: AgentOptions): Promise<Agent> {
    return whileHeld(options.state, options.by ?? "service", () => Agent.#open(options));
  }

  static async #open(options: AgentOptions): Promise<Agent> {
    const keys = await openDeviceKeys(options.state);
    const agent = new Agent(options, keys);
    await agent.#inbox.make();
    // First, so that a cut in between does not forget it.
    const tried = (await agent.#provisioner.onTrial()) ? await agent.#inbox.dropTried() : [];
    await agent.#endTrial(options.by === "hand");
    await agent.#inbox.forget();
    const interrupted = err(bundleFault("interrupted"));
    agent.#reports = tried.map((file) => ({ file, kind: undefined, result: interrupted }));
    await agent.#time.atLeast();
    const standing = await readStanding(options.state);
    if (!standing.ok) throw standing.error;
    await agent.#writeAnswer();
    return agent;
  }

  /** Ends a trial that nobody else will end: whoever began it is gone. @param running whether the unit's processes run */
  async #endTrial(running: boolean): Promise<void> {
    const interrupted = await this.#provisioner.recover(running);
    if (interrupted) this.#remember(interrupted);
  }

  async #judgedBy() {
    const attestedTime = await this.#time.atLeast();
    const nonce = nonceOf(this.#keys.signing, await commandCounter(this.#options.state));
    const { board } = this.#options;
    return {
      nonce,
      tls: this.#keys.tls,
      ...(board ? { board } : {}),
      ...(attestedTime === undefined ? {} : { attestedTime }),
    };
  }

  /** Looks after the inbox until it is stopped. */
  start(): void {
    this.#loop ??= this.#watch();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** Takes the bundles of a folder. @returns what became of each. @throws `bundle.held` */
  take(folder: string): Promise<Report[]> {
    return this.#alone(() => this.#take("folder", () => takeFolder(folder, this.#provisioner)));
  }

  /** Takes bundles that somebody has copied from a stick already, beside what could not be copied. */
  takeCopies(given: readonly Given[], refused: readonly Report[]): Promise<Report[]> {
    const all = async () => [...refused, ...(await this.#provisioner.take(given))];
    return this.#alone(() => this.#take("stick", all)).catch((error: unknown) => {
      if (!isFault(error, HELD)) throw error;
      return [...refused, ...given.map(({ file }) => ({ file, kind: undefined, result: err(error) }))];
    });
  }

  /** One at a time, in this process and in all. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const { state, by = "service" } = this.#options;
    const alone = async () => {
      // Of a hand that was ended in the middle, by a session that dropped: what is active would be written over.
      if (await this.#provisioner.onTrial()) await this.#endTrial(true);
      return work();
    };
    return this.#mutex.run(() => whileHeld(state, by, alone));
  }

  async #take(from: "folder" | "inbox" | "stick", take: () => Promise<Report[]>): Promise<Report[]> {
    const reports = await take();
    for (const { result } of reports) if (!result.ok) this.#remember(result.error);
    const good = reports.filter(({ result }) => result.ok).length;
    if (reports.length > 0) log("taken", { from, good, refused: reports.length - good });
    // Nothing of the inbox was judged yet: the last answer stands.
    if (reports.length > 0 || from !== "inbox") this.#reports = reports;
    await this.#writeAnswer();
    return reports;
  }

  /** A fault that somebody else has found, for the answer. */
  async note(fault: Fault): Promise<void> {
    this.#remember(fault);
    await this.#writeAnswer();
  }

  #remember({ code }: Fault): void {
    this.#faults.unshift(code);
    this.#faults.length = Math.min(this.#faults.length, KEPT_FAULTS);
  }

  async #watch(): Promise<void> {
    const watcher = watch(this.#inbox.path, () => this.#bell.ring());
    try {
      while (!this.#stop.signal.aborted) {
        await this.#lookAround().catch((error: unknown) =>
          log(isFault(error, HELD) ? "waiting" : "failed", {}, error),
        );
        await this.#bell.wait(this.#options.clock ?? systemClock, LOOK_MS, this.#stop.signal);
      }
    } finally {
      watcher.close();
    }
  }

  async #lookAround(): Promise<void> {
    const { state, quiet } = this.#options;
    // While somebody has the lock it is his trial, and no news.
    if (await this.#provisioner.onTrial())
      await this.#alone(async () => undefined).catch((error: unknown) => {
        if (!isFault(error, HELD)) throw error;
      });
    if (await this.#time.due()) await this.#alone(() => this.#time.atLeast());
    const waiting = (await this.#inbox.waiting()).length;
    if (waiting === 0) return;
    // A unit that cannot read what it is would judge nothing: the bundles wait for the technician who mends it.
    const standing = await readStanding(state);
    if (!standing.ok) throw standing.error;
    this.#waitSince ??= (this.#options.clock ?? systemClock).mono();
    await quiet?.(this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    await this.#alone(() => this.#takeInbox());
    // What was too much at once has its turn now; what cannot be taken away is no reason to hurry.
    const left = (await this.#inbox.waiting()).length;
    if (left > 0 && left < waiting) this.#bell.ring();
  }

  async #takeInbox(): Promise<void> {
    const taker: Pick<Provisioner, "take"> = {
      take: (given) => {
        const files = given.map(({ file }) => file);
        const manner = { overLink: true, mayBegin: () => this.#mayBegin() };
        return this.#inbox.noted(files, () => this.#provisioner.take(given, manner));
      },
    };
    const judged = async () => {
      const all = await takeFolder(this.#inbox.path, taker);
      if (!all.some(({ result }) => isFault(result.ok ? undefined : result.error, NOT_NOW)))
        this.#waitSince = undefined;
      return all.filter(({ result }) => result.ok || !WAITS.has(result.error.code));
    };
    // Judged is judged, good or not: what comes later gets an answer of its own.
    for (const { file } of await this.#take("inbox", judged)) await this.#inbox.remove(file);
  }

  /** Whether a trial disturbs nobody now, or has waited long enough for that. */
  async #mayBegin(): Promise<boolean> {
    const { clock = systemClock, isQuiet } = this.#options;
    if (!isQuiet || (await isQuiet())) return true;
    return clock.mono() - (this.#waitSince ?? clock.mono()) >= QUIET_MS;
  }

  /** What the unit says of itself to whoever provisions it, as it stands now. */
  async answer(): Promise<string> {
    const { state, clock = systemClock } = this.#options;
    const standing = await readStanding(state);
    if (!standing.ok) throw standing.error;
    const report = await this.#options.report?.();
    const time = this.#time.now;
    const { claim, identity, keys, counters, bundles } = standing.value;
    const answer: Answer = {
      v: 1,
      iat: Math.floor(clock.wall() / 1000),
      ...(claim ? { claim: { unit: claim.unit, site: claim.site, groups: claim.groups } } : {}),
      device: identity.device,
      hardware: identity.hardware,
      software: VERSION,
      key: this.#keys.signing.public,
      keys: keys.version,
      counters,
      nonce: nonceOf(this.#keys.signing, counters.command ?? 0),
      ...(time === undefined ? {} : { time }),
      ...(claim && !bundles.certificates ? { request: certificateRequest(claim.unit, this.#keys.tls) } : {}),
      taken: this.#reports.slice(0, 32).map(({ file, result }) => ({
        file: file.slice(0, 120),
        code: result.ok ? "ok" : result.error.code,
      })),
      missing: report?.missing ?? [],
      ...(report ? { devices: report.devices } : {}),
      faults: this.#faults.slice(),
    };
    return signAnswer(answer, this.#keys.signing);
  }

  /** Id of the unit's key while it has a name and asks for its certificate. */
  async asks(): Promise<string | undefined> {
    const standing = await readStanding(this.#options.state);
    const asks = standing.ok && standing.value.claim && !standing.value.bundles.certificates;
    return asks ? this.#keys.signing.public.kid : undefined;
  }

  /** The same as the contents of `REPLY.BIN`. */
  reply = async (): Promise<Buffer> => replyFile(await this.answer());

  /** What was taken is taken, also where a full disk, or a damaged state, keeps the word about it. */
  async #writeAnswer(): Promise<void> {
    try {
      await this.#disk.replace(join(this.#options.state, "answer.jws"), await this.answer());
    } catch (error) {
      log("unanswered", {}, "code" in Object(error) ? diskFault(error) : error);
    }
  }
}

async function commandCounter(state: string): Promise<number> {
  const standing = await readStanding(state);
  if (!standing.ok) throw standing.error;
  return standing.value.counters.command ?? 0;
}
