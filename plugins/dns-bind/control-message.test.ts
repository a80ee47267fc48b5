import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ControlTable, decodeControl, decodeTable, encodeControl, encodeTable } from "./control-message.ts";

const secret = Buffer.alloc(32, 7);
const key = fc.stringMatching(/^[a-z_]{1,20}$/);
const text = fc.string({ unit: "grapheme", maxLength: 200 });
const table: fc.Arbitrary<ControlTable> = fc.dictionary(
  key,
  fc.oneof(text, fc.dictionary(key, text, { maxKeys: 5, noNullPrototype: true })),
  { maxKeys: 6, noNullPrototype: true },
);
/** With ordinary prototypes, for comparisons. */
const plain = (value: ControlTable): unknown => JSON.parse(JSON.stringify(value));

describe("messages of the control channel", () => {
  it("say the same after a way through the wire form", () => {
    fc.assert(
      fc.property(table, (value) => {
        expect(plain(decodeTable(encodeTable(value)))).toEqual(plain(value));
        expect(plain(decodeControl(secret, encodeControl(secret, value).subarray(4)))).toEqual(plain(value));
      }),
    );
  });

  it("are refused with another key, or with one bit changed", () => {
    const message = encodeControl(secret, { _data: { type: "status" } }).subarray(4);
    expect(() => decodeControl(Buffer.alloc(32, 8), message)).toThrow("does not sign");
    for (let at = 0; at < message.length; at += 1) {
      const changed = Buffer.from(message);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => decodeControl(secret, changed), `byte ${at}`).toThrow("does not sign");
    }
  });

  it("never read beyond their end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeTable(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
