export type { Flight, FlightEntry, FlightHeader } from "./format.ts";
export * from "./recorder.ts";

/** How recordings are written and read: loaded when somebody wants one. */
export const flightFormat = () => import("./format.ts");
export const flightFiles = () => import("./write.ts");
