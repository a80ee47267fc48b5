import { hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSealer } from "../storage/sealer.ts";
import { createVault } from "./vault.ts";

const key = Buffer.alloc(32, 5);
const vaultOf = (plugin: string, instance = key) => createVault(createSealer(instance), plugin);
const one = vaultOf("dns-one");
const two = vaultOf("dns-two");
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("a plugin's vault", () => {
  it("opens what it sealed under the same context, also after a restart, and seals differently each time", () => {
    const sealed = one.seal("keys.7", "näme=S3CRET");
    expect(sealed).not.toContain("S3CRET");
    expect(one.seal("keys.7", "näme=S3CRET")).not.toBe(sealed);
    expect([one.open("keys.7", sealed), vaultOf("dns-one").open("keys.7", sealed)]).toEqual([
      "näme=S3CRET",
      "näme=S3CRET",
    ]);
  });

  it("does not open under another context, by another plugin or instance, by the kernel, or when it was changed", () => {
    const sealed = one.seal("keys.7", "S3CRET");
    const flipped = `${sealed.slice(0, -2)}${sealed.at(-2) === "A" ? "B" : "A"}${sealed.at(-1)}`;
    const openings = [
      () => one.open("keys.8", sealed),
      () => two.open("keys.7", sealed),
      () => vaultOf("dns-one", Buffer.alloc(32, 6)).open("keys.7", sealed),
      () => createSealer(key).open("keys.7", sealed),
      () => one.open("keys.7", flipped),
      () => one.open("keys.7", ""),
    ];
    for (const open of openings) expect(open).toThrow();
  });

  it("cannot open what the kernel sealed", () => {
    const sealed = createSealer(key).seal("settings.value.plugin:dns-one:api_token", "S3CRET");
    for (const context of ["settings.value.plugin:dns-one:api_token", "", "value"]) {
      expect(() => one.open(context, sealed)).toThrow();
    }
  });

  it("derives 32 bytes for each plugin and label, the same every time", () => {
    const known = hkdfSync("sha256", key, Buffer.alloc(0), "patchbay plugin dns-one tsig", 32);
    expect(hex(one.derive("tsig"))).toBe(hex(new Uint8Array(known)));
    expect(hex(vaultOf("dns-one").derive("tsig"))).toBe(hex(one.derive("tsig")));
    const others = [
      two.derive("tsig"),
      one.derive("rndc"),
      one.derive("tsi"),
      vaultOf("dns-one", Buffer.alloc(32, 6)).derive("tsig"),
    ];
    expect(new Set([one.derive("tsig"), ...others].map(hex)).size).toBe(5);
    expect(one.derive("tsig")).toHaveLength(32);
  });
});
