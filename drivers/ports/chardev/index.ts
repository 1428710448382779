import { deviceFault } from "../../contract/index.ts";
import type { Fault } from "../../kit/index.ts";
import type { GpioFactory, GpioLine } from "../types.ts";
import { type GpioKernel, linuxKernel } from "./kernel.ts";
import {
  chipInfoBuffer,
  EVENT_SIZE,
  IOCTL,
  type LineUse,
  lineRequest,
  lineValues,
  readChipInfo,
  readEvents,
  readLevel,
  requestedFile,
} from "./uapi.ts";

export type { GpioKernel } from "./kernel.ts";

/** Most edges that are taken at once; the kernel keeps 16 for one line. */
const EVENTS_AT_ONCE = 16;

/**
 * GPIO over the character device (`/dev/gpiochipN`, Linux 5.10 and later). Lines are found by the label of their chip. The
 * kernel debounces inputs, and it refuses a line that somebody else holds, which sysfs does not.
 */
export function chardevPorts(options: { kernel?: GpioKernel } = {}): GpioFactory {
  let loading: Promise<GpioKernel> | undefined;
  const load = (): Promise<GpioKernel> => {
    loading ??= options.kernel ? Promise.resolve(options.kernel) : linuxKernel();
    return loading;
  };
  return {
    input: async (line, { activeLow, debounceMs }) => {
      const kernel = await load();
      const fd = await request(kernel, line, { direction: "input", activeLow, debounceMs });
      const events = Buffer.alloc(EVENT_SIZE * EVENTS_AT_ONCE);
      let stop: () => void = () => undefined;
      return {
        read: async () => {
          const values = lineValues();
          attempt(line, () => kernel.ioctl(fd, IOCTL.getValues, values));
          return readLevel(values);
        },
        onEdge: (listener) => {
          stop();
          stop = kernel.watch(fd, () => {
            const count = kernel.read(fd, events);
            for (const level of readEvents(events.subarray(0, count))) listener(level);
          });
        },
        close: once(async () => {
          stop();
          kernel.close(fd);
        }),
      };
    },
    output: async (line, { activeLow, initial }) => {
      const kernel = await load();
      const fd = await request(kernel, line, { direction: "output", activeLow, initial });
      const write = async (level: 0 | 1) =>
        attempt(line, () => kernel.ioctl(fd, IOCTL.setValues, lineValues(level)));
      return {
        write,
        close: once(async () => {
          // What becomes of a line that nobody holds is the chip's affair, so it is put to rest before.
          await write(initial).finally(() => kernel.close(fd));
        }),
      };
    },
  };
}

/** A descriptor that was closed twice may be somebody else's the second time. */
function once(job: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= job();
    return done;
  };
}

/** Asks the chip with this label for one line. Rejects with `absent`, `busy` or `invalidParameter`. */
async function request(kernel: GpioKernel, line: GpioLine, use: LineUse): Promise<number> {
  for (const path of await kernel.chips()) {
    const chip = attempt(line, () => kernel.open(path));
    try {
      const info = chipInfoBuffer();
      attempt(line, () => kernel.ioctl(chip, IOCTL.chipInfo, info));
      const { label, lines } = readChipInfo(info);
      if (label !== line.chip) continue;
      if (line.offset >= lines) throw deviceFault("invalidParameter", { ...line });
      const argument = lineRequest(line.offset, use);
      attempt(line, () => kernel.ioctl(chip, IOCTL.getLine, argument));
      return requestedFile(argument);
    } finally {
      kernel.close(chip);
    }
  }
  throw deviceFault("absent", { ...line });
}

function attempt<T>(line: GpioLine, job: () => T): T {
  try {
    return job();
  } catch (error) {
    throw faultOf(line, error);
  }
}

function faultOf(line: GpioLine, error: unknown): Fault {
  const errno = (error as { code?: string }).code ?? "unknown";
  const fields = { chip: line.chip, offset: line.offset, errno };
  if (errno === "EBUSY") return deviceFault("busy", fields, error);
  if (errno === "EINVAL") return deviceFault("invalidParameter", fields, error);
  return deviceFault("absent", fields, error);
}
