import {
  type Dispenser,
  type DispenserCapabilities,
  type DispenserMotion,
  type DispenserState,
  type Driver,
  deviceFault,
  type MotionToken,
  type Redeem,
  type Session,
} from "../../contract/index.ts";
import { type Clock, err, isFault, ok, type Result } from "../../kit/index.ts";
import type { SerialFactory } from "../../ports/index.ts";
import { CRT591_MAGAZINES } from "./configuration.ts";
import { Crt591Link } from "./link.ts";
import { PROFILES, type Profile, type ProfileName, profileOf } from "./profiles.ts";
import { Crt591Unit } from "./unit.ts";

export interface Crt591Settings {
  role: string;
  port: { path: string; baudRate: number };
  /** DIP switches, 0-15. */
  address: number;
  profile: ProfileName;
}

/** Rates in the order in which a unit is looked for; the configured one comes first. It adapts at its first INIT. */
const RATES = [115_200, 9_600, 38_400, 19_200, 57_600];

/** A Creator CRT-571/591 with one magazine. It reads the RF UID of the item before anybody can take it. */
export function crt591Driver(
  settings: Crt591Settings,
  options: { serial: SerialFactory; clock: Clock; redeem: Redeem },
): Driver<Dispenser> {
  const profile = PROFILES[settings.profile];
  return {
    role: settings.role,
    class: "dispenser",
    name: "dispenser.crt591",
    probeEveryMs: 2_000,
    deviceTimeMs: 45_000,
    open: async (signal) => {
      const connection = await options.serial(settings.port);
      const { address, port } = settings;
      const link = new Crt591Link(connection, options.clock, { address, profile, baudRate: port.baudRate });
      const unit = new Crt591Unit(link, profile);
      try {
        const firmware = await findRate(unit, link, port.baudRate, signal);
        const version = await unit.version();
        const found = profileOf(firmware, version);
        if (found !== profile.name)
          throw deviceFault("misbound", {
            role: settings.role,
            expected: profile.name,
            found: found ?? "other",
          });
        const serial = await unit.serialNumber().catch(noSerialNumber);
        const counts = await unit.hasBinCounter();
        return session(settings.role, profile, unit, link, options.redeem, {
          identity: { model: firmware, firmware: version, ...(serial ? { serial } : {}) },
          counts,
        });
      } catch (error) {
        await link.close();
        throw error;
      }
    },
  };
}

function noSerialNumber(error: unknown): undefined {
  if (!isFault(error, "device.refused")) throw error;
}

/**
 * Initialises the unit at the rate at which it answers. Only when nobody does at any is the line cleared by EOT and all
 * tried once more: EOT would stop a motion that a former life of this process had begun.
 */
async function findRate(
  unit: Crt591Unit,
  link: Crt591Link,
  configured: number,
  signal: AbortSignal,
): Promise<string> {
  const rates = [configured, ...RATES.filter((other) => other !== configured)];
  for (const clearing of [false, true]) {
    for (const rate of rates) {
      if (signal.aborted) throw deviceFault("notReady");
      await link.setBaudRate(rate);
      if (clearing) await link.clearLine();
      try {
        return await unit.initialise();
      } catch (error) {
        if (!isFault(error, "device.noReply") && !isFault(error, "device.protocol")) throw error;
      }
    }
  }
  throw deviceFault("noReply");
}

function session(
  role: string,
  profile: Profile,
  unit: Crt591Unit,
  link: Crt591Link,
  redeem: Redeem,
  { identity, counts }: { identity: Session<Dispenser>["identity"]; counts: boolean },
): Session<Dispenser> {
  const capabilities: DispenserCapabilities = {
    magazines: CRT591_MAGAZINES,
    evidence: counts ? ["path", "bin"] : ["path"],
    readsItem: true,
    accepts: true,
    retractsByItself: profile.retractsByItself,
  };
  const answer = async <T>(job: () => Promise<T>): Promise<Result<T>> => {
    try {
      return ok(await job());
    } catch (error) {
      return err(isFault(error) ? error : deviceFault("fault", { role }, error));
    }
  };
  /**
   * What an opcode does depends on where the item is: a unit that finds its path empty may feed one. So the path is asked
   * first, and a token is used up only for the motion that it is for.
   */
  const moving =
    (motion: DispenserMotion, from: readonly DispenserState["path"][]) =>
    (token: MotionToken): Promise<Result<void>> =>
      answer(async () => {
        if (token.compartment !== 0) throw deviceFault("invalidParameter", { magazine: token.compartment });
        const path = await unit.path();
        if (!from.includes(path)) throw deviceFault("notReady", { role, motion, path });
        await unit.move(profile[motion], () => redeem(token, role, token.compartment, motion));
      });

  const verbs: Dispenser = {
    capabilities,
    read: () => answer(() => unit.state()),
    identify: () => answer(() => unit.uid()),
    feed: moving("feed", ["clear"]),
    present: moving("present", ["reader"]),
    retract: moving("retract", ["reader", "gate"]),
    accept: moving("accept", ["clear"]),
    endAccept: () => answer(unit.endAccept),
    clearBinCount: () => answer(unit.zeroBin),
  };
  const actuate = { kind: "actuate", deviceTimeMs: 20_000 } as const;
  return {
    identity,
    capabilities: { ...capabilities },
    verbs,
    declares: {
      read: { kind: "query", deviceTimeMs: 15_000 },
      identify: { kind: "query", deviceTimeMs: 30_000 },
      feed: actuate,
      present: actuate,
      retract: actuate,
      accept: actuate,
      endAccept: { kind: "configure", deviceTimeMs: 5_000 },
      clearBinCount: { kind: "configure", deviceTimeMs: 10_000 },
    },
    // INIT 33 has closed the entry and left the item where it is; where that is, is for the vault to know.
    recover: async () => {
      const { path, bin } = await unit.state();
      return { path, binFull: bin.full, ...(bin.count === undefined ? {} : { binCount: bin.count }) };
    },
    probe: async () => {
      await unit.path();
    },
    lost: link.lost,
    close: () => link.close(),
  };
}
