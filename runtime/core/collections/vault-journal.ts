import { Bell, type Clock, defineEvents } from "../../../drivers/kit/index.ts";
import { AckSchema, type SigningKey, signJws, up, verifyJws } from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { VaultRow } from "../../ipc/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Link } from "../link/index.ts";
import { readSetting, type Store, writeSetting } from "../store/index.ts";

const log = defineEvents("vaultJournal", {
  ignored: { level: "warn", what: "An acknowledgement of the journal was not taken", fields: ["reason"] },
  acked: { level: "debug", what: "The centre has the vault's journal up to here", fields: ["upTo"] },
});

export interface VaultJournalOptions {
  store: Store;
  link: Link;
  devices: Devices;
  configuration: UnitConfiguration;
  deviceKey: SigningKey;
  clock: Clock;
}

const AGAIN_MS = 15_000;
/** A verifier takes no longer JWS than 65,536 characters. */
const MAX_JWS = 60_000;
/** Read by `guichet waiting` too, by this name. */
export const CURSOR = "vaultJournalAcked";
/** When the centre said so, s; never later than our own clock when we heard it, or a centre's clock that was once ahead would rule. */
const ACKED_AT = "vaultJournalAckedAt";
/** When it last said that it has lost rows, likewise. */
const LOST_AT = "vaultJournalLostAt";

/**
 * Carries the vault's journal to the centre: what comes after the last acknowledged row, signed by the unit, again and
 * again until the centre acknowledges it. The cursor is durable, the rows stay in the vault.
 */
export class VaultJournal {
  readonly #options: VaultJournalOptions;
  readonly #stop = new AbortController();
  readonly #bell = new Bell();
  #loop: Promise<void> | undefined;

  constructor(options: VaultJournalOptions) {
    this.#options = options;
  }

  start(): void {
    const { devices, link } = this.#options;
    const ring = () => this.#bell.ring();
    devices.onVault("journal", ring);
    devices.events.on("connected", ring);
    link.events.on("host", ring);
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /**
   * Takes the centre's word for what it has. One that names more counts, whatever the centre's clock says, unless it is older
   * than a loss: between the two the centre lacks rows. One that names less counts when it is newer: that of a centre which has
   * lost what it had, and gets it again. Should a word be taken wrongly, the centre's next one puts it right.
   */
  async acknowledged(jws: string): Promise<void> {
    const { configuration, store, clock } = this.#options;
    const ack = verifyJws("guichet.ack.v1", AckSchema, jws, configuration.centre.keys);
    if (!ack.ok) return log("ignored", { reason: ack.error.code });
    const { unit, stream, upTo, iat } = ack.value;
    if (unit !== configuration.unit || stream !== "vault") return log("ignored", { reason: "another's" });
    const moved = await store.tx(async (t) => {
      const has = await readSetting(t, CURSOR);
      if (upTo === has) return false;
      const old =
        upTo > has ? iat < (await readSetting(t, LOST_AT)) : iat <= (await readSetting(t, ACKED_AT));
      if (old) return false;
      const at = Math.min(iat, Math.floor(clock.wall() / 1000));
      await writeSetting(t, CURSOR, upTo);
      await writeSetting(t, ACKED_AT, at);
      if (upTo < has) await writeSetting(t, LOST_AT, at);
      return true;
    });
    if (!moved) return;
    log("acked", { upTo });
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const { link, clock } = this.#options;
    while (!this.#stop.signal.aborted) {
      if (link.hostOnline) await this.#forward();
      await this.#bell.wait(clock, AGAIN_MS, this.#stop.signal);
    }
  }

  async #forward(): Promise<void> {
    const { store, devices, link, configuration } = this.#options;
    const after = await readSetting(store, CURSOR).catch(() => 0);
    const read = await devices.vault("journal.read", { after });
    const rows = read.ok ? read.value.body.rows : [];
    if (rows.length > 0) await link.publish(up.event(configuration.unit, "vault"), this.#sign(rows));
  }

  /** As many of the rows, from the first on, as fit into one report. */
  #sign(rows: VaultRow[]): string {
    const { configuration, deviceKey } = this.#options;
    const report = { v: 1, unit: configuration.unit, stream: "vault", rows };
    const jws = signJws("guichet.event.v1", report, deviceKey);
    return jws.length <= MAX_JWS || rows.length === 1
      ? jws
      : this.#sign(rows.slice(0, Math.ceil(rows.length / 2)));
  }
}
