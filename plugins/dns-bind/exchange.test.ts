import type { Wire } from "@patchbay/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWire } from "../../test/harness/wire.ts";
import { createExchange, transferred } from "./exchange.ts";
import { encodeUpdate } from "./message.ts";
import { LiveNamed } from "./testing/live-named.ts";
import { put, serversOf, setUnit, zoneUnit } from "./testing/units.ts";

const { signal } = new AbortController();
const clock = { now: () => Date.now() };
let named: LiveNamed;

beforeAll(async () => {
  named = await LiveNamed.create();
  await named.apply();
  const sets = Array.from({ length: 3000 }, (_, at) => setUnit("ada.test", `h${at}`, "TXT", `"${"x".repeat(50)}"`));
  const changes = [zoneUnit("ada.test"), serversOf("ada.test"), ...sets].map((unit) => put(unit));
  expect(await named.execute(...changes)).toEqual(new Map());
});
afterAll(() => named.end());

/** A wire that changes answers on their way. */
function tampering(change: (bytes: Buffer) => Buffer): Wire {
  const wire = createWire(named.info);
  return {
    datagram: async (...words) => change(Buffer.from(await wire.datagram(...words))),
    connect: async (...words) => {
      const stream = await wire.connect(...words);
      return {
        write: (bytes) => stream.write(bytes),
        read: async (length) => {
          const bytes = Buffer.from(await stream.read(length));
          return length > 2 ? change(bytes) : bytes;
        },
        close: () => stream.close(),
      };
    },
  };
}

describe("answers are signed", () => {
  it("and taken when they are, over many messages", async () => {
    const exchange = createExchange(createWire(named.info), clock);
    const messages = (await exchange.transfer("ada.test", named.keys.transfer, signal)) ?? [];
    expect(messages.length).toBeGreaterThan(3);
    expect([...transferred(messages)]).toHaveLength(3000 + 2 + 2);
    expect(await exchange.transfer("missing.test", named.keys.transfer, signal)).toBeUndefined();
  });

  it("and refused when a bit was changed", async () => {
    let seen = 0;
    const late = tampering((bytes) => {
      seen += 1;
      if (seen === 2) bytes[300] = (bytes[300] ?? 0) ^ 1;
      return bytes;
    });
    await expect(createExchange(late, clock).transfer("ada.test", named.keys.transfer, signal)).rejects.toThrow(
      /not signed with the panel's key|cannot be read/,
    );
    const update = () => encodeUpdate("ada.test", [], []);
    const lying = tampering((bytes) => {
      bytes[3] = (bytes[3] ?? 0) ^ 2;
      return bytes;
    });
    await expect(createExchange(lying, clock).signed(update(), named.keys.update, signal)).rejects.toThrow(
      "not signed",
    );
    const silent = createExchange(createWire(named.info), clock);
    expect((await silent.signed(update(), named.keys.update, signal)).rcode).toBe(0);
  });

  it("with the keys of this panel, at this time", async () => {
    const exchange = createExchange(createWire(named.info), clock);
    const stranger = { ...named.keys.update, secret: Buffer.alloc(32) };
    const update = () => encodeUpdate("ada.test", [], []);
    await expect(exchange.signed(update(), stranger, signal)).rejects.toMatchObject({ kind: "conflict" });
    const unknown = { ...named.keys.update, name: "nobody" };
    await expect(exchange.signed(update(), unknown, signal)).rejects.toMatchObject({ kind: "conflict" });
    const slow = createExchange(createWire(named.info), { now: () => Date.now() - 3_600_000 });
    await expect(slow.signed(update(), named.keys.update, signal)).rejects.toMatchObject({ kind: "conflict" });
  });
});

describe("the control channel", () => {
  it("refuses another key", async () => {
    const { openControl } = await import("./control.ts");
    const wire = createWire(named.info);
    await expect(openControl({ wire, clock, secret: Buffer.alloc(32) }, signal)).rejects.toMatchObject({
      kind: "unavailable",
    });
  });
});
