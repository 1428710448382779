import type { View } from "../../model.ts";
import type { Desk } from "../dom.ts";
import { attract, choose, message, notice, review, wait } from "./begin.ts";
import { door, finger, photo, receipt, scan } from "./devices.ts";
import type { Drawn, Kept } from "./drawn.ts";
import { entry } from "./entry.ts";
import { sign } from "./sign.ts";

export type { Drawn, Kept } from "./drawn.ts";

/** Draws any view; `kept` is what was typed or drawn before, if the same screen is drawn again. */
export function drawView(view: View, desk: Desk, kept: Kept): Drawn {
  switch (view.kind) {
    case "attract":
      return attract(view, desk);
    case "choose":
      return choose(view, desk);
    case "notice":
      return notice(view, desk);
    case "entry":
      return entry(view, desk, kept.typed);
    case "finger":
      return finger(view, desk);
    case "photo":
      return photo(view, desk);
    case "review":
      return review(view, desk);
    case "sign":
      return sign(view, desk, kept.strokes);
    case "receipt":
      return receipt(view, desk);
    case "scan":
      return scan(view, desk);
    case "door":
      return door(view, desk);
    case "message":
      return message(view, desk);
    case "wait":
      return wait(view);
  }
}
