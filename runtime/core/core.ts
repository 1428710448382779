import { join } from "node:path";
import { type Clock, systemClock } from "../../drivers/kit/index.ts";
import { readConfiguration, type UnitConfiguration } from "../../provisioning/index.ts";
import { slotsAgainstRest, socketOf } from "../ipc/index.ts";
import { type BackOffice, startBackOffice } from "./backoffice.ts";
import { ScreenServer } from "./screen/server.ts";
import { offersOf, Reception } from "./visit/reception.ts";
import { loadServices, type ServiceBook } from "./visit/services.ts";

export interface CoreOptions {
  /** State folder of the unit. */
  state: string;
  /** Folder of the built page. */
  assets: string;
  version: string;
  clock?: Clock;
  /** Shortest and longest wait of the link between two attempts, ms. */
  backoff?: [number, number];
  telemetryPeriodMs?: number;
  patienceMs?: number;
  /** Admits the page; made at each start when absent. */
  token?: string;
  /** Called whenever the page has drawn. */
  onPainted?: () => void;
}

export interface Core {
  /** What the browser opens, with the token of this start. */
  url: string;
  office: BackOffice;
  /** False when the store neither commits nor refuses any more, or has died and a new start is due. */
  healthy(): boolean;
  stop(): Promise<void>;
}

/** So long after the screen the link begins, ms: a start belongs to what a person can use. */
const LINK_AFTER_MS = 500;

/**
 * Starts the core: store asserted, senses and vault connected, screen served, then the link. A service is offered as soon
 * as its devices are ready.
 * @throws Faults of configuration, store and services; the unit then stays out of service
 */
export async function startCore(options: CoreOptions): Promise<Core> {
  const clock = options.clock ?? systemClock;
  const configuration = await readConfiguration(options.state);
  if (!configuration.ok) throw configuration.error;
  const config = configuration.value;
  const { backoff, telemetryPeriodMs, patienceMs } = options;
  const loading = loadServices(join(options.state, "config", "services"), config.services);
  loading.catch(() => undefined);
  const office: BackOffice = await startBackOffice({
    state: options.state,
    configuration: config,
    clock,
    version: options.version,
    offers: () => offersOf(book, office),
    ...(backoff ? { backoff } : {}),
    ...(telemetryPeriodMs ? { telemetryPeriodMs } : {}),
    ...(patienceMs ? { patienceMs } : {}),
  });
  const book: ServiceBook = await loading.catch(async (error: unknown) => {
    await office.stop();
    throw error;
  });
  const screen: ScreenServer = new ScreenServer({
    assets: options.assets,
    port: config.screen.port,
    pxPerMm: config.screen.pxPerMm,
    model: () => reception.model(),
    onInput: (seq, input) => reception.input(seq, input),
    ...(options.token ? { token: options.token } : {}),
    ...(options.onPainted ? { onPainted: options.onPainted } : {}),
    healthSocket: socketOf(options.state, "core"),
    health: () => {
      const offers = offersOf(book, office);
      const offered = Object.keys(offers).filter((id) => offers[id]?.offered);
      return {
        ready: true,
        painted: screen.painted,
        state: reception.state,
        offered,
        broken: book.broken,
        missing: Object.fromEntries(
          Object.entries(offers).map(([id, { missing }]) => [id, missing.filter(ofTheUnit)]),
        ),
        interlocks: office.devices.interlocks,
        link: office.link.up,
        centre: office.link.hostOnline,
        serviceDoor: serviceDoor(config, office),
        slotsOut: slotsAgainstRest(office.devices.slots).length > 0,
        devices: office.devices.statuses().map(({ role, driver, lifecycle, identity }) => ({
          role,
          driver,
          state: lifecycle,
          ...(identity ? { model: identity.model } : {}),
        })),
        hours: office.health.hours().state,
      };
    },
  });
  const reception: Reception = new Reception({
    configuration: config,
    book,
    office,
    clock,
    onModel: (model) => screen.push(model),
    putPicture: (jpeg) => screen.putPicture(jpeg),
    forgetPictures: () => screen.forgetPictures(),
  });
  office.devices.onSenses("preview.frame", ({ role }, [jpeg]) => {
    if (jpeg) screen.frame(role, jpeg);
  });
  const url = await screen.listen();
  reception.start();
  const stopped = new AbortController();
  void clock.sleep(LINK_AFTER_MS, stopped.signal).then(() => stopped.signal.aborted || office.goOnline());
  return {
    url,
    office,
    healthy: () => office.health.alive(reception.state === "visit"),
    stop: async () => {
      stopped.abort();
      await reception.stop();
      await screen.close();
      await office.stop();
    },
  };
}

/** An open door says nothing of how a unit is: who reaches its service port stands in one, and a trial must not fail by it. */
const ofTheUnit = (code: string): boolean => !code.startsWith("interlock.");

const SERVICE_DOOR = "door.service";

/** Of the door behind which the service port is: `none` where no contact is configured, `unknown` until the vault reads it. */
function serviceDoor(
  config: UnitConfiguration,
  { devices }: BackOffice,
): "open" | "closed" | "unknown" | "none" {
  if (!config.roles.includes("collection") || !config.interlocks?.includes(SERVICE_DOOR)) return "none";
  if (!devices.vaultReady) return "unknown";
  return devices.interlocks.includes(SERVICE_DOOR) ? "open" : "closed";
}
