export * from "./bme280.ts";
