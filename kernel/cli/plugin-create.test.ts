import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Manifest, manifestSchema, SDK_VERSION } from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPlugin } from "./plugin-create.ts";
import { resourceOf } from "./templates/api.ts";
import { toolVersions } from "./templates/versions.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-create-"));
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

const root = join(import.meta.dirname, "../..");
const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

async function create(...words: readonly string[]): Promise<{ manifest: Manifest; files: readonly string[] }> {
  const folder = join(dir, "made");
  await createPlugin([...words, "--dir", folder]);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return { manifest: v.parse(manifestSchema, readJson(join(folder, "package.json")).patchbay), files };
}

describe("patchbay plugin create", () => {
  it.each([
    ["web", "conformance/web.conformance.ts"],
    ["dns", "conformance/dns.conformance.ts"],
  ])("writes a backend of %s with the suite of its slot", async (slot, suite) => {
    const { files, manifest } = await create("my-own", "--slot", slot);
    expect(manifest).toMatchObject({ id: "my-own", title: "My own", sdk: `^${SDK_VERSION}` });
    expect(manifest).toMatchObject({ provides: [{ slot, as: "my-own" }], requires: [slot] });
    expect(files).toEqual(expect.arrayContaining([suite, "src/index.ts", "src/provider.ts", "README.md"]));
  });

  it("asks for exact versions: its own, and those the panel is tested with", async () => {
    await create("own", "--empty");
    const { devDependencies } = readJson(join(dir, "made/package.json"));
    const panel = readJson(join(root, "package.json"));
    const own = { "@patchbay/sdk": SDK_VERSION, "@patchbay/kernel": panel.version };
    expect(devDependencies).toEqual({ ...own, ...toolVersions });
    expect(panel.devDependencies).toMatchObject(toolVersions);
  });

  it("names operations without digits", () => {
    expect(resourceOf("my-2nd-api2")).toBe("my-nd-api");
    expect(resourceOf("notes")).toBe("notes");
    for (const id of ["a1", "web-3", "x-1-2-y"]) expect(resourceOf(id)).toMatch(/^[a-z][a-z-]*[a-z]$|^[a-z]$/);
  });
});
