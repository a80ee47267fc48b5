import { beforeAll, describe, expect, it } from "vitest";
import { readPackage } from "./checkout.mjs";
import { committedSurface, newestNote, readSurface, surfaceDigest } from "./surface.mjs";

let surface: Map<string, string>;

beforeAll(async () => {
  surface = await readSurface();
});

describe("the public surface of the SDK", () => {
  it("is what is committed in sdk/api (mended with: npm run gen)", () => {
    const committed = committedSurface();
    expect([...committed.keys()]).toEqual([...surface.keys()]);
    for (const [name, text] of surface) expect(committed.get(name), `sdk/api/${name}`).toBe(text);
  });

  it("is told of by the newest change note, which a person writes", () => {
    const form = "the newest heading of sdk/CHANGES.md is ## <version> (surface <sha256>)";
    expect(newestNote(), form).toBeDefined();
    expect(newestNote()?.surface, "sdk/CHANGES.md: say what changed, and name this surface").toBe(
      surfaceDigest(surface),
    );
  });

  it("has the version of that note", () => {
    expect(newestNote()?.version).toBe(readPackage("sdk").version);
  });

  it("declares everything an entry refers to, once", () => {
    expect(surface.get("index.gen.d.ts")).toContain("export declare function definePlugin");
    expect(surface.get("testing.gen.d.ts")).toContain("export declare function startPanel");
    expect(surface.get("testing.gen.d.ts")).toContain("interface PanelUnderTest");
    expect(surface.get("conformance.gen.d.ts")).not.toContain("interface HostPaths");
  });

  it("is named by another digest when a file changes or moves", () => {
    const digest = surfaceDigest(
      new Map([
        ["a", "x"],
        ["b", "y"],
      ]),
    );
    expect(
      surfaceDigest(
        new Map([
          ["a", "x"],
          ["b", "z"],
        ]),
      ),
    ).not.toBe(digest);
    expect(
      surfaceDigest(
        new Map([
          ["a", "xy"],
          ["b", ""],
        ]),
      ),
    ).not.toBe(digest);
  });
});
