import {
  type Camera,
  type Driver,
  deviceFault,
  type ExpectedIdentity,
  type Session,
  STILL_LIMIT_MS,
  type Still,
} from "../../contract/index.ts";
import { type Clock, defer, type Fault, within } from "../../kit/index.ts";
import {
  Alone,
  type CameraCommands,
  Freshness,
  film,
  finishGroup,
  sizeOfJpeg,
  startGroup,
} from "../../ports/index.ts";
import { readFormat, readInfo } from "./answers.ts";
import { findProgram, nodeGone, nodeOf } from "./node.ts";

interface Size {
  width: number;
  height: number;
}

/** What most USB cameras have; a camera that has not gives the nearest, which its capabilities then say. */
const STILL: Size = { width: 1920, height: 1080 };
const PREVIEW: Size = { width: 640, height: 360 };

const ASK_MS = 4_000;
const STALL_MS = 5_000;
const FRAMES_A_SECOND = 15;
/** Two seconds of the same picture. */
const FROZEN_FRAMES = 2 * FRAMES_A_SECOND;
/** Pictures that pass before a still is taken: the camera begins with the exposure of long ago. */
const SETTLING_FRAMES = 10;
/** A still is fresh when so many pictures before and with it are not all the same. */
const FRESH_FRAMES = 3;

export interface V4l2Settings {
  role: string;
  path: string;
  expected?: ExpectedIdentity;
  still?: Size;
  preview?: Size;
}

export interface V4l2Options {
  camera: CameraCommands;
  clock: Clock;
  limits?: { stillMs?: number; stallMs?: number; settlingFrames?: number };
}

/**
 * A USB camera by `v4l2-ctl`, one process for each command, which is killed with its group when it overruns, is no longer
 * wanted, or the session closes. Pictures come over its pipe and are in memory only. Each command opens the camera anew by
 * its stable name, so that nothing of an error is carried on.
 */
export function v4l2Driver(settings: V4l2Settings, options: V4l2Options): Driver<Camera> {
  const { role } = settings;
  const { clock, limits = {} } = options;
  const stallMs = limits.stallMs ?? STALL_MS;

  return {
    role,
    class: "camera",
    name: "camera.v4l2",
    probeEveryMs: 30_000,
    deviceTimeMs: 15_000,
    ...(settings.expected ? { expected: settings.expected } : {}),
    open: async (signal) => {
      const program = await findProgram(role, options.camera.path);
      const alone = new Alone(role);
      const { closing } = alone;

      /** Asks the camera something that takes no picture. */
      const ask = async (stop: AbortSignal, ...args: string[]): Promise<string> => {
        const { path } = await nodeOf(role, settings.path);
        const group = startGroup(program, ["--device", path, ...args], { path: "/usr/bin:/bin" });
        const ended = await finishGroup(group, { role, clock, limitMs: ASK_MS, signals: [stop] });
        // A node that has gone in the meantime says so itself.
        await nodeOf(role, settings.path);
        if (ended.exit !== 0) throw deviceFault("fault", { role, exit: ended.exit ?? "killed" });
        return ended.text;
      };
      const identify = async (stop: AbortSignal) => {
        const info = readInfo(await ask(stop, "--info", "--list-formats"));
        if (!info?.captures) throw deviceFault("misbound", { role, reason: "noCamera" });
        if (!info.mjpeg) throw deviceFault("misbound", { role, reason: "noJpeg" });
        return info;
      };
      const format = ({ width, height }: Size) => `width=${width},height=${height},pixelformat=MJPG`;
      /** The size that the camera gives when it is asked for this one. */
      const offered = async (wanted: Size): Promise<Size> => {
        const found = readFormat(await ask(signal, `--try-fmt-video=${format(wanted)}`));
        if (!found) throw deviceFault("protocol", { role, reason: "noFormat" });
        return found;
      };

      const first = await nodeOf(role, settings.path);
      const info = await identify(signal);
      const sizes = {
        still: await offered(settings.still ?? STILL),
        preview: await offered(settings.preview ?? PREVIEW),
      };
      const capabilities = {
        stillWidth: sizes.still.width,
        stillHeight: sizes.still.height,
        previewWidth: sizes.preview.width,
        previewHeight: sizes.preview.height,
      };

      /** Pictures of one size until `wanted` aborts. Rejects with what ended them before. */
      const stream = async (size: Size, onFrame: (jpeg: Uint8Array) => void, wanted: AbortSignal) => {
        const { path } = await nodeOf(role, settings.path);
        const args = [
          ...["--device", path, `--set-fmt-video=${format(size)}`, `--set-parm=${FRAMES_A_SECOND}`],
          ...["--stream-mmap", "--stream-to=-", "--silent"],
        ];
        const order = { role, program, args, clock, stallMs, frozenFrames: FROZEN_FRAMES };
        const checked = (jpeg: Uint8Array): void => {
          const found = sizeOfJpeg(jpeg);
          if (found?.[0] !== size.width || found[1] !== size.height)
            throw deviceFault("protocol", { role, reason: "otherSize" });
          onFrame(jpeg);
        };
        const fault = await film(order, checked, AbortSignal.any([wanted, closing]));
        if (!fault) return;
        // A film that ends by itself mostly means that the camera was unplugged.
        if (fault.code === "device.fault") await nodeOf(role, settings.path);
        throw fault;
      };

      const takeStill = async (wanted: AbortSignal): Promise<Still> => {
        if (wanted.aborted) throw deviceFault("canceled", { role });
        const freshness = new Freshness(FRESH_FRAMES);
        const settling = limits.settlingFrames ?? SETTLING_FRAMES;
        const enough = new AbortController();
        let count = 0;
        let still: Still | undefined;
        const onFrame = (jpeg: Uint8Array): void => {
          if (still) return;
          const frozen = freshness.isFrozen(jpeg);
          if (++count < settling + FRESH_FRAMES) return;
          if (frozen) throw deviceFault("frozen", { role });
          still = { jpeg, at: clock.wall() };
          enough.abort();
        };
        const late = new AbortController();
        const taking = stream(sizes.still, onFrame, AbortSignal.any([wanted, enough.signal, late.signal]));
        try {
          await within(clock, limits.stillMs ?? STILL_LIMIT_MS, taking, () =>
            deviceFault("timeoutDevice", { role }),
          );
        } finally {
          // The next command begins when this one's program has ended.
          late.abort();
          await taking.catch(() => undefined);
        }
        if (!still) throw deviceFault("canceled", { role });
        return still;
      };

      const gone = new AbortController();
      const lost = defer<Fault>();
      void nodeGone(settings.path, first, { role, clock, signal: gone.signal }).then(
        (fault) => fault && lost.resolve(fault),
      );
      const session: Session<Camera> = {
        identity: { model: info.card, ...(info.serial ? { serial: info.serial } : {}) },
        capabilities,
        verbs: {
          capabilities,
          still: ({ signal: wanted }) => alone.run(() => takeStill(wanted)),
          preview: (onFrame, wanted) => alone.run(() => stream(sizes.preview, onFrame, wanted)),
        },
        recover: async () => ({}),
        // Another camera behind the same name would be another identity.
        probe: async () => {
          const { card, serial } = await identify(closing);
          if (card !== info.card || serial !== info.serial) throw deviceFault("misbound", { role });
        },
        lost: lost.promise,
        close: async () => {
          gone.abort();
          await alone.close();
        },
      };
      return session;
    },
  };
}
