import type { QrMatrix } from "../../model.ts";
import { s } from "../dom.ts";

/** Modules of light border that a reader needs (ISO/IEC 18004, 5.3.8). */
const QUIET = 4;

/**
 * A QR code whose modules are whole pixels, so that its edges are sharp in a photograph.
 * @param room CSS pixels of the side that it may take; it becomes as large as whole modules allow.
 */
export function qrCode(qr: QrMatrix, room: number): SVGElement {
  const side = qr.size + 2 * QUIET;
  const module = Math.max(1, Math.floor(room / side));
  let path = "";
  qr.rows.forEach((row, y) => {
    for (const run of row.matchAll(/1+/g)) {
      path += `M${run.index + QUIET} ${y + QUIET}h${run[0].length}v1h-${run[0].length}z`;
    }
  });
  return s(
    "svg",
    {
      viewBox: `0 0 ${side} ${side}`,
      width: module * side,
      height: module * side,
      class: "qr",
      role: "img",
      "shape-rendering": "crispEdges",
      "data-module": module,
    },
    s("path", { class: "qr-light", d: `M0 0h${side}v${side}H0z` }),
    s("path", { class: "qr-dark", d: path }),
  );
}
