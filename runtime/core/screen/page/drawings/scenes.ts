import { drawing, s } from "../dom.ts";

/** Holding a telephone's code over the document camera. */
export function scanScene(): SVGElement {
  const finder = (x: number, y: number) =>
    `<rect class="ink" x="${x}" y="${y}" width="30" height="30" rx="4"/><rect class="paper" x="${x + 7}" y="${y + 7}" width="16" height="16" rx="2"/>`;
  return drawing(
    "0 0 420 420",
    `<path class="beam" d="M172 330 90 120h240l-82 210z"/><rect class="paper line-ink" x="112" y="14" width="196" height="212" rx="24"/>
     ${finder(150, 54)}${finder(240, 54)}${finder(150, 144)}
     <path class="ink" d="M196 60h12v12h-12zM214 84h12v12h-12zM196 108h30v12h-30zM246 104h12v12h-12zM262 124h12v12h-12zM196 140h12v34h-12zM222 150h14v12h-14zM244 146h26v12h-26zM254 168h18v12h-18z"/>
     <rect class="ink" x="120" y="322" width="180" height="78" rx="22"/><circle class="glass" cx="210" cy="361" r="25"/><circle class="accent" cx="210" cy="361" r="12"/>
     <g class="nudge"><path class="stroke-accent" d="M356 150v96M336 226l20 22 20-22"/></g>`,
    "scan",
  );
}

/** Taking a photograph of this screen with one's own telephone. */
export function photographThis(): SVGElement {
  return drawing(
    "0 0 300 260",
    `<rect class="tint line-ink" x="14" y="14" width="130" height="200" rx="12"/>
     <path class="ink" d="M46 70h26v26H46zM88 70h26v26H88zM46 112h26v26H46zM90 114h10v10H90zM104 128h10v10h-10z"/>
     <rect class="paper line-ink" x="124" y="52" width="150" height="196" rx="22"/>
     <path class="stroke-accent" d="M150 108V84h24M248 108V84h-24M150 168v24h24M248 168v24h-24"/><circle class="accent" cx="199" cy="224" r="11"/>
     <path class="ink" d="M176 112h18v18h-18zM206 112h18v18h-18zM176 142h18v18h-18zM207 143h8v8h-8zM216 152h8v8h-8z"/>`,
    "take",
  );
}

/** The oval into which the face goes, as a mask over the live view (3.5 : 4.5, as on the document). */
export function ovalGuide(): SVGElement {
  return drawing(
    "0 0 350 450",
    `<path class="shade" fill-rule="evenodd" d="M0 0h350v450H0zM175 62c-74 0-112 62-112 138 0 92 54 156 112 156s112-64 112-156c0-76-38-138-112-138z"/>
     <path class="guide" d="M175 62c-74 0-112 62-112 138 0 92 54 156 112 156s112-64 112-156c0-76-38-138-112-138z"/>
     <path class="guide faint" d="M63 196h24M263 196h24M175 340v24"/>`,
    "oval",
  );
}

/** A person before the camera, where there is no live view yet. */
export function sitter(): SVGElement {
  return drawing(
    "0 0 350 450",
    `<rect class="paper" width="350" height="450" rx="16"/><path class="accent-soft" d="M20 450c0-130 90-150 155-150s155 20 155 150z"/>
     <ellipse class="tint line-ink" cx="175" cy="200" rx="92" ry="122"/><path class="stroke-ink" d="M140 192h2M208 192h2M148 262q27 20 54 0"/>`,
    "sitter",
  );
}

export function scanCorners(): SVGElement {
  return drawing(
    "0 0 400 400",
    `<path class="guide" d="M40 110V40h70M290 40h70v70M360 290v70h-70M110 360H40v-70"/>`,
    "oval",
  );
}

/**
 * The locker wall from the front, with one slot lit and its door ajar. Slots are laid in rows from the top left, at
 * most four beside each other, in the order in which they are named.
 */
export function lockerWall(slots: string[], lit: string | undefined): SVGElement {
  const columns = Math.min(4, Math.max(2, Math.ceil(Math.sqrt(slots.length))));
  const rows = Math.ceil(slots.length / columns);
  const width = 120;
  const height = 92;
  const wall = s("svg", {
    viewBox: `-14 -14 ${columns * width + 28} ${rows * height + 28}`,
    class: "drawing wall",
    "aria-hidden": "true",
  });
  wall.append(
    s("rect", {
      class: "ink",
      x: -14,
      y: -14,
      width: columns * width + 28,
      height: rows * height + 28,
      rx: 18,
    }),
  );
  slots.forEach((slot, index) => {
    const x = (index % columns) * width;
    const y = Math.floor(index / columns) * height;
    const here = slot === lit;
    const group = s("g", { transform: `translate(${x} ${y})`, "data-slot": slot });
    group.append(
      s("rect", {
        class: here ? "attention" : "tint",
        x: 5,
        y: 5,
        width: width - 10,
        height: height - 10,
        rx: 8,
      }),
    );
    if (here) {
      group.append(
        // The door stands open to the left.
        s("path", { class: "accent line-ink thin", d: `M7 6l-34 -14v${height + 16}l34 -14z` }),
        s("text", { class: "slot-lit", x: width / 2, y: height / 2 + 15, "text-anchor": "middle" }, slot),
      );
    } else {
      group.append(
        s("text", { class: "slot", x: width / 2, y: height / 2 + 9, "text-anchor": "middle" }, slot),
        s("circle", { class: "ink", cx: width - 17, cy: height / 2, r: 3.5 }),
      );
    }
    if (here) wall.append(group);
    else wall.insertBefore(group, wall.children[1] ?? null);
  });
  return wall;
}
