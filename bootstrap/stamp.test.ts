import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dependencyStamp, readStamp, sourceLook, sourceStamp, writeStamp } from "./stamp.mjs";

let root: string;

function put(path: string, text: string) {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "patchbay-stamp-"));
  put("package.json", JSON.stringify({ dependencies: { h3: "2.0.8" } }));
  put("package-lock.json", "{}");
  put("bootstrap/build.mjs", "1");
  put("plugins/web/package.json", JSON.stringify({ name: "web", patchbay: { title: "Web" } }));
  put("plugins/web/index.ts", "a");
});
afterEach(() => rmSync(root, { recursive: true }));

describe("sourceLook", () => {
  it("stays while nothing is written, and changes with a write that keeps size and time", () => {
    const file = join(root, "plugins/web/index.ts");
    utimesSync(file, 1_000, 1_000);
    const before = sourceLook(root);
    expect(sourceLook(root)).toBe(before);
    writeFileSync(file, "b");
    utimesSync(file, 1_000, 1_000);
    expect(sourceLook(root)).not.toBe(before);
  });
});

describe("sourceStamp", () => {
  const changed = (path: string, text: string) => {
    const before = sourceStamp(root);
    put(path, text);
    return sourceStamp(root) !== before;
  };

  it("follows contents: sources, manifests, new and other files", () => {
    expect(changed("plugins/web/index.ts", "b")).toBe(true);
    expect(changed("plugins/web/package.json", "{}")).toBe(true);
    expect(changed("plugins/web/deep/new.ts", "")).toBe(true);
    expect(changed("bootstrap/build.mjs", "2")).toBe(true);
    expect(changed("plugins/web/index.test.ts", "x")).toBe(false);
    expect(changed("plugins/web/notes.md", "x")).toBe(false);
    expect(changed("plugins/web/node_modules/x/index.ts", "x")).toBe(false);
  });

  it("does not follow times", () => {
    const before = sourceStamp(root);
    utimesSync(join(root, "plugins/web/index.ts"), 1, 1);
    expect(sourceStamp(root)).toBe(before);
  });
});

describe("dependencyStamp", () => {
  const changed = (path: string, text: string) => {
    const before = dependencyStamp(root);
    put(path, text);
    return dependencyStamp(root) !== before;
  };

  it("follows the lock file, dependencies and new plugins, but no manifest", () => {
    expect(changed("package-lock.json", '{"a":1}')).toBe(true);
    expect(changed("package.json", JSON.stringify({ dependencies: { h3: "2.0.9" } }))).toBe(true);
    expect(changed("plugins/php/package.json", JSON.stringify({ name: "php" }))).toBe(true);
    expect(changed("plugins/php/package.json", JSON.stringify({ name: "php", patchbay: {} }))).toBe(false);
  });
});

describe("readStamp", () => {
  it("reads what was written, and nothing from nowhere", () => {
    writeStamp(join(root, ".stamp"), "abc");
    expect(readStamp(join(root, ".stamp"))).toBe("abc");
    expect(readStamp(join(root, ".none"))).toBe("");
  });
});
