"use strict";
/**
 * Loaded into a process by NODE_OPTIONS: the serial line that the file WEDGE names hangs from its next write on in the kernel,
 * as one behind a dead adapter does. `read PATH`: nothing arrives any more. `write PATH`: no write comes back. Closing does
 * not come back either, and keeps a thread busy for it.
 */
const fs = require("node:fs");
const { execFileSync } = require("node:child_process");
const Module = require("node:module");
const { promisify } = require("node:util");

const never = new Promise(() => {});
/** Paths of the open lines by descriptor, and of those that hang how. */
const paths = new Map();
const wedged = new Map();

function modeOf(fd) {
  if (!wedged.has(fd) && paths.has(fd)) {
    try {
      const [mode, path] = fs.readFileSync(process.env.WEDGE, "utf8").split(" ");
      if (path === paths.get(fd)) {
        fs.rmSync(process.env.WEDGE);
        wedged.set(fd, mode);
      }
    } catch {
      // No line is to hang now.
    }
  }
  return wedged.get(fd);
}

// The package promisifies both when it is loaded, which is later.
for (const [name, hangs] of [
  ["write", (fd) => modeOf(fd) === "write"],
  ["read", (fd) => wedged.has(fd)],
]) {
  const own = fs[name];
  const promised = promisify(own);
  const wrapped = (...args) => own(...args);
  wrapped[promisify.custom] = async (fd, ...rest) => {
    if (hangs(fd)) await never;
    return promised(fd, ...rest);
  };
  fs[name] = wrapped;
}

const load = Module._extensions[".node"];
Module._extensions[".node"] = (module, file) => {
  load(module, file);
  if (!file.includes("serialport")) return;
  const { open, close } = module.exports;
  module.exports.open = (path, options, done) =>
    open(path, options, (error, fd) => {
      if (!error) paths.set(fd, path);
      done(error, fd);
    });
  module.exports.close = (fd, done) => {
    if (!wedged.has(fd)) {
      paths.delete(fd);
      return close(fd, done);
    }
    const fifo = `${process.env.WEDGE}-${process.pid}`;
    execFileSync("mkfifo", [fifo]);
    fs.readFile(fifo, () => {});
  };
};
