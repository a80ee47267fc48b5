import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkout } from "../harness/checkout.ts";
import { Stranger } from "./stranger.ts";

const folder = join(checkout, "examples");
const examples = readdirSync(folder).filter((name) => existsSync(join(folder, name, "package.json")));
let stranger: Stranger;

beforeAll(async () => {
  stranger = await Stranger.arrive();
});
afterAll(() => stranger?.leave());

const manifestOf = (name: string) =>
  JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")) as {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly scripts: Readonly<Record<string, string>>;
  };

describe("an example, in the hands of a stranger", () => {
  it.each(examples)(
    "%s builds, passes its lint, its tests and its suite with nothing but the packed packages",
    async (name) => {
      await stranger.takeExample(name);
      await stranger.must(name, "npm", "run", "build");
      await stranger.must(name, "npm", "run", "lint");
      await stranger.must(name, "npm", "test");
      if (manifestOf(name).scripts["conformance"] !== undefined) await stranger.must(name, "npm", "run", "conformance");
      // What is published is what was built, and no test.
      const packed = await stranger.must(name, "npm", "pack", "--dry-run", "--json", "--ignore-scripts");
      const [{ files }] = JSON.parse(packed.slice(packed.indexOf("["), packed.lastIndexOf("]") + 1)) as [
        { files: readonly { path: string }[] },
      ];
      const paths = files.map(({ path }) => path);
      expect(paths).toContain("dist/index.js");
      expect(paths.filter((path) => !/^(?:dist\/|package\.json$|README\.md$)/.test(path))).toEqual([]);
    },
    240_000,
  );

  it.each(examples)("%s brings nothing of the panel along", (name) => {
    const brought = Object.keys(manifestOf(name).dependencies ?? {});
    expect(brought.filter((dependency) => dependency.startsWith("@patchbay/"))).toEqual([]);
  });
});
