import { createHash } from "node:crypto";

/**
 * Made-up ridges. A template here is a stream that the finger's seed expands to, with a few bytes changed at each
 * capture, as no two captures of a finger are alike. It carries nothing that a real matcher would understand.
 */

/** Share of bytes that a capture changes. Two captures of a finger then agree in four of five bytes or more. */
const NOISE_SHARE = 0.1;

/** The simulated R503's format; every template of the bench is of it. */
export const BENCH_TEMPLATE_FORMAT = "ef01-r503-1536";
export const BENCH_TEMPLATE_BYTES = 1536;

function expand(bytes: number, ...parts: (Uint8Array | string)[]): Buffer {
  const hash = createHash("shake256", { outputLength: bytes });
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/**
 * @param seed 32 bytes that stand for the finger
 * @param bytes length of the template
 * @param noise number of the capture, 0 for the ideal template; equal numbers give equal templates
 */
export function templateOf(seed: Uint8Array, bytes: number, noise = 0): Uint8Array {
  const template = expand(bytes, "template", seed);
  if (noise === 0) return template;
  const changes = expand(bytes * 2, "noise", seed, String(noise));
  for (let i = 0; i < bytes; i += 1) {
    if ((changes[i] ?? 0) < 256 * NOISE_SHARE) template[i] = changes[bytes + i] ?? 0;
  }
  return template;
}

/**
 * How alike two templates are, 0 to 100: at least 60 for two captures of one finger, below 20 for two fingers.
 * Templates of different lengths never compare.
 */
export function matchScore(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length || a.length === 0) return 0;
  let same = 0;
  for (let i = 0; i < a.length; i += 1) if (a[i] === b[i]) same += 1;
  return Math.round((100 * same) / a.length);
}
