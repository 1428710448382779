import type { StepContext } from "../context.ts";

/**
 * Runs with the live picture of a camera. Senses that were started again know nothing of it: it is asked for anew when they
 * are back, so that nobody looks at a dead picture.
 */
export async function withPreview<T>(
  context: StepContext,
  role: "portrait" | "document",
  run: () => Promise<T>,
): Promise<T> {
  const { devices } = context.office;
  const start = () => devices.senses("preview.start", { role });
  const off = devices.events.on("connected", (side) => side === "senses" && void start());
  try {
    await start();
    return await run();
  } finally {
    off();
    await devices.senses("preview.stop", { role });
  }
}
