import fc from "fast-check";
import { expect, it } from "vitest";
import { readStrings } from "./strings.ts";

const quote = (bytes: Uint8Array) =>
  `"${[...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`)).join("")}"`;

it("reads back every sequence of quoted strings", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 4 }), (strings) => {
      expect(readStrings(strings.map(quote).join(" "))).toEqual(Buffer.concat(strings));
    }),
  );
});

it("takes text without quotes as it is", () => {
  expect(readStrings("v=spf1 ~all").toString()).toBe("v=spf1 ~all");
  expect(readStrings('"a \\"b\\" \\\\ c"').toString()).toBe('a "b" \\ c');
});
