import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Stands for `v4l2-ctl` of v4l-utils: the options that the driver may use, and its words. A camera that has no picture
 * waits for ever, one that is not there ends with 1. Progress goes to standard error unless `--silent`, as it does when
 * pictures go to standard output.
 */
const PROGRAM = String.raw`"use strict";
const http = require("node:http");
const fs = require("node:fs");
const socketPath = SOCKET;
const fail = (text) => { process.stderr.write(text + "\n"); process.exit(1); };
const VALUES = new Set(["device", "set-fmt-video", "try-fmt-video", "set-parm", "stream-to", "stream-count", "stream-skip"]);
const FLAGS = new Set(["info", "list-formats", "stream-mmap", "silent"]);
const options = {};
const args = process.argv.slice(2);
for (let i = 0; i < args.length; i += 1) {
  const match = /^--([a-z-]+)(?:=(.*))?$/.exec(args[i]);
  if (!match || !(VALUES.has(match[1]) || FLAGS.has(match[1]))) fail("unrecognized option '" + args[i] + "'");
  options[match[1]] = VALUES.has(match[1]) ? (match[2] === undefined ? args[++i] : match[2]) : true;
}
let role;
try { role = fs.readFileSync(options.device || "/dev/video0", "utf8"); } catch { fail("Cannot open device " + options.device + ", exiting."); }
const get = (path, onResponse) => http.get({ socketPath, path, agent: false }, (response) => {
  if (response.statusCode !== 200) fail("VIDIOC_STREAMON returned -1 (No such device)");
  onResponse(response);
}).on("error", () => fail("VIDIOC_DQBUF returned -1 (No such device)"));
const SIZES = [[640, 360], [1280, 720], [1920, 1080], [512, 640], [720, 900]];
// The driver of a camera changes what it cannot do into the nearest that it can.
const sizeOf = (text) => {
  const pair = Object.fromEntries(String(text).split(",").map((part) => part.split("=")));
  const off = ([width, height]) => Math.abs(width - Number(pair.width)) + Math.abs(height - Number(pair.height));
  return SIZES.reduce((best, size) => (off(size) < off(best) ? size : best));
};
const caps = "\t\tVideo Capture\n\t\tStreaming\n\t\tExtended Pix Format\n";
process.stdout.on("error", () => process.exit(1));
if (options.info) process.stdout.write("Driver Info:\n\tDriver name      : uvcvideo\n\tCard type        : Bench Cam: Bench Cam\n" +
  "\tBus info         : usb-0000:01:00.0-1.2\n\tDriver version   : 6.1.21\n\tCapabilities     : 0x84a00001\n" + caps +
  "\t\tMetadata Capture\n\t\tDevice Capabilities\n\tDevice Caps      : 0x04200001\n" + caps +
  "Media Driver Info:\n\tModel            : Bench Cam: Bench Cam\n\tSerial           : " + role.replace(/\W/g, "").toUpperCase() + "\n");
if (options["list-formats"]) process.stdout.write("ioctl: VIDIOC_ENUM_FMT\n\tType: Video Capture\n\n" +
  "\t[0]: 'MJPG' (Motion-JPEG, compressed)\n\t[1]: 'YUYV' (YUYV 4:2:2)\n");
if (options["try-fmt-video"]) process.stdout.write("Format Video Capture:\n\tWidth/Height      : " + sizeOf(options["try-fmt-video"]).join("/") +
  "\n\tPixel Format      : 'MJPG' (Motion-JPEG)\n\tField             : None\n");
if (options["stream-mmap"]) {
  const [width, height] = sizeOf(options["set-fmt-video"] || "width=640,height=360");
  const query = "role=" + encodeURIComponent(role) + "&width=" + width + "&height=" + height + "&framerate=" + (options["set-parm"] || 30);
  get("/stream?" + query, (response) => {
    response.on("data", (chunk) => { if (!options.silent) process.stderr.write("<"); process.stdout.write(chunk); });
    response.on("aborted", () => fail("VIDIOC_DQBUF returned -1 (No such device)"));
    response.on("end", () => fail("VIDIOC_DQBUF returned -1 (No such device)"));
  });
}
`;

/** Writes the bench's `v4l2-ctl` into a folder of camera programs. */
export function writeV4l2Command(folder: string, socket: string): void {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "v4l2.cjs");
  writeFileSync(program, PROGRAM.replace("SOCKET", JSON.stringify(socket)));
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const path = join(folder, "v4l2-ctl");
  writeFileSync(path, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(program)} "$@"\n`);
  chmodSync(path, 0o755);
}
