import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readPlugins } from "./manifest.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-plugins-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(folder: string, patchbay: Record<string, unknown>, version = "1.2.3"): void {
  mkdirSync(join(dir, folder), { recursive: true });
  writeFileSync(join(dir, folder, "package.json"), JSON.stringify({ name: folder, version, patchbay }));
}

const notes = (more: Record<string, unknown> = {}) => ({ id: "notes", title: "Notes", sdk: "^1.0.0", ...more });

it("finds the plugins of a folder, and those of none", async () => {
  write("b", notes({ id: "bbb" }));
  write("a", notes({ id: "aaa", requires: ["bbb"] }));
  mkdirSync(join(dir, "no-plugin"));
  expect(await readPlugins(dir)).toMatchObject([
    { id: "aaa", problems: [], found: { version: "1.2.3", dir: join(dir, "a"), manifest: { requires: ["bbb"] } } },
    { id: "bbb", problems: [] },
  ]);
  expect(await readPlugins(join(dir, "missing"))).toEqual([]);
});

it.each([
  [{ sdk: "^2.0.0" }, "notes is made for SDK ^2.0.0"],
  [{ sdk: "*" }, "notes needs an upper bound in its SDK range"],
  [{ sdk: ">=1.0.0" }, "notes needs an upper bound in its SDK range"],
  [{ sdk: "new" }, "notes names no valid SDK range"],
  [{ surprise: 1 }, "invalid manifest"],
  [{ id: "No" }, "invalid manifest"],
  [{ memoryMb: 1 }, "invalid manifest"],
])("says what is wrong with %j, and reads the others", async (more, message) => {
  write("notes", notes(more));
  write("other", notes({ id: "other" }));
  const [bad, good] = await readPlugins(dir);
  expect(bad).toMatchObject({ id: "notes", problems: [expect.stringContaining(message)] });
  expect(good).toMatchObject({ id: "other", problems: [] });
});

it.each(["{", "null", "[]"])("says so of a package.json that is %s", async (text) => {
  write("notes", {});
  writeFileSync(join(dir, "notes", "package.json"), text);
  expect(await readPlugins(dir)).toMatchObject([{ id: "notes", found: undefined, problems: [expect.any(String)] }]);
});
