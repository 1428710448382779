/** What the bench and a unit's process say to each other about GPIO and I2C: one JSON object a line, development only. */
export interface Chip {
  label: string;
  base: number;
  ngpio: number;
}

export type BusRequest = { id: number } & (
  | { op: "level"; line: number }
  | { op: "drive"; line: number; level: 0 | 1 }
  | { op: "i2cRead"; bus: number; address: number; length: number }
  | { op: "i2cWrite"; bus: number; address: number; bytes: number[] }
  | { op: "i2cBlock"; bus: number; address: number; register: number; length: number }
);
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
export type BusCall = WithoutId<BusRequest>;

export type BusMessage =
  | { hello: { chips: Chip[]; sysfsRoot: string; levels: Record<string, 0 | 1> } }
  | { edge: { line: number; level: 0 | 1 } }
  | { id: number; level?: 0 | 1; bytes?: number[]; error?: string };

/** Calls `onLine` for each whole line of a stream. */
export function byLine(onLine: (line: string) => void): (chunk: string) => void {
  let pending = "";
  return (chunk) => {
    const lines = (pending + chunk).split("\n");
    pending = lines.pop() ?? "";
    for (const line of lines) if (line) onLine(line);
  };
}
