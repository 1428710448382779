export { type Bme280Settings, bme280Driver } from "./driver.ts";
