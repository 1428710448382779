import { constants } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { type Clock, defineEvents, parseJson } from "../../drivers/kit/index.ts";
import { HostStateSchema, verifyJws } from "../../fleet/contract/index.ts";
import { diskFault, type StateDisk } from "../../provisioning/activate/index.ts";
import { INBOX, readConfiguration } from "../../provisioning/index.ts";

const log = defineEvents("time", {
  refused: { level: "warn", what: "A word of the time over the link was not believed", fields: [] },
  notKept: { level: "warn", what: "The time that has surely passed is not kept over a restart", fields: [] },
});

const FloorSchema = Type.Object(
  {
    v: Type.Literal(1),
    /** Seconds since the epoch. */
    atLeast: Type.Integer({ minimum: 0 }),
    /** Host key of the centre that has said so. */
    kid: Type.String({ maxLength: 64 }),
  },
  { additionalProperties: false },
);
type Floor = Static<typeof FloorSchema>;

const FILE = "time.json";
const MOST_BYTES = 4_096;
/** While nothing is judged, what has passed is kept this often, s. */
const KEEP_S = 3_600;

/**
 * What time it is at least. The centre signs the time every minute; what is old when it comes, or kept back, is still a time
 * that has passed, and what the monotonic clock has counted since has passed too. So the floor never overtakes the
 * truth, whatever the board's clock says and whoever brings the word, and it is kept over restarts. It stands as long as
 * the configuration believes the key that said it: a centre whose clock was wrong is mended by a new host key.
 */
export class AttestedTime {
  readonly #state: string;
  readonly #clock: Pick<Clock, "mono">;
  readonly #disk: StateDisk;
  #known: (Floor & { mono: number }) | undefined;
  #kept = 0;

  constructor(state: string, clock: Pick<Clock, "mono">, disk: StateDisk) {
    this.#state = state;
    this.#clock = clock;
    this.#disk = disk;
  }

  /** What `atLeast` has last found, and what has passed since. */
  get now(): number | undefined {
    const known = this.#known;
    return known && known.atLeast + Math.floor((this.#clock.mono() - known.mono) / 1_000);
  }

  /** Whether `atLeast` has something to take in or to keep; it is to be called by who holds the state alone. */
  async due(): Promise<boolean> {
    const news = await stat(join(this.#state, INBOX.folder, INBOX.time)).then(
      () => true,
      () => false,
    );
    return news || (this.now ?? 0) >= this.#kept + KEEP_S;
  }

  /** Seconds since the epoch that have surely passed; undefined while nobody who is believed has said so. Kept when it resolves. */
  async atLeast(): Promise<number | undefined> {
    const configuration = await readConfiguration(this.#state);
    const centre = configuration.ok ? configuration.value.centre : undefined;
    const believed = (kid: string) => !centre || centre.keys.some((key) => key.kid === kid);
    if (this.#known && !believed(this.#known.kid)) this.#known = undefined;
    const read = await this.#read();
    const kept = read && believed(read.kid) ? read : undefined;
    if (kept) this.#learn(kept);
    this.#kept = kept?.atLeast ?? 0;
    const token = await this.#news();
    for (const key of token && centre ? centre.keys : []) {
      const said = verifyJws("guichet.host.v1", HostStateSchema, String(token), [key]);
      if (said.ok && said.value.host === centre?.host)
        this.#learn({ v: 1, atLeast: said.value.iat, kid: key.kid });
      else if (!said.ok && said.error.code !== "signature.unknownKey") log("refused", {}, said.error);
    }
    const now = this.now;
    if (this.#known && now !== undefined && now > this.#kept)
      await this.#keep({ v: 1, atLeast: now, kid: this.#known.kid });
    return now;
  }

  #learn(floor: Floor): void {
    if (floor.atLeast > (this.now ?? -1)) this.#known = { ...floor, mono: this.#clock.mono() };
  }

  async #read(): Promise<Floor | undefined> {
    const text = await readFile(join(this.#state, FILE), "utf8").catch(() => "");
    const floor = parseJson(FloorSchema, text, FILE);
    return floor.ok ? floor.value : undefined;
  }

  /** What the core has laid down, once; the folder is the core's too, so it is read like anything that a stranger brings. */
  async #news(): Promise<string | undefined> {
    const path = join(this.#state, INBOX.folder, INBOX.time);
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      () => undefined,
    );
    const buffer = Buffer.alloc(MOST_BYTES);
    const read = await handle?.read(buffer, 0, MOST_BYTES, 0).catch(() => undefined);
    await handle?.close();
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
    return read && buffer.toString("latin1", 0, read.bytesRead);
  }

  async #keep(floor: Floor): Promise<void> {
    await this.#disk.replace(join(this.#state, FILE), JSON.stringify(floor)).then(
      () => {
        this.#kept = floor.atLeast;
      },
      (error: unknown) => log("notKept", {}, diskFault(error)),
    );
  }
}
