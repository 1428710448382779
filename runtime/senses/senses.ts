import type { Server } from "node:net";
import { type CameraRole, deviceFault, type FingerPosition } from "../../drivers/contract/index.ts";
import { Readings } from "../../drivers/host/index.ts";
import { type Clock, err, ok, type Result, systemClock } from "../../drivers/kit/index.ts";
import type { Ports } from "../../drivers/ports/index.ts";
import { readConfiguration } from "../../provisioning/index.ts";
import { Diagnostics } from "../diagnostics/index.ts";
import {
  type Handlers,
  listenUnix,
  Peer,
  type Running,
  type sensesEvents,
  sensesMethods,
  socketOf,
} from "../ipc/index.ts";
import { attestationKey } from "./attestation.ts";
import { captured } from "./capturing.ts";
import { Clearings } from "./clearings.ts";
import { makeDevices } from "./devices.ts";
import { log } from "./faults.ts";
import { Printing } from "./printing.ts";
import { scanCode } from "./scan.ts";
import { Sessions } from "./sessions.ts";
import { verifyFinger } from "./verify.ts";
import { type HelperCommand, Vision } from "./vision/index.ts";

export interface SensesOptions {
  /** State folder of the unit. */
  state: string;
  ports: Ports;
  clock?: Clock;
  /** Ends the process: a driver holds its device beyond its time. Without it the device is tried anew. */
  onWedged?: (role: string) => void;
  /** How the vision helper is started, when not as a neighbour of this file. */
  helpers?: { vision?: HelperCommand };
}

type SensesPeer = Peer<Record<never, never>, Record<never, never>, typeof sensesEvents>;

/** Features, image and template over a slow line, beside what a person may take, ms. */
const FINGER_DEVICE_MS = 20_000;
const CLEAR_MS = 6_000;
const SENSOR_MS = 2_000;

/**
 * Starts the senses: what captures, for the core. Nothing of a person outlives a visit here: captures go out in the answer,
 * the module is cleared, the vision helper is killed.
 * @throws Fault of the configuration; the unit then stays out of service
 */
