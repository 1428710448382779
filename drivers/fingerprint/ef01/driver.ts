import {
  type CaptureContext,
  type Driver,
  deviceFault,
  type FingerCapture,
  type Fingerprint,
  type FingerprintCapabilities,
  type Session,
} from "../../contract/index.ts";
import { type Clock, err, isFault, ok, type Result } from "../../kit/index.ts";
import type { SerialFactory } from "../../ports/index.ts";
import { ACK } from "./frame.ts";
import { expandImage, imageQuality } from "./image.ts";
import { Ef01Link } from "./link.ts";
import { Ef01Module, refused } from "./module.ts";
import { PROFILES, type Profile, type ProfileName } from "./profiles.ts";

export interface Ef01Settings {
  role: string;
  port: { path: string; baudRate: number };
  profile: ProfileName;
  address: number;
  /** Page that 1:1 borrows where buffer numbers are ignored. */
  reservedPage: number;
}

const POLL_MS = 120;
/** Rates at which a module may have been left, the configured one first. */
const OTHER_RATES = [57_600, 115_200, 38_400, 19_200, 9_600];

/** A fingerprint module of the EF01 family. It holds nothing of a person: cleared after each use and at each start. */
export function ef01Driver(
  settings: Ef01Settings,
  options: { serial: SerialFactory; clock: Clock },
): Driver<Fingerprint> {
  const profile = PROFILES[settings.profile];
  return {
    role: settings.role,
    class: "fingerprint",
    name: "fingerprint.ef01",
    probeEveryMs: 2_000,
    deviceTimeMs: 6_000,
    open: async () => {
      const connection = await options.serial(settings.port);
      const link = new Ef01Link(connection, options.clock, settings.address);
      const module = new Ef01Module(link);
      try {
        await findRate(module, link, settings.port.baudRate);
        const parameters = await module.parameters();
        await module.widenPackets(parameters.packetSize);
        const info = profile.hasAura ? await module.productInfo() : undefined;
        if (settings.reservedPage >= parameters.capacity) {
          throw deviceFault("invalidParameter", {
            role: settings.role,
            reservedPage: settings.reservedPage,
            capacity: parameters.capacity,
          });
        }
        return session(settings, profile, module, link, options.clock, parameters.capacity, info);
      } catch (error) {
        await link.close();
        throw error;
      }
    },
  };
}

async function findRate(module: Ef01Module, link: Ef01Link, configured: number): Promise<void> {
  for (const rate of [configured, ...OTHER_RATES.filter((other) => other !== configured)]) {
    if (rate !== configured) await link.setBaudRate(rate);
    try {
      return await module.verifyPassword();
    } catch (error) {
      if (!isFault(error, "device.noReply")) throw error;
    }
  }
  throw deviceFault("noReply");
}

