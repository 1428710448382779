import { type Camera, type Driver, deviceFault, type Session, STILL_LIMIT_MS } from "../../contract/index.ts";
import { type Clock, defer, type Fault } from "../../kit/index.ts";
import { Alone, type CameraCommands, Freshness, film, finishGroup } from "../../ports/index.ts";
import { CameraList } from "./list.ts";
import { stillFolder } from "./memory.ts";
import { findInList, findPrograms } from "./programs.ts";
import { collectStill, defaultHelper, startStill } from "./still.ts";

export interface CameraSizes {
  /** Width and height, px; even. */
  still: readonly [width: number, height: number];
  preview: readonly [width: number, height: number];
}

/** For documents and codes: the binned mode of the common 12-megapixel sensors, and a preview of its proportions. */
export const LANDSCAPE: CameraSizes = { still: [2304, 1296], preview: [1024, 576] };
/** For people: 4:5 as on a document's photograph, cut out of the same mode by the camera program. */
export const PORTRAIT: CameraSizes = { still: [1032, 1290], preview: [512, 640] };

const STALL_MS = 5_000;
const LIST_LIMIT_MS = 4_000;
/** So many stills in a row with the same bytes. */
const FROZEN_STILLS = 3;
const FRAMES_A_SECOND = 15;
/** Two seconds of the same picture. */
const FROZEN_FRAMES = 2 * FRAMES_A_SECOND;

export interface LibcameraSettings {
  role: string;
  /** As the camera programs count, from 0. */
  index: number;
  /** Default: `PORTRAIT` for a role that ends with `.portrait`, else `LANDSCAPE`. */
  sizes?: CameraSizes;
}

export interface CameraOptions {
  camera: CameraCommands;
  clock: Clock;
  /** Shared by the cameras of a process; default one's own. */
  list?: CameraList;
  /** Path of the still helper, `.ts` or a bundle; default beside this module. */
  helper?: string;
  /** A memory-backed folder, default /dev/shm. */
  memory?: string;
  limits?: { stillMs?: number; stallMs?: number };
}

/**
 * A camera behind the libcamera programs. Stills go through `node-libcamera` in a helper process, the preview through the
 * film program; one of both at a time. Whatever is started is killed with its children when it overruns, is no longer
 * wanted, or the session closes.
 */
export function libcameraDriver(settings: LibcameraSettings, options: CameraOptions): Driver<Camera> {
  const { role, index } = settings;
  const { clock, list: cameras = new CameraList() } = options;
  const sizes = settings.sizes ?? (role.endsWith(".portrait") ? PORTRAIT : LANDSCAPE);
  const stillMs = options.limits?.stillMs ?? STILL_LIMIT_MS;

  /** Pictures of former sessions count: a camera that is still frozen after it was opened anew is not called fresh. */
  const freshness = new Freshness(FROZEN_STILLS);

  return {
    role,
    class: "camera",
    name: "camera.libcamera",
    probeEveryMs: 30_000,
    deviceTimeMs: 5_000,
    open: async (signal) => {
      const programs = await findPrograms(options.camera.path);
      const list = async (stop: AbortSignal) => {
        const ended = await finishGroup(cameras.ask(programs.still), {
          role,
          clock,
          limitMs: LIST_LIMIT_MS,
          signals: [stop],
        });
        const found = findInList(ended.text, index);
        if (found === "absent") throw deviceFault("absent", { role, index });
        return found;
      };
      const found = await list(signal);
      const folder = stillFolder(options.memory ?? "/dev/shm", index, programs.still);
      const alone = new Alone(role);
      const { closing } = alone;
      const capabilities = {
        stillWidth: sizes.still[0],
        stillHeight: sizes.still[1],
        previewWidth: sizes.preview[0],
        previewHeight: sizes.preview[1],
      };

      const takeStill = async (wanted: AbortSignal) => {
        if (wanted.aborted) throw deviceFault("canceled", { role });
        const [width, height] = sizes.still;
        const helper = options.helper ?? defaultHelper();
        const order = { index, width, height, folder, helper, limitMs: stillMs };
        try {
          const limits = { role, clock, limitMs: stillMs, signals: [wanted, closing] };
          const ended = await finishGroup(startStill(order), limits);
          const jpeg = collectStill(order, ended);
          if (freshness.isFrozen(jpeg)) throw deviceFault("frozen", { role });
          return { jpeg, at: clock.wall() };
        } catch (error) {
          folder.wipe();
          throw error;
        }
      };
      const show = async (onFrame: (jpeg: Uint8Array) => void, wanted: AbortSignal) => {
        const [width, height] = sizes.preview;
        const stallMs = options.limits?.stallMs ?? STALL_MS;
        const args = [
          ...["--codec", "mjpeg", "--output", "-", "--timeout", "0", "--nopreview", "--flush"],
          ...["--width", String(width), "--height", String(height)],
          ...["--camera", String(index), "--framerate", String(FRAMES_A_SECOND)],
        ];
        const order = { role, program: programs.vid, args, clock, stallMs, frozenFrames: FROZEN_FRAMES };
        const fault = await film(order, onFrame, AbortSignal.any([wanted, closing]));
        if (!fault) return;
        // A film that ends by itself mostly means that the camera was unplugged.
        if (fault.code === "device.fault") await list(closing);
        throw fault;
      };

      const session: Session<Camera> = {
        identity: { model: typeof found === "object" ? found.sensor : "libcamera" },
        capabilities,
        verbs: {
          capabilities,
          still: ({ signal: wanted }) => alone.run(() => takeStill(wanted)),
          preview: (onFrame, wanted) => alone.run(() => show(onFrame, wanted)),
        },
        recover: async () => ({ wiped: folder.wipe() }),
        probe: async () => void (await list(closing)),
        // Nothing stays open between two commands, so nothing can be lost by itself.
        lost: defer<Fault>().promise,
        close: async () => {
          await alone.close();
          folder.remove();
        },
      };
      return session;
    },
  };
}
