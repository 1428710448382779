import { deviceFault, type SelfTestFinding, type SelfTests } from "../../contract/index.ts";
import { err, isFault, ok, type Result } from "../../kit/index.ts";
import { expandImage, imageQuality } from "./image.ts";
import { light, type Opened, takeImage } from "./person.ts";

/** How long a technician has to lay a finger on, ms. */
const USER_MS = 30_000;
/** Below this the sensor, or its glass, wants a look. */
const FAIR_QUALITY = 40;

/** What a module can say of itself; with a technician's finger, what its sensor sees. Only figures leave here. */
export function selfTests(opened: Opened): SelfTests {
  const { module, profile, clock } = opened;
  return {
    internal: () =>
      findings(async () => {
        const parameters = await module.parameters();
        const sensor = profile.isR503 ? await module.checkSensor() : undefined;
        return ok([
          { name: "parameters", passed: parameters !== undefined },
          { name: "templates", passed: true, value: await module.templateCount(), unit: "1" },
          ...(sensor === undefined ? [] : [{ name: "sensor", passed: sensor }]),
        ]);
      }),
    interactive: ({ signal, ask }) =>
      findings(async () => {
        ask("finger.place");
        const context = { signal, userTimeMs: USER_MS, prompt: () => undefined };
        const taken = await takeImage(opened, context, clock.mono() + USER_MS);
        if (!taken.ok) return taken;
        const packed = await module.uploadImage();
        await light(opened, "off");
        ask("finger.lift");
        const whole = packed.length === (profile.imageWidth * profile.imageHeight) / 2;
        const quality = whole
          ? imageQuality(expandImage(packed), profile.imageWidth, profile.imageHeight)
          : 0;
        return ok([
          { name: "image.size", passed: whole, value: packed.length, unit: "By" },
          { name: "image.quality", passed: quality >= FAIR_QUALITY, value: quality, unit: "%" },
        ]);
      }),
  };
}

const findings = (job: () => Promise<Result<SelfTestFinding[]>>): Promise<Result<SelfTestFinding[]>> =>
  job().catch((error: unknown) => err(isFault(error) ? error : deviceFault("fault", {}, error)));
