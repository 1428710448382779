import { newSigningKey } from "../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";

/** A small valid configuration for tests; give what matters to the test. */
export function unitConfiguration(over: Partial<UnitConfiguration> = {}): UnitConfiguration {
  return {
    v: 1,
    unit: "kt-01",
    site: "kwun-tong",
    code: "KT01",
    roles: ["submission", "collection"],
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:8883", ca: "-" },
      keys: [newSigningKey("receipt").public],
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    },
    devices: [],
    slots: [],
    interlocks: [],
    services: [],
    hours: { zone: "Asia/Hong_Kong", weekly: {}, holidays: [], holidayYears: [2026, 2027] },
    screen: { port: 0, pxPerMm: 3.2, idleS: 60 },
    ...over,
  };
}
