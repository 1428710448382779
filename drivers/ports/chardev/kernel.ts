import { closeSync, openSync, readSync } from "node:fs";
import { commonJs } from "../../kit/index.ts";

/** What is used of the kernel. The tests give one that decodes the calls by itself. */
export interface GpioKernel {
  /** Names of the chips' device files, e.g. `/dev/gpiochip0`. */
  chips(): Promise<string[]>;
  /** @throws Error with `code` of the system call */
  open(path: string): number;
  /** Calls `ioctl`, which may change `argument`. @throws Error with `code` of the system call */
  ioctl(fd: number, request: number, argument: Buffer): void;
  /** Reads what is there; only called when there is something. */
  read(fd: number, buffer: Buffer): number;
  /** Calls back whenever there is something to read. Returns the way to stop. */
  watch(fd: number, onReadable: () => void): () => void;
  close(fd: number): void;
}

/** The part of `epoll` that is used; it comes with `onoff` and has no types. */
interface Epoll {
  add(fd: number, events: number): void;
  remove(fd: number): void;
  close(): void;
}
interface EpollModule {
  Epoll: { new (listener: (error: Error | null) => void): Epoll; readonly EPOLLIN: number };
}

/** The kernel by libc's `ioctl`, which Node does not have. Loaded only where the character device is used. */
export async function linuxKernel(): Promise<GpioKernel> {
  const [{ readdir }, koffi, { Epoll }] = await Promise.all([
    import("node:fs/promises"),
    import("koffi").then((module) => module.default),
    // Through a name, since the package has no types to import.
    import("epoll" as string).then((module) => commonJs(module as EpollModule)),
  ]);
  const libc = koffi.load("libc.so.6");
  const call = libc.func("int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)");
  return {
    chips: async () =>
      (await readdir("/dev")).filter((name) => /^gpiochip\d+$/.test(name)).map((name) => `/dev/${name}`),
    open: (path) => openSync(path, "r+"),
    ioctl: (fd, request, argument) => {
      if (call(fd, request, argument) !== -1) return;
      const errno = koffi.errno();
      const code = Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? "EIO";
      throw Object.assign(new Error(`ioctl: ${code}`), { code });
    },
    read: (fd, buffer) => readSync(fd, buffer),
    watch: (fd, onReadable) => {
      const epoll = new Epoll((error) => !error && onReadable());
      epoll.add(fd, Epoll.EPOLLIN);
      return () => {
        epoll.remove(fd);
        epoll.close();
      };
    },
    close: (fd) => closeSync(fd),
  };
}
