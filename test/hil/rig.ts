import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchSerialPath } from "../../drivers/bench/index.ts";
import { type Surroundings, startSurroundings } from "../../runtime/dev/stack.ts";
import type { unitPlan } from "../../runtime/dev/unit-plan.ts";
import { installNodeRed } from "../support/node-red.ts";
import { Board, serveCameras } from "./board.ts";
import { Guest, PORTS } from "./guest.ts";
import { type Image, overlay } from "./image.ts";
import { Operator } from "./provisioning.ts";
import { Screen } from "./screen.ts";
import { adapters, hostEnds, onKernelDevices } from "./unit.ts";
import { type OnBytes, tapped } from "./wire.ts";

/** Six letters and digits that nobody could know before the run: they begin its reference numbers. */
export function drawNonce(): string {
  const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  return Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join("");
}

/** One world around one guest: bench, broker and centre on this machine, the board between them and the guest's kernel. */
export interface HilRig {
  image: Image;
  nonce: string;
  folder: string;
  around: Surroundings;
  operator: Operator;
  board: Board;
  screen: Screen;
  guest: Guest;
  /** What went over the serial lines, as text of bytes, with times. */
  wireLog: string;
  /** Hears what the unit sends over the serial lines. @returns what ends that */
  onBytes(listener: OnBytes): () => void;
  /** Switches the machine on again with the same disk, after it went off. */
  again(): Promise<Guest>;
  /** Ties bench and browser to a kernel that has just started. */
  tie(): Promise<void>;
  stop(): Promise<void>;
}

export interface HilOptions {
  image: Image;
  nonce: string;
}

export async function startHil({ image, nonce }: HilOptions): Promise<HilRig> {
  const folder = mkdtempSync(join(tmpdir(), "guichet-hil-"));
  const data = join(folder, "data");
  mkdirSync(data);
  const wireLog = join(folder, "wire.log");
  writeFileSync(wireLog, "");
  const adjust = (plan: ReturnType<typeof unitPlan>) => onKernelDevices(plan, nonce);
  const listeners = new Set<OnBytes>();
  const around = await startSurroundings({
    data,
    portBase: PORTS.screen,
    seed: 1,
    alwaysOpen: true,
    quiet: true,
    adjust,
    wired: (plan) => adjust(plan).devices,
    between: (line, roles) =>
      tapped(
        line,
        roles.join("+"),
        (text) => appendFileSync(wireLog, text),
        (...heard) => {
          for (const tell of listeners) tell(...heard);
        },
      ),
  });
  const cameras = await serveCameras(around.bench.plant);
  const board = new Board(around.bench, around.configuration);
  const screen = await Screen.open();
  const disk = join(folder, "disk.qcow2");
  overlay(image.disk, disk);
  const shelf = join(folder, "shelf.tar");
  execFileSync("tar", ["-cf", shelf, "-C", installNodeRed(), "node_modules"]);
  const start = async (): Promise<Guest> => {
    const guest = await Guest.start({
      image,
      disk,
      folder,
      nonce,
      serial: hostEnds((role) => benchSerialPath(join(data, "bench"), role)),
      plugs: adapters(),
      shelf,
    });
    rig.guest = guest;
    await guest.booted();
    await rig.tie();
    return guest;
  };
  const rig: HilRig = {
    image,
    nonce,
    folder,
    around,
    operator: new Operator(around.owner),
    board,
    screen,
    guest: undefined as unknown as Guest,
    wireLog,
    onBytes: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    again: start,
    tie: async () => {
      await board.tie(rig.guest);
      screen.follow(rig.guest);
    },
    stop: async () => {
      await screen.stop();
      await rig.guest?.stop();
      board.stop();
      await cameras.stop();
      await around.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await start().catch(async (error: unknown) => {
    await rig.stop();
    throw error;
  });
  return rig;
}

/** How often any coil was energised, as the plant counts. */
export const motionsOf = ({ around }: HilRig): number =>
  Object.values(around.bench.plant.motions()).reduce((a, b) => a + b, 0);

/** Process id, in the guest, of one of the unit's services. */
export const pidOf = ({ guest }: HilRig, service: string): Promise<string> =>
  guest.sh(`systemctl show -p MainPID --value guichet-${service}`);
