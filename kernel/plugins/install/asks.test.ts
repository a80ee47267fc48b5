import { type Manifest, manifestSchema } from "@patchbay/sdk";
import * as fc from "fast-check";
import * as v from "valibot";
import { expect, it } from "vitest";
import { type Asks, asksForMore, asksOf, parseAsks } from "./asks.ts";

const manifest = (more: Record<string, unknown>): Manifest =>
  v.parse(manifestSchema, { id: "notes", title: "Notes", sdk: "^1.0.0", ...more });
const service = (more: Record<string, unknown> = {}) => ({
  title: "Daemon",
  user: "web",
  argv: ["/usr/bin/sleep", "1"],
  test: ["/usr/bin/true"],
  reload: "SIGHUP",
  stop: "SIGTERM",
  ...more,
});

const words = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"));
const asks: fc.Arbitrary<Asks> = fc.record({
  isolation: fc.constantFrom("kernel" as const, "process" as const),
  memoryMb: fc.integer({ min: 64, max: 512 }),
  requires: words,
  packages: words.map((names) => names.map((apt) => ({ apt, reason: "why" }))),
  services: words.map((names) =>
    names.map((name) => ({ name, title: name, user: "web" as const, argv: ["/x"], more: "[]" })),
  ),
  tree: fc.boolean(),
  invoke: words,
  signer: fc.constantFrom(null, "ed25519:a", "ed25519:b"),
});

it("asks for nothing more than the same, and survives being written down", () => {
  fc.assert(
    fc.property(asks, (one) => {
      expect(asksForMore(one, one)).toEqual([]);
      expect(parseAsks(JSON.stringify(one))).toEqual(one);
    }),
  );
});

it("never lets more through by way of a version between: what two steps allow, one step allows", () => {
  fc.assert(
    fc.property(asks, asks, asks, (first, second, third) => {
      if (asksForMore(first, second).length > 0 || asksForMore(second, third).length > 0) return;
      expect(asksForMore(first, third)).toEqual([]);
    }),
  );
});

it.each<[string, Record<string, unknown>, string]>([
  ["isolation", { isolation: "kernel" }, "to run in the panel's own process"],
  ["memory", { memoryMb: 512 }, "memory: 512 MiB instead of 256"],
  ["another plugin", { requires: ["web"] }, "to work with web"],
  ["a system package", { packages: [{ apt: "x", binary: "/x", reason: "x" }] }, "the system package x"],
  ["a tree", { grants: { tree: true } }, "a configuration tree"],
  ["an operation", { grants: { invoke: ["a.b"] } }, "to call a.b in its own name"],
  ["a service", { grants: { services: { other: service() } } }, "to run the service other"],
  [
    "another user",
    { grants: { services: { daemon: service({ user: "root" }) } } },
    "to run the service daemon in another way",
  ],
  [
    "other words",
    { grants: { services: { daemon: service({ argv: ["/usr/bin/sleep", "2"] }) } } },
    "to run the service daemon in another way",
  ],
  [
    "another test",
    { grants: { services: { daemon: service({ test: ["/usr/bin/false"] }) } } },
    "to run the service daemon in another way",
  ],
])("says what is more: %s", (_what, more, words) => {
  const before = asksOf(manifest({ grants: { services: { daemon: service() } } }), null);
  expect(asksForMore(before, asksOf(manifest(more), null))).toEqual([words]);
  expect(asksForMore(asksOf(manifest(more), null), asksOf(manifest({}), null))).toEqual([]);
});

it("takes the loss of a signature for more", () => {
  const signed = asksOf(manifest({}), "ed25519:a");
  expect(asksForMore(signed, { ...signed, signer: null })).toEqual(["to be trusted unsigned"]);
  expect(parseAsks("{}")).toBeUndefined();
  expect(parseAsks("no")).toBeUndefined();
});