function session(
  settings: Ef01Settings,
  profile: Profile,
  module: Ef01Module,
  link: Ef01Link,
  clock: Clock,
  capacity: number,
  info: { serial: string; firmware: string } | undefined,
): Session<Fingerprint> {
  const capabilities: FingerprintCapabilities = {
    resolutionDpi: profile.resolutionDpi,
    imageWidth: profile.imageWidth,
    imageHeight: profile.imageHeight,
    templateFormat: profile.templateFormat,
    padLevel: 0,
    grade: "verification",
    capacity,
  };
  const light = async (control: 1 | 3 | 4, colour: 1 | 2 | 4): Promise<void> => {
    if (profile.hasAura) await module.aura(control, colour);
  };
  const clear = async (): Promise<number> => {
    const left = await module.templateCount();
    if (left > 0) await module.empty();
    if (profile.hasSoftReset) await module.softReset();
    await light(4, 2);
    return left;
  };
  /** Aborted when the session closes: what runs then ends by its own safe path, and takes its template with it. */
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const answer = async <T>(job: () => Promise<Result<T>>): Promise<Result<T>> => {
    const work = job().catch((error: unknown) =>
      err(isFault(error) ? error : deviceFault("fault", { role: settings.role }, error)),
    );
    running.add(work);
    return work.finally(() => running.delete(work));
  };

  /** Waits for a finger and takes its image; prompts on the way. */
  const image = async (context: CaptureContext): Promise<Result<void>> => {
    const end = clock.mono() + context.userTimeMs;
    context.prompt("place");
    await light(1, 2);
    for (;;) {
      if (context.signal.aborted || closing.signal.aborted) return err(deviceFault("canceled"));
      const code = await module.takeImage();
      if (code === ACK.ok) break;
      if (code !== ACK.noFinger && code !== ACK.captureFailed) throw refused("getImage", code);
      if (clock.mono() >= end) return err(deviceFault("timeoutUser"));
      await clock.sleep(POLL_MS, context.signal);
    }
    context.prompt("working");
    return ok(undefined);
  };

  /** Features of the image into a buffer; a poor image is an answer with its advice. */
  const features = async (buffer: 1 | 2, context: CaptureContext): Promise<Result<void>> => {
    const code = await module.makeFeatures(buffer);
    if (code === ACK.ok) return ok(undefined);
    const prompt =
      code === ACK.tooDry
        ? "tooDry"
        : code === ACK.tooWet
          ? "tooWet"
          : code === ACK.fewFeatures
            ? "moved"
            : "poorQuality";
    if (code !== ACK.messy && code !== ACK.fewFeatures && code !== ACK.tooDry && code !== ACK.tooWet)
      throw refused("makeFeatures", code);
    context.prompt(prompt);
    return err(deviceFault("poorQuality", { advice: prompt }));
  };

  const verbs: Fingerprint = {
    capabilities,
    capture: async ({ minQuality }, context) => {
      const captured = await answer(() => capture(minQuality, context));
      // Green stays on after a good one; after any other nothing says "place your finger" any more.
      if (!captured.ok) await light(4, 2).catch(() => undefined);
      return captured;
    },
    verify: ({ template, templateFormat }, context) =>
      answer(async () => {
        if (templateFormat !== profile.templateFormat)
          return err(deviceFault("invalidParameter", { templateFormat: templateFormat.slice(0, 32) }));
        const compare = profile.buffersWork ? byBuffers : byPage;
        return compare(template, context);
      }),
    clear: () =>
      answer(async () => {
        await clear();
        return ok(undefined);
      }),
  };

  async function capture(minQuality: number, context: CaptureContext): Promise<Result<FingerCapture>> {
    const taken = await image(context);
    if (!taken.ok) return taken;
    const packed = await module.uploadImage();
    const expected = (profile.imageWidth * profile.imageHeight) / 2;
    if (packed.length !== expected) throw deviceFault("protocol", { imageBytes: packed.length, expected });
    const grey = expandImage(packed);
    const quality = imageQuality(grey, profile.imageWidth, profile.imageHeight);
    for (const buffer of [1, 2] as const) {
      const made = await features(buffer, context);
      if (!made.ok) return made;
    }
    if (quality < minQuality) {
      context.prompt("poorQuality");
      return err(deviceFault("poorQuality", { quality, minQuality, advice: "poorQuality" }));
    }
    const merged = await module.makeModel();
    if (merged === ACK.cannotMerge) return err(deviceFault("poorQuality", { advice: "moved" }));
    if (merged !== ACK.ok) throw refused("makeModel", merged);
    const template = await module.uploadTemplate();
    await light(3, 4);
    context.prompt("lift");
    return ok({
      image: grey,
      width: profile.imageWidth,
      height: profile.imageHeight,
      resolutionDpi: profile.resolutionDpi,
      template,
      templateFormat: profile.templateFormat,
      quality,
    });
  }

  async function byPage(
    template: Uint8Array,
    context: CaptureContext,
  ): Promise<Result<{ matched: boolean; score: number }>> {
    const page = settings.reservedPage;
    await module.downloadTemplate(1, template);
    await module.store(page);
    try {
      const taken = await image(context);
      if (!taken.ok) return taken;
      const made = await features(1, context);
      if (!made.ok) return made;
      const score = await module.searchPage(page);
      return ok({ matched: score !== undefined, score: score ?? 0 });
    } finally {
      await module.remove(page);
      await light(4, 2);
    }
  }

  async function byBuffers(
    template: Uint8Array,
    context: CaptureContext,
  ): Promise<Result<{ matched: boolean; score: number }>> {
    const taken = await image(context);
    if (!taken.ok) return taken;
    const made = await features(1, context);
    if (!made.ok) return made;
    await module.downloadTemplate(2, template);
    const score = await module.match();
    return ok({ matched: score !== undefined, score: score ?? 0 });
  }

  return {
    identity: {
      model: profile.model,
      ...(info?.serial ? { serial: info.serial } : {}),
      ...(info ? { firmware: info.firmware } : {}),
    },
    capabilities: { ...capabilities },
    verbs,
    recover: async () => ({ templatesCleared: await clear() }),
    probe: () => module.verifyPassword(),
    lost: link.lost,
    close: async () => {
      closing.abort();
      await Promise.all(running);
      await link.close();
    },
  };
}
