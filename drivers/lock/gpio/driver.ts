import {
  type Driver,
  deviceFault,
  type Lock,
  type LockState,
  type Redeem,
  type Session,
} from "../../contract/index.ts";
import { type Clock, err, isFault, Mutex, ok } from "../../kit/index.ts";
import type { GpioFactory, GpioInput, GpioLine } from "../../ports/index.ts";
import { type Coils, guardedCoils, oneShotCoils } from "./coils.ts";
import { MAX_PULSE_MS } from "./configuration.ts";
import { defaultGuardian } from "./guardian/link.ts";

export interface GpioLockSettings {
  role: string;
  compartments: { coil: GpioLine; door: GpioLine; item?: GpioLine }[];
  coilActiveLow: boolean;
  doorOpenLevel: 0 | 1;
  itemPresentLevel?: 0 | 1;
  debounceMs: number;
  pulseMs: number;
  oneShot?: true;
  guardian?: true;
}

export interface GpioLockOptions {
  gpio: GpioFactory;
  clock: Clock;
  redeem: Redeem;
  /** Entry of the guardian; the one beside this module if left out. */
  guardian?: string | undefined;
}

interface Contacts {
  door: GpioInput;
  item: GpioInput | undefined;
}

/**
 * Locks whose coils hang on GPIO lines, with a contact at each door. The contact tells the door and not the bolt: a door
 * that is closed counts as locked, since a spring bolt catches, and while a coil is driven it counts as nothing.
 */
export function gpioLockDriver(settings: GpioLockSettings, options: GpioLockOptions): Driver<Lock> {
  const { role, compartments } = settings;
  const readsItems = settings.itemPresentLevel !== undefined;
  const capabilities: Lock["capabilities"] = {
    compartments: compartments.length,
    evidence: readsItems ? ["door", "item"] : ["door"],
    pulseMs: settings.pulseMs,
    readsItem: false,
  };

  const openCoils = (signal: AbortSignal): Promise<Coils> => {
    const lines = compartments.map(({ coil }) => coil);
    const common = { lines, activeLow: settings.coilActiveLow, ...settings, ...options };
    return settings.guardian
      ? guardedCoils({ ...common, entry: options.guardian ?? defaultGuardian(), signal })
      : oneShotCoils(common);
  };

  return {
    role,
    class: "lock",
    name: "lock.gpio",
    probeEveryMs: 1_000,
    deviceTimeMs: 5_000,
    open: async (signal) => {
      const wrong = mistake(settings);
      if (wrong) throw deviceFault("invalidParameter", { role, reason: wrong });
      const coils = await openCoils(signal);
      const contacts: Contacts[] = [];
      const closeAll = async (): Promise<void> => {
        // First of all the coils.
        await coils.close();
        for (const { door, item } of contacts) await Promise.all([door.close(), item?.close()]);
      };
      try {
        const contactOptions = { activeLow: false, debounceMs: settings.debounceMs };
        for (const { door, item } of compartments)
          contacts.push({
            door: await options.gpio.input(door, contactOptions),
            item: item && (await options.gpio.input(item, contactOptions)),
          });
      } catch (error) {
        await closeAll();
        throw error;
      }

      /** Compartment whose coil is driven now. */
      let driven: number | undefined;
      const motions = new Mutex();
      /** Settles when no coil is driven any more. */
      let atRest: Promise<void> = Promise.resolve();
      let closing = false;

      const stateOf = async (compartment: number, { door, item }: Contacts): Promise<LockState> => {
        const [doorLevel, itemLevel] = await Promise.all([levelOf(door), item && levelOf(item)]);
        const closed = driven === compartment ? "unknown" : "locked";
        return {
          compartment,
          latch: doorLevel === undefined ? "unknown" : doorLevel === settings.doorOpenLevel ? "open" : closed,
          item:
            itemLevel === undefined
              ? "unknown"
              : itemLevel === settings.itemPresentLevel
                ? "present"
                : "absent",
        };
      };
      const readAll = (): Promise<LockState[]> =>
        Promise.all(contacts.map((contact, compartment) => stateOf(compartment, contact)));

      const session: Session<Lock> = {
        identity: { model: settings.guardian ? "GPIO lock, guarded" : "GPIO lock, one-shot", serial: role },
        capabilities: { ...capabilities },
        verbs: {
          capabilities,
          read: async () => {
            try {
              return ok(await readAll());
            } catch (error) {
              return err(isFault(error) ? error : deviceFault("fault", { role }, error));
            }
          },
          unlock: async (token) => {
            const { compartment } = token;
            if (!compartments[compartment]) return err(deviceFault("invalidParameter", { compartment }));
            return motions.run(async () => {
              // One coil at a time: their supply is made for one.
              await atRest;
              if (closing) return err(deviceFault("absent", { role }));
              options.redeem(token, role, compartment);
              driven = compartment;
              try {
                const { ended } = await coils.pulse(compartment);
                atRest = ended.then(() => {
                  driven = undefined;
                });
                return ok(undefined);
              } catch (error) {
                driven = undefined;
                return err(isFault(error) ? error : deviceFault("fault", { role }, error));
              }
            });
          },
        },
        // The coils were put to rest when they were opened.
        recover: async () => ({ open: (await readAll()).filter(({ latch }) => latch === "open").length }),
        probe: async () => void (await readAll()),
        lost: coils.lost,
        close: async () => {
          closing = true;
          const stopped = motions.stop(deviceFault("absent", { role }));
          await closeAll();
          await stopped;
        },
      };
      return session;
    },
  };
}

/** Of one that is loose nothing is known; what its neighbours say holds all the same. */
async function levelOf(contact: GpioInput): Promise<0 | 1 | undefined> {
  try {
    return await contact.read();
  } catch (error) {
    if (isFault(error, "device.fault") && error.fields.reason === "looseContact") return undefined;
    throw error;
  }
}

/** What is wrong with the settings, beside what their schema sees; nothing is driven then. */
function mistake(settings: GpioLockSettings): string | undefined {
  if (!settings.oneShot && !settings.guardian) return "coilWithoutProtection";
  if (settings.pulseMs > MAX_PULSE_MS) return "pulseTooLong";
  const withItem = settings.compartments.filter(({ item }) => item).length;
  const wanted = settings.itemPresentLevel === undefined ? 0 : settings.compartments.length;
  if (withItem !== wanted) return "itemSensors";
  const lines = settings.compartments.flatMap(({ coil, door, item }) => [
    coil,
    door,
    ...(item ? [item] : []),
  ]);
  if (new Set(lines.map(({ chip, offset }) => `${chip}/${offset}`)).size < lines.length) return "lineTwice";
  return undefined;
}
