import type { Finger } from "../world.ts";

/**
 * What a sensor sees of a simulated finger: curved stripes whose course comes from the seed, 16 grey levels. It looks
 * like a fingerprint from afar and identifies nobody.
 */
export function ridges(finger: Finger, width: number, height: number): Uint8Array {
  const byte = (i: number) => finger.seed[i % finger.seed.length] ?? 0;
  const cx = width * (0.35 + (byte(0) / 255) * 0.3);
  const cy = height * (0.4 + (byte(1) / 255) * 0.2);
  const period = 7 + (byte(2) / 255) * 3;
  const twist = (byte(3) / 255) * 2 - 1;
  const phase = byte(4) / 20;
  const reach = finger.condition === "light" ? 0.28 : 0.62;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = (x - cx) / 1.1;
      const dy = y - cy;
      const radius = Math.hypot(dx, dy);
      const inside = radius < width * reach ? 1 : 0;
      const wave = Math.sin((radius + twist * 6 * Math.atan2(dy, dx) + phase) * ((2 * Math.PI) / period));
      const dryGap = finger.condition === "dry" && ((x * 31 + y * 17 + byte(5)) % 11 < 6 ? 1 : 0);
      let level = inside && !dryGap ? (finger.condition === "wet" ? 3 + wave : 8 - 6 * wave) : 14;
      level = Math.max(0, Math.min(15, level));
      out[y * width + x] = Math.round(level);
    }
  }
  return out;
}

/** Two pixels a byte, the left one in the high half. */
export function pack(levels: Uint8Array): Buffer {
  const out = Buffer.alloc(levels.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = ((levels[2 * i] ?? 0) << 4) | (levels[2 * i + 1] ?? 0);
  return out;
}
