import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findPlugins } from "./manifest.ts";

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

it("finds plugins after those they require", async () => {
  write("a", notes({ id: "aaa", requires: ["zzz"] }));
  write("z", notes({ id: "zzz" }));
  mkdirSync(join(dir, "no-plugin"));
  expect((await findPlugins([dir, join(dir, "missing")])).map(({ manifest }) => manifest.id)).toEqual(["zzz", "aaa"]);
});

it.each([
  [{ sdk: "^2.0.0" }, "notes is made for SDK ^2.0.0"],
  [{ sdk: "*" }, "notes needs an upper bound in its SDK range"],
  [{ sdk: ">=1.0.0" }, "notes needs an upper bound in its SDK range"],
  [{ sdk: "new" }, "notes names no valid SDK range"],
  [{ requires: ["gone"] }, "notes requires gone, which is not there"],
  [{ surprise: 1 }, "invalid manifest"],
  [{ id: "No" }, "invalid manifest"],
])("refuses %j", async (more, message) => {
  write("notes", notes(more));
  await expect(findPlugins([dir])).rejects.toThrow(message);
});

it("refuses two plugins of one id, and plugins that require each other", async () => {
  write("one", notes());
  write("two", notes());
  await expect(findPlugins([dir])).rejects.toThrow("plugin notes is there twice");
  write("one", notes({ id: "one", requires: ["two"] }));
  write("two", notes({ id: "two", requires: ["one"] }));
  await expect(findPlugins([dir])).rejects.toThrow("one → two → one");
});

it("names everything that is wrong at once", async () => {
  write("one", notes({ id: "one", sdk: "*" }));
  write("two", notes({ id: "two", sdk: "^3.0.0" }));
  await expect(findPlugins([dir])).rejects.toMatchObject({ problems: { length: 2 } });
});
