import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSources } from "../architecture/source-file.ts";

const root = join(import.meta.dirname, "../..");
const sources = readSources(root, ["sdk", "kernel", "plugins", "bootstrap", "bin"]).filter((file) => !file.isTest);

/** Lines of shipped code that match, as `path: line`. Comments and strings are masked out. */
function linesWith(pattern: RegExp, within: (path: string) => boolean = () => true): string[] {
  return sources
    .filter((file) => within(file.path))
    .flatMap(({ masked, path }) =>
      masked.code.split("\n").flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}`] : [])),
    );
}

describe("shipped code", () => {
  it("is read", () => {
    expect(sources.length).toBeGreaterThan(150);
    expect(linesWith(/\bspawn\(/).length).toBeGreaterThan(0);
  });

  it("takes no randomness that can be foretold", () => {
    // Jobs spread their retries with it.
    expect(linesWith(/\bMath\s*\.\s*random\b/, (path) => path !== "kernel/jobs/jobs.ts")).toEqual([]);
  });

  it("makes no code out of text", () => {
    expect(linesWith(/\beval\s*\(|\bnew\s+Function\b|\bvm\s*\.\s*run/)).toEqual([]);
  });

  it("hands its own environment to no child", () => {
    const panel = (path: string) => !/^(?:bootstrap|bin)\//.test(path);
    expect(linesWith(/\benv:\s*(?:\{\s*\.\.\.)?process\.env\b/, panel)).toEqual([]);
  });

  it("turns off no check of a certificate but its own", () => {
    // The command line talks to its own panel, and probes to the panel's own web servers, on this machine.
    const own = ["kernel/cli/", "kernel/host/http-get.ts"];
    const elsewhere = (path: string) => !own.some((place) => path.startsWith(place));
    expect(linesWith(/rejectUnauthorized\s*:\s*false/, elsewhere)).toEqual([]);
  });

  it("carries no secret", () => {
    const literals = sources.flatMap(({ masked, path }) =>
      masked.strings
        .filter((text) => /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\w|^pb_[A-Za-z0-9_-]{43}$|Nova2026/.test(text))
        .map(() => path),
    );
    expect(literals).toEqual([]);
  });
});
