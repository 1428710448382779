import { startFingerprintSimulator } from "../../../drivers/bench/fingerprint/index.ts";
import { makePeople, Plant, PtyLine, type WireLine } from "../../../drivers/bench/index.ts";
import { unitConfiguration } from "../../support/unit.ts";

/**
 * A fingerprint module with a finger on it, in a process of its own, on a line that carries bytes at the pace of its
 * rate: 10 bits each, without gaps. Tells its parent how long each answer was on the wire, from the command to the last bit.
 * usage: paced-module PATH BAUD SIZE-CODE ("0" for BAUD: as fast as it goes)
 */
const [path = "", baud = "0", sizeCode = "2"] = process.argv.slice(2);
const ROLE = "finger.front";
const BYTE_MS = Number(baud) > 0 ? 10_000 / Number(baud) : 0;

/** Sends what is given to it at the pace of the line. */
function paced(line: PtyLine): WireLine {
  let waiting = Buffer.alloc(0);
  /** When the first of the waiting bytes began to go. */
  let from = 0;
  let commandAt = 0;
  let carried = 0;
  const drain = (): void => {
    const due = Math.min(waiting.length, Math.floor((performance.now() - from) / BYTE_MS));
    if (due > 0) {
      line.send(waiting.subarray(0, due));
      waiting = waiting.subarray(due);
      from += due * BYTE_MS;
      carried += due;
    }
    if (waiting.length > 0) setTimeout(drain, 1);
    else process.send?.({ bytes: carried, ms: performance.now() - commandAt });
  };
  return {
    onBytes: (listener) =>
      line.onBytes((chunk) => {
        commandAt = performance.now();
        carried = 0;
        listener(chunk);
      }),
    send: (bytes) => {
      if (BYTE_MS === 0) return line.send(bytes);
      if (waiting.length === 0) {
        from = performance.now();
        setTimeout(drain, 1);
      }
      waiting = Buffer.concat([waiting, bytes]);
    },
  };
}

const people = makePeople(1);
const config = unitConfiguration({
  devices: [
    {
      role: ROLE,
      driver: "fingerprint.ef01",
      port: { path, baudRate: 57_600 },
      profile: "r503",
      address: 0xffffffff,
      reservedPage: 199,
    },
  ],
});
const plant = new Plant({ config, people, draw: async () => new Uint8Array() });
plant.placeFinger(ROLE, people[0]?.id ?? "", 1);
const line = new PtyLine(path);
const module = startFingerprintSimulator({
  world: plant,
  device: ROLE,
  profile: "r503",
  address: 0xffffffff,
  line: paced(line),
});
module.state.flash.sizeCode = Number(sizeCode);
process.send?.({ ready: true });
process.once("disconnect", () => process.exit(0));