export async function startSenses(options: SensesOptions): Promise<Running> {
  const clock = options.clock ?? systemClock;
  const configuration = await readConfiguration(options.state);
  if (!configuration.ok) throw configuration.error;
  const { unit, centre, devices: configured } = configuration.value;
  const signer = attestationKey(options.state);
  const peers = new Set<SensesPeer>();
  const sessions = new Sessions<SensesPeer>();
  const vision = new Vision(clock, options.helpers?.vision);
  const printing = new Printing();
  const clearings = new Clearings(() => {
    for (const peer of peers) peer.emit("cleared", {});
  });
  const diagnostics = new Diagnostics({
    clock,
    state: options.state,
    process: "senses",
    devices: () => devices.all(),
  });
  const devices = await makeDevices({
    configured,
    ports: options.ports,
    clock,
    redeem: printing.redeem,
    tap: diagnostics.tap,
    onStatus: (device) => {
      diagnostics.status(device);
      for (const peer of peers) peer.emit("status", { device });
    },
    onWedged: (role) => diagnostics.wedged(role, options.onWedged),
    onCleared: (role, cleared) => clearings.add({ role, ...cleared }),
  });
  const sensors = new Readings(
    devices.sensors.map((host) => ({
      role: host.role,
      read: () => host.use("query", SENSOR_MS, (sensor) => sensor.read()),
    })),
  );

  const absent = (what: string) => err(deviceFault("absent", { role: what }));
  const bare = (): Result<{ body: Record<string, never>; parts: Uint8Array[] }> =>
    ok({ body: {}, parts: [] });
  const answer = <T>(result: Result<T>): Result<{ body: T; parts: Uint8Array[] }> =>
    result.ok ? ok({ body: result.value, parts: [] }) : result;

  async function clear(): Promise<Result<void>> {
    sessions.cancelAll();
    vision.kill();
    for (const view of devices.views()) for (const peer of peers) view.leave(peer);
    const module = devices.finger;
    // A module that is away is cleared by its recovery, before it serves again.
    const cleared = await module?.use("configure", CLEAR_MS, (finger) => finger.clear());
    log("cleared", { module: cleared?.ok ?? false });
    return cleared && !cleared.ok && cleared.error.code !== "device.notReady" ? cleared : ok(undefined);
  }

  function handlersFor(peer: () => SensesPeer): Handlers<typeof sensesMethods> {
    const person = (session: string, userTimeMs: number, signal: AbortSignal) => ({
      signal,
      userTimeMs,
      prompt: (prompt: Parameters<Parameters<typeof verifyFinger>[3]["prompt"]>[0]) =>
        peer().emit("finger.prompt", { session, prompt }),
    });
    return {
      status: async () =>
        ok({ body: { devices: devices.all().map((device) => device.status()) }, parts: [] }),
      "finger.capture": ({ session, position, minQuality, userTimeMs }) =>
        sessions.run(peer(), session, async (signal) => {
          const { finger } = devices;
          if (!finger) return absent("finger");
          const context = person(session, userTimeMs, signal);
          const asked = { verb: "capture", deviceTimeMs: FINGER_DEVICE_MS, userTimeMs };
          const taken = await captured(finger, asked, signal, (module, own) =>
            module.capture({ position: position as FingerPosition, minQuality }, { ...context, signal: own }),
          );
          if (!taken.ok) return taken;
          const { image, template, ...body } = taken.value;
          return ok({ body, parts: [image, template], personal: true });
        }),
      "finger.verify": ({ session, userTimeMs, ...request }) =>
        sessions.run(peer(), session, async (signal) => {
          const { finger } = devices;
          if (!finger) return absent("finger");
          const context = person(session, userTimeMs, signal);
          const asked = { verb: "verify", deviceTimeMs: FINGER_DEVICE_MS, userTimeMs };
          const compared = await verifyFinger(
            request,
            { unit, keys: centre.keys, signer },
            (run) => captured(finger, asked, signal, run),
            context,
          );
          return answer(compared);
        }),
      "photo.take": ({ session, profile }) =>
        sessions.run(peer(), session, async (signal) => {
          const view = devices.view("portrait");
          if (!view) return absent("camera.portrait");
          const still = await view.still(signal);
          if (!still.ok) return still;
          const { jpeg } = still.value;
          // A visit that was cleared meanwhile must not start the helper again with its last picture.
          const assessed = signal.aborted ? undefined : await vision.assess(jpeg, profile);
          if (!signal.aborted && assessed?.ok) {
            const { cropped, ...body } = assessed.value;
            return ok({ body, parts: [jpeg, cropped], personal: true });
          }
          jpeg.fill(0);
          if (assessed?.ok) assessed.value.cropped.fill(0);
          return assessed && !assessed.ok && !signal.aborted ? assessed : err(deviceFault("canceled"));
        }),
      "code.scan": ({ session, userTimeMs }) =>
        sessions.run(peer(), session, async (signal) => {
          const view = devices.view("document");
          if (!view) return absent("camera.document");
          const text = await scanCode(view, vision, clock, { userTimeMs, signal });
          return text.ok ? ok({ body: { text: text.value }, parts: [] }) : text;
        }),
      "preview.start": async ({ role }) => {
        const view = devices.view(role);
        if (!view) return absent(`camera.${role}`);
        const screen = peer();
        view.watch(screen, (jpeg) => screen.emit("preview.frame", { role: role as CameraRole }, [jpeg]));
        return bare();
      },
      "preview.stop": async ({ role }) => {
        devices.view(role)?.leave(peer());
        return bare();
      },
      cancel: async ({ session }) => {
        sessions.cancel(session);
        return bare();
      },
      "sensor.read": async () => ok({ body: { readings: await sensors.read() }, parts: [] }),
      "receipt.print": async ({ command, document }) =>
        ok({ body: await printing.print(devices.printer, command, document), parts: [] }),
      "visit.clear": async () => {
        const cleared = await clear();
        return cleared.ok ? bare() : cleared;
      },
      "cleared.take": async () => ok({ body: { cleared: clearings.take() }, parts: [] }),
      "vision.warm": async () => {
        void vision.warm();
        return bare();
      },
    };
  }

  const server: Server = await listenUnix(socketOf(options.state, "senses"), (socket) => {
    const peer: SensesPeer = new Peer(socket, {
      remote: {},
      incoming: {},
      local: sensesMethods,
      handlers: handlersFor(() => peer) as never,
      more: diagnostics.methods(() => peer.closed),
    });
    peers.add(peer);
    void peer.closed.then(() => {
      peers.delete(peer);
      sessions.cancelOf(peer);
      // Who died in the middle of a visit clears nothing any more: the helper holds its last picture.
      if (sessions.served(peer)) vision.kill("gone");
      for (const view of devices.views()) view.leave(peer);
    });
  });
  for (const device of devices.all()) device.start();

  return {
    healthy: diagnostics.healthy,
    stop: async () => {
      server.close();
      // Nobody can ask for anything from here on; what ran is cancelled with its connection.
      for (const peer of peers) peer.close();
      sessions.cancelAll();
      vision.kill("stop");
      await Promise.all(devices.views().map((view) => view.stop()));
      await Promise.all(devices.all().map((device) => device.stop()));
      await diagnostics.stop();
    },
  };
}
