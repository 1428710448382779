import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeV4l2Command } from "./v4l2.ts";

/** Programs that a Raspberry Pi has, by its old and its new names. */
const NAMES = [
  "rpicam-still",
  "rpicam-vid",
  "libcamera-still",
  "libcamera-vid",
  "libcamera-jpeg",
  "rpicam-jpeg",
];

/**
 * The one program behind all names but for the list of cameras, which a shell shows: a unit asks for it at its start, and
 * the real program is not Node either. Plain CommonJS so that it starts quickly. Takes the long and short options that
 * these programs share; like them it shows a preview for `--timeout` ms (5000 if not said) before a still, films
 * for as long (0 is for ever), and ends with 255 and a line on stderr when the camera is not there.
 */
const PROGRAM = String.raw`"use strict";
const http = require("node:http");
const fs = require("node:fs");
const socketPath = process.env.GUICHET_BENCH_CAMERA || SOCKET;
const [name, ...args] = process.argv.slice(2);
const video = name.endsWith("-vid");
const LONG = { o: "output", t: "timeout", n: "nopreview", e: "encoding", q: "quality", v: "verbose" };
const VALUES = new Set(["output", "timeout", "width", "height", "camera", "encoding", "quality", "codec", "framerate",
  "rotation", "shutter", "gain", "awb", "awbgains", "metering", "exposure", "ev", "brightness", "contrast", "saturation",
  "sharpness", "denoise", "viewfinder-width", "viewfinder-height", "lores-width", "lores-height", "mode", "roi", "tuning-file",
  "info-text", "preview", "bitrate", "intra", "profile", "level", "segment", "circular", "inline", "thumb", "restart", "autofocus-mode"]);
const FLAGS = new Set(["nopreview", "immediate", "flush", "hflip", "vflip", "verbose", "help", "version", "fullscreen",
  "rawfull", "raw", "autofocus-on-capture"]);
const fail = (text) => { process.stderr.write("ERROR: *** " + text + " ***\n"); process.exit(255); };
const options = {};
for (let i = 0; i < args.length; i += 1) {
  const match = /^(?:--([a-z-]+)|-([a-z]))(?:=(.*))?$/.exec(args[i]);
  if (!match) fail("too many positional options have been specified on the command line");
  const key = match[1] || LONG[match[2]];
  if (VALUES.has(key)) {
    const value = match[3] === undefined ? args[++i] : match[3];
    if (value === undefined) fail("the required argument for option '--" + key + "' is missing");
    options[key] = value;
  } else if (FLAGS.has(key)) {
    options[key] = match[3] === undefined ? "1" : match[3];
    if (match[3] === undefined && /^[01]$/.test(args[i + 1] || "")) options[key] = args[++i];
  } else fail("unrecognised option '" + args[i] + "'");
}
const get = (path, onResponse) => http.get({ socketPath, path, agent: false }, onResponse).on("error", () => fail("no cameras available"));
const query = () => "camera=" + (options.camera || "0") + "&width=" + (options.width || (video ? 640 : 2304)) +
  "&height=" + (options.height || (video ? 480 : 1296)) + "&framerate=" + (options.framerate || "10");
process.stdout.on("error", () => process.exit(1));
if (!options.output) fail("no output file name has been given");
const timeout = options.timeout === undefined ? 5000 : Number(options.timeout);
const output = () => options.output === "-" ? process.stdout : fs.createWriteStream(options.output);
const shoot = (path) => get(path, (response) => {
  if (response.statusCode !== 200) fail("no cameras available");
  response.on("aborted", () => fail("camera frontend has timed out"));
  response.pipe(output());
});
if (video) {
  if ((options.codec || "h264") !== "mjpeg") fail("this bench films mjpeg only");
  shoot("/stream?" + query());
  if (timeout > 0) setTimeout(() => process.exit(0), timeout);
} else if (timeout === 0) {
  setInterval(() => undefined, 1 << 30);
} else setTimeout(() => shoot("/still?" + query()), options.immediate ? 0 : timeout);
`;

/** The file beside the camera server's socket that holds what `--list-cameras` prints. */
export const listOf = (socket: string): string => `${socket}.list`;

/** The list of the attached cameras as the programs print it. */
export const listing = (cameras: readonly { index: number }[]): string =>
  cameras.length === 0
    ? "No cameras available!\n"
    : `Available cameras\n-----------------\n${cameras
        .map(
          ({ index }) => `${index} : imx708 [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@${index}/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]
                             4608x2592 [14.35 fps - (0, 0)/4608x2592 crop]
`,
        )
        .join("")}`;

/**
 * Writes the camera programs of a bench.
 * @param folder where to, made if need be; it goes on the units' camera path
 * @param socket the camera server's Unix socket
 */
export function writeCameraCommands(folder: string, socket: string): void {
  mkdirSync(folder, { recursive: true });
  writeV4l2Command(folder, socket);
  const program = join(folder, "camera.cjs");
  writeFileSync(program, PROGRAM.replace("SOCKET", JSON.stringify(socket)));
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  for (const name of NAMES) {
    const path = join(folder, name);
    writeFileSync(
      path,
      `#!/bin/sh
case " $* " in *" --list-cameras "*) exec cat ${quote(listOf(socket))} ;; esac
exec ${quote(process.execPath)} ${quote(program)} ${name} "$@"
`,
    );
    chmodSync(path, 0o755);
  }
}
