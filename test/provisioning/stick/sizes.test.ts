import { suite } from "../../kit.ts";
import { readsWell } from "./sizes.ts";

const { test, run } = suite("sticks of every FAT size", 120_000);

// The cluster sizes between are read by `make sticks`.
for (const bits of [12, 16, 32] as const)
  for (const clusterBytes of [512, 4_096, 65_536])
    test(`FAT${bits} with clusters of ${clusterBytes} bytes is read byte for byte`, () =>
      readsWell({ bits, clusterBytes }));

run();
