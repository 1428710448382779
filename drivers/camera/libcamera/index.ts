export {
  type CameraOptions,
  type CameraSizes,
  LANDSCAPE,
  type LibcameraSettings,
  libcameraDriver,
  PORTRAIT,
  STILL_LIMIT_MS,
} from "./driver.ts";
