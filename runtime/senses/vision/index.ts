export { VISION_ASSETS } from "./assets.ts";
export { type HelperCommand, Vision, visionCommand } from "./vision.ts";
