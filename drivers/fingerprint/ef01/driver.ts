import {
  type Cleared,
  type Driver,
  deviceFault,
  type Fingerprint,
  type FingerprintCapabilities,
  type Retention,
  type Session,
} from "../../contract/index.ts";
import { type Clock, Emitter, err, isFault, ok, type Result } from "../../kit/index.ts";
import type { SerialFactory } from "../../ports/index.ts";
import { capture, verify } from "./capture.ts";
import { clearAll, forget, tidy } from "./clearing.ts";
import { enrol, identify, pagesInUse, remove } from "./library.ts";
import { Ef01Link } from "./link.ts";
import { Ef01Module, type ProductInfo } from "./module.ts";
import { light, type Opened } from "./person.ts";
import { PROFILES, type ProfileName, templateFormat } from "./profiles.ts";
import { selfTests } from "./selftest.ts";
import { changePacketSize, changeRate, changeSecurity } from "./settings.ts";

export interface Ef01Settings {
  role: string;
  port: { path: string; baudRate: number };
  profile: ProfileName;
  address: number;
  /** Page that 1:1 borrows where buffer numbers are ignored. */
  reservedPage: number;
  retention?: Retention;
  security?: number;
}

/** Rates at which a module may have been left, the configured one first. */
const OTHER_RATES = [57_600, 115_200, 38_400, 19_200, 9_600];
const WIDEST_PACKET = 256;

/** A fingerprint module of the EF01 family. It holds nothing of a person: cleared after each use and at each start. */
export function ef01Driver(
  settings: Ef01Settings,
  options: { serial: SerialFactory; clock: Clock },
): Driver<Fingerprint> {
  const profile = PROFILES[settings.profile];
  /** Settings that this module refused: its flash is not written again at every opening. */
  const refusedSettings = new Set<string>();
  const unproved = new Set<number>();
  const once = async (setting: string, change: () => Promise<boolean>): Promise<boolean> => {
    if (refusedSettings.has(setting)) return false;
    const changed = await change();
    if (!changed) refusedSettings.add(setting);
    return changed;
  };
  return {
    role: settings.role,
    class: "fingerprint",
    name: "fingerprint.ef01",
    probeEveryMs: 2_000,
    deviceTimeMs: 6_000,
    open: async () => {
      const link = new Ef01Link(await options.serial(settings.port), options.clock, settings.address);
      const module = new Ef01Module(link);
      try {
        const rate = await findRate(module, link, settings.port.baudRate);
        const found = await module.parameters();
        if (found && found.packetSize < WIDEST_PACKET)
          await once("packetSize", () => changePacketSize(module, found.packetSize, WIDEST_PACKET));
        if (found && settings.security !== undefined && found.security !== settings.security) {
          const { security } = settings;
          await once("security", () => changeSecurity(module, found.security, security));
        }
        if (found && rate !== settings.port.baudRate)
          await once("baudRate", () => changeRate(module, link, rate, settings.port.baudRate));
        const info = profile.isR503 ? await module.productInfo() : undefined;
        const capacity = found?.capacity ?? profile.leastCapacity;
        const { role, reservedPage } = settings;
        if (reservedPage >= capacity) throw deviceFault("invalidParameter", { role, reservedPage, capacity });
        const closing = new AbortController();
        const opened: Opened = {
          role,
          profile,
          module,
          clock: options.clock,
          capacity,
          reservedPage,
          retention: settings.retention ?? "clear",
          closing: closing.signal,
          templateBytes: info?.templateBytes || undefined,
          dirty: true,
          unproved,
        };
        return session(opened, link, closing, info);
      } catch (error) {
        await link.close();
        throw error;
      }
    },
  };
}

