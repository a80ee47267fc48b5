import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  checkArrows,
  checkHelper,
  checkHostModules,
  checkPluginNames,
  checkSoleImporters,
  parseSoleImporters,
} from "./boundaries.ts";
import { findCycles, toFileGraph, toRoomGraph } from "./cycles.ts";
import { checkNames, checkShell, checkSizes, checkWords } from "./shape.ts";
import { readSources } from "./source-file.ts";

const root = join(import.meta.dirname, "../..");
const packages = readSources(root, ["sdk", "kernel", "plugins"]);
const everything = [...packages, ...readSources(root, ["bootstrap", "bin", "test"])];
const pluginIds = readdirSync(join(root, "plugins")).filter((id) =>
  existsSync(join(root, "plugins", id, "package.json")),
);
const document = readFileSync(join(root, "docs/architecture.md"), "utf8");

describe("the checkout keeps to docs/architecture.md", () => {
  it("has sources to check", () => {
    expect(packages.length).toBeGreaterThan(20);
    expect(packages.flatMap((file) => file.imports).length).toBeGreaterThan(packages.length);
  });

  it("imports along the arrows only", () => {
    expect(checkArrows(packages)).toEqual([]);
  });

  it("imports a library only in the room that owns it", () => {
    const owners = parseSoleImporters(document);
    expect(owners.get("knex")).toBe("storage");
    expect(owners.get("h3")).toBe("http");
    expect(checkSoleImporters(packages, owners)).toEqual([]);
  });

  it("touches files, processes and sockets in a few rooms only", () => {
    expect(checkHostModules(packages)).toEqual([]);
  });

  it("keeps the helper to Node, valibot and the privileged contract", () => {
    expect(checkHelper(packages)).toEqual([]);
  });

  it("never names a plugin in the kernel", () => {
    expect(checkPluginNames(packages, pluginIds)).toEqual([]);
  });

  it("has no cycle between files", () => {
    expect(findCycles(toFileGraph(everything, { runtimeOnly: false }))).toEqual([]);
  });

  it("has no cycle between kernel rooms", () => {
    expect(findCycles(toRoomGraph(packages, { runtimeOnly: false }))).toEqual([]);
  });

  it("keeps files small", () => {
    expect(checkSizes(everything)).toEqual([]);
  });

  it("names files by what they hold", () => {
    expect(checkNames(everything)).toEqual([]);
  });

  it("holds no unfinished work", () => {
    expect(checkWords(everything.filter((file) => !file.path.startsWith("test/architecture/")))).toEqual([]);
  });

  it("starts no shell", () => {
    expect(checkShell(everything)).toEqual([]);
  });
});
