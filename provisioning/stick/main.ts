import { writeSync } from "node:fs";
import { descriptorSource } from "./fat/index.ts";
import { readInto } from "./reader.ts";

/**
 * The reader of sticks, a process of its own: it gets the block device as its standard input, opened for reading by
 * somebody else, says what is on it to its standard output, and ends. It opens nothing, and whoever takes it over has a
 * descriptor of a stick and a pipe.
 */
try {
  readInto(descriptorSource(0), (bytes) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
  });
} catch (error) {
  // Nobody wants to know any more.
  if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
}
