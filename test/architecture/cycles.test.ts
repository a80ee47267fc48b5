import { describe, expect, it } from "vitest";
import { findCycles, toFileGraph, toRoomGraph } from "./cycles.ts";
import { toSourceFile } from "./source-file.ts";

const sample = [
  toSourceFile("kernel/a/one.ts", 'import { x } from "../b/two.ts";'),
  toSourceFile("kernel/b/two.ts", 'import type { y } from "./three.ts";'),
  toSourceFile("kernel/b/three.ts", 'import { z } from "../a/four.ts";'),
  toSourceFile("kernel/a/four.ts", "export const z = 1;"),
  toSourceFile("kernel/b/three.test.ts", 'import { x } from "../a/one.ts";'),
];

describe("findCycles", () => {
  it("finds a cycle between rooms that is none between files", () => {
    expect(findCycles(toFileGraph(sample, { runtimeOnly: false }))).toEqual([]);
    expect(findCycles(toRoomGraph(sample, { runtimeOnly: false }))).toEqual(["a → b → a"]);
  });

  it("finds a cycle between files once, and a file that imports itself", () => {
    const graph = new Map([
      ["a", new Set(["b"])],
      ["b", new Set(["c"])],
      ["c", new Set(["a"])],
      ["d", new Set(["d", "a"])],
    ]);
    expect(findCycles(graph)).toEqual(["a → b → c → a", "d → d"]);
  });

  it("leaves out types when asked to", () => {
    const pair = [
      toSourceFile("kernel/a/one.ts", 'import type { x } from "./two.ts";'),
      toSourceFile("kernel/a/two.ts", 'import { y } from "./one.ts";'),
    ];
    expect(findCycles(toFileGraph(pair, { runtimeOnly: false }))).toHaveLength(1);
    expect(findCycles(toFileGraph(pair, { runtimeOnly: true }))).toEqual([]);
  });
});
