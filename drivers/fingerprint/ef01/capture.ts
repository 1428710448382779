import { type CaptureContext, deviceFault, type FingerCapture } from "../../contract/index.ts";
import { err, ok, type Result } from "../../kit/index.ts";
import { expandImage, imageQuality } from "./image.ts";
import { features, light, merge, type Opened, takeImage } from "./person.ts";
import { templateFormat } from "./profiles.ts";

/** Image, template and quality of the finger that is laid on. */
export async function capture(
  opened: Opened,
  minQuality: number,
  context: CaptureContext,
): Promise<Result<FingerCapture>> {
  const { module, profile, clock } = opened;
  const taken = await takeImage(opened, context, clock.mono() + context.userTimeMs);
  if (!taken.ok) return taken;
  const packed = await module.uploadImage();
  const expected = (profile.imageWidth * profile.imageHeight) / 2;
  if (packed.length !== expected) throw deviceFault("protocol", { imageBytes: packed.length, expected });
  const image = expandImage(packed);
  const quality = imageQuality(image, profile.imageWidth, profile.imageHeight);
  // One touch fills both buffers: a merged template is what the module stores and compares.
  for (const buffer of [1, 2]) {
    const made = await features(opened, buffer, context);
    if (!made.ok) return made;
  }
  if (quality < minQuality) {
    context.prompt("poorQuality");
    return err(deviceFault("poorQuality", { quality, minQuality, advice: "poorQuality" }));
  }
  const merged = await merge(opened);
  if (!merged.ok) return merged;
  const template = await readTemplate(opened);
  await light(opened, "good");
  context.prompt("lift");
  return ok({
    image,
    width: profile.imageWidth,
    height: profile.imageHeight,
    resolutionDpi: profile.resolutionDpi,
    template,
    templateFormat: templateFormat(profile, template.length),
    quality,
  });
}

/**
 * The merged template. Its length is not known beforehand, and a lost or doubled packet would only make it shorter or
 * longer: so the first one of a session is read twice, and the length that both have is the module's from then on.
 */
async function readTemplate(opened: Opened): Promise<Uint8Array> {
  const template = await opened.module.uploadTemplate();
  if (opened.templateBytes === undefined) {
    const again = await opened.module.uploadTemplate();
    if (Buffer.compare(template, again) !== 0) throw deviceFault("protocol", { reason: "twoTemplates" });
    opened.templateBytes = template.length;
  }
  if (template.length !== opened.templateBytes)
    throw deviceFault("protocol", { templateBytes: template.length, expected: opened.templateBytes });
  return template;
}

interface Comparison {
  matched: boolean;
  score: number;
}

/** One to one. A template of another family or length is refused: it would only never match. */
export async function verify(
  opened: Opened,
  request: { template: Uint8Array; templateFormat: string },
  context: CaptureContext,
): Promise<Result<Comparison>> {
  const { template } = request;
  const bytes = opened.templateBytes ?? template.length;
  if (
    template.length === 0 ||
    template.length !== bytes ||
    request.templateFormat !== templateFormat(opened.profile, bytes)
  )
    return err(deviceFault("invalidParameter", { templateFormat: request.templateFormat.slice(0, 32) }));
  const compared = opened.profile.buffersWork ? byBuffers : byPage;
  return compared(opened, template, context, opened.clock.mono() + context.userTimeMs);
}

async function byPage(
  opened: Opened,
  template: Uint8Array,
  context: CaptureContext,
  end: number,
): Promise<Result<Comparison>> {
  const { module, reservedPage } = opened;
  opened.dirty = true;
  try {
    await module.downloadTemplate(1, template);
    await module.store(reservedPage);
    const taken = await takeImage(opened, context, end);
    if (!taken.ok) return taken;
    const made = await features(opened, 1, context);
    if (!made.ok) return made;
    const found = await module.search(reservedPage, 1);
    return ok({ matched: found !== undefined, score: found?.score ?? 0 });
  } finally {
    await module.remove(reservedPage);
    await light(opened, "off");
  }
}

async function byBuffers(
  opened: Opened,
  template: Uint8Array,
  context: CaptureContext,
  end: number,
): Promise<Result<Comparison>> {
  const { module } = opened;
  const taken = await takeImage(opened, context, end);
  if (!taken.ok) return taken;
  const made = await features(opened, 1, context);
  if (!made.ok) return made;
  await module.downloadTemplate(2, template);
  const score = await module.match();
  return ok({ matched: score !== undefined, score: score ?? 0 });
}
