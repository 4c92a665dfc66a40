import * as zlib from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { crc32, portableCrc32 } from "../../src/lib/crc32.ts";

for (const [name, checksum] of Object.entries({ crc32, portableCrc32 }))
  describe(name, () => {
    it("has the check value of CRC-32/ISO-HDLC", () => {
      expect(checksum(Buffer.from("123456789"))).to.equal(0xcbf43926);
      expect(checksum(new Uint8Array(0))).to.equal(0);
    });

    it("agrees with the checksum that gzip writes", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
          const trailer = zlib.gzipSync(bytes).subarray(-8);
          expect(checksum(bytes)).to.equal(trailer.readUInt32LE(0));
        }),
      );
    });
  });
