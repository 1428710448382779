import { readFileSync } from "node:fs";
import type { HilRig } from "./rig.ts";

const times = (text: string, what: string): number =>
  text.split("\n").filter((line) => line.includes(what)).length;

/** Where the nonce of the run is found again: only somebody who was there could have put it into all of these. */
export async function traces(rig: HilRig): Promise<Record<string, number>> {
  const { nonce, guest, wireLog, around } = rig;
  const references = (await around.centre.submissions.list()).map(({ reference }) => reference).join("\n");
  return {
    "the guest's own log": times(await guest.sh("journalctl --no-pager -k"), nonce),
    "the log of the serial lines": times(readFileSync(wireLog, "latin1"), nonce),
    "what the centre received": times(references, nonce),
  };
}
