export { type Ef01Settings, ef01Driver } from "./driver.ts";
