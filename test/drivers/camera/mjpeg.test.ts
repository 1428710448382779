import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { isWholeJpeg, MjpegParser } from "../../../drivers/ports/camera/mjpeg.ts";
import { suite } from "../../kit.ts";
import { picture } from "./support.ts";

const { test, run } = suite("mjpeg");

test("frames come out whole however the stream is cut, with a thumbnail inside and junk between", () => {
  const junk = fc
    .uint8Array({ maxLength: 20 })
    .map((bytes) => bytes.map((byte) => (byte === 0xff ? 0 : byte)));
  fc.assert(
    fc.property(
      fc.array(junk, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      (gaps, step) => {
        const stream = Buffer.concat(gaps.flatMap((gap, n) => [gap, picture(n)]));
        const parser = new MjpegParser();
        const found: Buffer[] = [];
        for (let at = 0; at < stream.length; at += step)
          found.push(...parser.push(stream.subarray(at, at + step)));
        return found.length === gaps.length && found.every((frame, n) => frame.equals(picture(n)));
      },
    ),
    { numRuns: 1_000 },
  );
});

test("a real photograph is whole, and is not when its end is cut off or something follows", () => {
  const photo = readFileSync("test/fixtures/photos/portrait.jpg");
  assert.ok(isWholeJpeg(photo));
  assert.not.ok(isWholeJpeg(photo.subarray(0, -2)));
  assert.not.ok(isWholeJpeg(Buffer.concat([photo, Buffer.from("tail")])));
  assert.not.ok(isWholeJpeg(new Uint8Array(0)));
});

test("noise and a picture without an end keep little, and the next picture is found", () => {
  const parser = new MjpegParser();
  const endless = Buffer.concat([picture(1).subarray(0, 20), Buffer.from([0xff, 0xda, 0, 2])]);
  parser.push(endless);
  for (let n = 0; n < 200; n++) {
    parser.push(Buffer.alloc(65_536, n % 200));
    assert.ok(parser.kept <= 4 * 1024 * 1024 + 65_536);
  }
  parser.push(Buffer.alloc(5 * 1024 * 1024));
  assert.ok(parser.kept <= 2);
  assert.equal(parser.push(picture(3)), [picture(3)]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), (bytes) => {
      const any = new MjpegParser();
      any.push(bytes);
      return any.kept <= 3_000;
    }),
  );
});

run();
