import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../harness/ports.ts";
import { processesUnder } from "../harness/processes.ts";
import { missingLine, readGuide, Terminal } from "./guide.ts";
import { Stranger } from "./stranger.ts";

const chapters = readGuide(readFileSync(join(import.meta.dirname, "../../docs/plugin-guide.md"), "utf8"));
let stranger: Stranger;
let terminal: Terminal;
let failed: string | undefined;

beforeAll(async () => {
  stranger = await Stranger.arrive();
  const { panel, services } = await freePorts();
  const ports = { PATCHBAY_PORT: String(panel), PATCHBAY_SERVICES_PORT: String(services) };
  terminal = new Terminal(stranger.dir, { ...stranger.terminal(), ...ports });
});
afterAll(async () => {
  await terminal?.close();
  for (const { pid } of stranger ? processesUnder(stranger.dir) : []) process.kill(pid, "SIGKILL");
  stranger?.leave();
});

describe("a reader who does what the guide says", () => {
  it.each(chapters)(
    "$title",
    async ({ steps, title }) => {
      if (failed !== undefined) throw new Error(`it failed before, in "${failed}"`);
      failed = title;
      for (const step of steps) await terminal.do(step);
      failed = undefined;
    },
    120_000,
  );

  it("leaves nothing running", () => {
    expect(processesUnder(stranger.dir).filter(({ command }) => !command.startsWith("bash"))).toEqual([]);
  });
});

describe("comparing an output", () => {
  it("takes lines in their order, each somewhere", () => {
    expect(missingLine("a 1\nb 2\nc 3", ["a", "c 3"])).toBeUndefined();
    expect(missingLine("a 1\nb   2\nc 3", ["b 2", "…3"])).toBeUndefined();
    expect(missingLine("a 1\nb 2", ["b", "a"])).toBe("a");
    expect(missingLine("a.b", ["a+b"])).toBe("a+b");
  });
});
