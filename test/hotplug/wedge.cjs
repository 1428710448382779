"use strict";
/**
 * Loaded into a process by NODE_OPTIONS: the first serial line that is written to while the file WEDGE holds its path hangs
 * from then on in the kernel, as one behind a dead adapter does. `read`: nothing arrives any more. `write`: a write does
 * not come back. Closing does not come back either, and keeps a thread busy for it.
 */
const { readFile, readFileSync, rmSync } = require("node:fs");
const { execFileSync } = require("node:child_process");
const Module = require("node:module");

const never = () => new Promise(() => {});
const load = Module._load;
Module._load = function wedging(request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === "@serialport/bindings-cpp" || request === "@serialport/bindings-cpp/") patch(loaded);
  return loaded;
};

const patched = new WeakSet();
function patch({ LinuxPortBinding }) {
  if (!LinuxPortBinding || patched.has(LinuxPortBinding)) return;
  patched.add(LinuxPortBinding);
  const { read, write, close } = LinuxPortBinding.prototype;
  const wedged = new WeakMap();
  const modeOf = (binding) => {
    if (wedged.has(binding)) return wedged.get(binding);
    try {
      const [mode, path] = readFileSync(process.env.WEDGE, "utf8").split(" ");
      if (binding.openOptions.path !== path) return undefined;
      rmSync(process.env.WEDGE);
      wedged.set(binding, mode);
      return mode;
    } catch {
      return undefined;
    }
  };
  LinuxPortBinding.prototype.write = function (...args) {
    return modeOf(this) === "write" ? never() : write.apply(this, args);
  };
  LinuxPortBinding.prototype.read = async function (...args) {
    const got = await read.apply(this, args);
    return wedged.has(this) ? never() : got;
  };
  LinuxPortBinding.prototype.close = function () {
    if (!wedged.has(this)) return close.apply(this);
    const fifo = `${process.env.WEDGE}-${process.pid}`;
    execFileSync("mkfifo", [fifo]);
    readFile(fifo, () => {});
    return never();
  };
}
