const { createSocket } = require("node:dgram");
const { createServer } = require("node:net");
const { writeSync } = require("node:fs");

/**
 * Whoever is out there: listens at each address and says who has come, so that what was reached does not rest on the word of
 * the program that tried.
 * usage: world.cjs ADDRESS:PORT...
 */
const say = (text) => writeSync(1, `${text}\n`);
let waiting = 0;
const ready = () => {
  if (--waiting === 0) say("ready");
};
for (const target of process.argv.slice(2)) {
  const at = target.lastIndexOf(":");
  const host = target.slice(0, at).replace(/^\[|\]$/g, "");
  const port = Number(target.slice(at + 1));
  waiting += 2;
  createServer((socket) => {
    say(target);
    socket.on("error", () => {}).destroy();
  }).listen(port, host, ready);
  createSocket(host.includes(":") ? "udp6" : "udp4")
    .on("message", () => say(`udp ${host}`))
    .bind(port, host, ready);
}