/** The rate at which the module answers; the line is left there. */
async function findRate(module: Ef01Module, link: Ef01Link, configured: number): Promise<number> {
  for (const rate of [configured, ...OTHER_RATES.filter((other) => other !== configured)]) {
    if (rate !== configured) await link.setBaudRate(rate);
    try {
      await module.verifyPassword();
      return rate;
    } catch (error) {
      if (!isFault(error, "device.noReply")) throw error;
    }
  }
  throw deviceFault("noReply");
}

function session(
  opened: Opened,
  link: Ef01Link,
  closing: AbortController,
  info: ProductInfo | undefined,
): Session<Fingerprint> {
  const { module, profile, role, retention, clock } = opened;
  const capabilities = (): FingerprintCapabilities => ({
    resolutionDpi: profile.resolutionDpi,
    imageWidth: profile.imageWidth,
    imageHeight: profile.imageHeight,
    templateFormat: templateFormat(profile, opened.templateBytes ?? profile.usualTemplateBytes),
    padLevel: 0,
    grade: "verification",
    capacity: opened.capacity - 1,
    retention,
    enrolCaptures: profile.enrolCaptures,
  });
  const events = new Emitter<{ cleared: Cleared }>();
  /** What the recovery removed, until somebody listens. */
  let untold: Cleared | undefined;
  const told = (why: Cleared["why"], templates: number, buffers: boolean): Cleared => {
    const cleared = { at: clock.wall(), why, templates, buffers };
    events.emit("cleared", cleared);
    return cleared;
  };
  const running = new Set<Promise<unknown>>();
  const answer = async <T>(job: () => Promise<Result<T>>): Promise<Result<T>> => {
    const work = job().catch((error: unknown) =>
      err(isFault(error) ? error : deviceFault("fault", { role }, error)),
    );
    running.add(work);
    return work.finally(() => running.delete(work));
  };
  /** For verbs that wait for a person: after a bad end nothing says "place your finger" any more. */
  const withLight = async <T>(job: () => Promise<Result<T>>): Promise<Result<T>> => {
    const result = await answer(job);
    if (!result.ok) await light(opened, "off").catch(() => undefined);
    return result;
  };
  const clear = async (all: boolean, why: Cleared["why"]): Promise<Cleared> => {
    if (all || retention === "clear") return told(why, await clearAll(opened), true);
    if (why === "recovery") return told(why, await tidy(opened), true);
    await forget(opened);
    return told(why, 0, true);
  };

  const verbs: Fingerprint = {
    get capabilities() {
      return capabilities();
    },
    capture: ({ minQuality }, context) => withLight(() => capture(opened, minQuality, context)),
    verify: (request, context) => answer(() => verify(opened, request, context)),
    enrol: (request, context) => withLight(() => enrol(opened, request, context)),
    identify: (context) => withLight(() => identify(opened, context)),
    list: () => answer(async () => ok({ ids: await pagesInUse(opened) })),
    remove: ({ id }) =>
      answer(async () => {
        const removed = await remove(opened, id);
        if (!removed.ok) return removed;
        if (removed.value) told("delete", 1, false);
        return ok(undefined);
      }),
    clear: ({ all = false } = {}) =>
      answer(async () => {
        await clear(all, "request");
        return ok(undefined);
      }),
    onCleared: (listener) => {
      if (untold) listener(untold);
      untold = undefined;
      return events.on("cleared", listener);
    },
  };

  return {
    identity: {
      model: profile.model,
      ...(info?.serial ? { serial: info.serial } : {}),
      ...(info ? { firmware: info.firmware } : {}),
    },
    capabilities: { ...capabilities() },
    verbs,
    selfTests: selfTests(opened),
    recover: async () => {
      untold = await clear(false, "recovery");
      return { templatesCleared: untold.templates };
    },
    probe: () => module.verifyPassword(),
    lost: link.lost,
    close: async () => {
      closing.abort();
      await Promise.all(running);
      // A visit that is broken off leaves nothing either, where the module can still be told.
      if (link.answering) await clear(false, "request").catch(() => undefined);
      await link.close();
    },
  };
}
