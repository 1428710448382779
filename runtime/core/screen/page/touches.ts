import { post } from "./link.ts";

/** What is typed or signed stays on the page until it is sent: so often at most the core hears that somebody is at it, ms. */
const TELL_MS = 10_000;

/**
 * Tells the core of touches and keys, so that nobody is asked in mid-word whether somebody is there. Nothing is waited
 * for. `seq` answers the model on the screen, or undefined where nobody asks for touches.
 */
export function tellTouches(seq: () => number | undefined): void {
  let told = Number.NEGATIVE_INFINITY;
  const touched = () => {
    const now = performance.now();
    const at = seq();
    if (at === undefined || now - told < TELL_MS) return;
    told = now;
    void post(at, { type: "more" });
  };
  addEventListener("pointerdown", touched, { capture: true, passive: true });
  // Something that lies on the keyboard is not somebody.
  addEventListener("keydown", (event) => event.repeat || touched(), { capture: true });
}
