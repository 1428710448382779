import type { Keep, Redaction } from "../../ports/index.ts";
import { HEAD, MAX_TEXT, STX } from "./frame.ts";
import { RF_ON } from "./profiles.ts";

/** F2, address, length, head, CM, PM and three status characters of a positive reply; then kind and length of the number. */
const BEFORE_NUMBER = 14;
const BEFORE_TEXT = 4;
/** TEXT of a reply that has a number. */
const SHORTEST = BEFORE_NUMBER - BEFORE_TEXT;
const AFTER_TEXT = 2;
/** Acknowledgements and the like come alone or in twos. */
const LONGEST_CONTROL = 4;

/** The number of an item's chip, and the check byte that follows from it, are not kept. */
export function redaction(): Redaction {
  /** What may be the beginning of a reply with a number. */
  let held = Buffer.alloc(0);
  let hide = 0;
  /** A number was asked for: what is no reply as it should be may be a damaged one. */
  let asked = false;
  const plain = (part: Uint8Array, keep: Keep) => {
    const doubtful = asked && part.length > LONGEST_CONTROL;
    keep("device", doubtful ? { hidden: "unreadable", length: part.length } : part);
  };
  return {
    opened: () => {
      held = Buffer.alloc(0);
      hide = 0;
      asked = false;
    },
    see: (from, chunk, keep) => {
      if (from === "host") {
        if (chunk[0] === STX) asked = chunk[5] === RF_ON.cm && chunk[6] === RF_ON.pm;
        return keep(from, chunk);
      }
      let data = Buffer.concat([held, chunk]);
      held = Buffer.alloc(0);
      while (data.length > 0) {
        if (hide > 0) {
          const length = Math.min(hide, data.length);
          keep(from, { hidden: "item", length });
          hide -= length;
          data = data.subarray(length);
          continue;
        }
        const at = numberHead(data);
        if (at > 0) plain(data.subarray(0, at), keep);
        data = data.subarray(at);
        if (data.length === 0) break;
        if (data.length < BEFORE_NUMBER) {
          held = Buffer.from(data);
          break;
        }
        keep(from, data.subarray(0, BEFORE_NUMBER));
        hide = BEFORE_TEXT + data.readUInt16BE(2) + AFTER_TEXT - BEFORE_NUMBER;
        data = data.subarray(BEFORE_NUMBER);
      }
    },
    flush: (keep) => {
      if (held.length > 0) plain(held, keep);
      held = Buffer.alloc(0);
    },
  };
}

/** Where a reply with a number begins, or may begin with the last bytes; the length where none does. */
function numberHead(data: Buffer): number {
  for (let at = 0; at < data.length; at++) {
    const [stx, , , , head, cm, pm] = data.subarray(at, at + BEFORE_NUMBER);
    if (stx !== STX) continue;
    const left = data.length - at;
    if (left > 3 && (data.readUInt16BE(at + 2) > MAX_TEXT || data.readUInt16BE(at + 2) < SHORTEST)) continue;
    const fits =
      (left <= 4 || head === HEAD.positive) &&
      (left <= 5 || cm === RF_ON.cm) &&
      (left <= 6 || pm === RF_ON.pm);
    if (fits) return at;
  }
  return data.length;
}
