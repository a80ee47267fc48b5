import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildDist } from "./build.mjs";

let root: string;

function put(path: string, text: string) {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "patchbay-build-"));
  put("package.json", '{ "type": "module", "version": "1.2.3", "engines": { "node": ">=20" } }');
  put(
    "sdk/package.json",
    JSON.stringify({
      name: "@patchbay/sdk",
      version: "1.1.0",
      type: "module",
      exports: { ".": { source: "./index.ts" } },
      peerDependencies: { knex: "3.3.0", valibot: "1.5.0" },
    }),
  );
  put("kernel/package.json", '{ "name": "@patchbay/kernel", "type": "module" }');
  put("node_modules/vitest/package.json", '{ "version": "4.0.0" }');
  for (const file of ["sdk/testing/run.mjs", "bin/package.mjs", "bootstrap/node-version.mjs"]) put(file, "export {};");
  put("sdk/index.ts", "export class Shared { readonly own: number = 1; }");
  put("kernel/auth/hash-worker.mjs", "export {};");
  put("kernel/auth/passwords.ts", 'export const worker = new URL("./hash-worker.mjs", import.meta.url);');
  put("kernel/main.ts", 'import { worker } from "./auth/passwords.ts"; console.log(worker.href);');
  put("kernel/helper/entry.ts", "export async function main() { return 7; }");
  put("kernel/cli/main.ts", 'export { worker } from "../auth/passwords.ts"; export { Shared } from "@patchbay/sdk";');
  put("plugins/notes/package.json", '{ "name": "@patchbay/notes", "type": "module" }');
  put("plugins/notes/index.ts", 'import { Shared } from "@patchbay/sdk"; export default new Shared();');
  mkdirSync(join(root, "node_modules/@patchbay"), { recursive: true });
  symlinkSync("../../sdk", join(root, "node_modules/@patchbay/sdk"));
});
afterEach(() => rmSync(root, { recursive: true }));

const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(root, "dist", path)).href);

describe("buildDist", () => {
  it("bundles entries that share one copy of the sdk, and puts workers beside their callers", async () => {
    await buildDist(root);
    const { Shared } = await load("sdk/index.js");
    expect((await load("plugins/notes/index.js")).default).toBeInstanceOf(Shared);
    expect(await (await load("helper/main.js")).main()).toBe(7);
    expect(existsSync((await load("cli/main.js")).worker)).toBe(true);
    expect(existsSync(join(root, "dist/kernel/hash-worker.mjs"))).toBe(true);
    expect(readdirSync(root).filter((name) => name.startsWith(".dist-"))).toEqual([]);
  });

  it("removes what is no longer built and leaves alone what is the same", async () => {
    await buildDist(root);
    const same = join(root, "dist/helper/main.js");
    const before = statSync(same).ino;
    put("dist/plugins/gone/index.js", "");
    rmSync(join(root, "plugins/notes"), { recursive: true });
    await buildDist(root);
    expect(existsSync(join(root, "dist/plugins"))).toBe(false);
    expect(statSync(same).ino).toBe(before);
  });

  it("builds what installed plugins import: the sdk, and contracts that find each other in one package", async () => {
    put("plugins/notes/contract.ts", 'export { Shared } from "@patchbay/sdk"; export const notes = "notes";');
    put("plugins/tags/package.json", '{ "name": "@patchbay/tags", "type": "module" }');
    put("plugins/tags/contract.ts", 'export { notes as all } from "@patchbay/notes/contract";');
    await buildDist(root);
    const text = readFileSync(join(root, "dist/packages/kernel/contracts/tags/contract.js"), "utf8");
    expect(text).toContain('from "@patchbay/kernel/contracts/notes"');
    const { all, Shared } = await load("packages/kernel/contracts/tags/contract.js").then(async (tags) => ({
      ...tags,
      ...(await load("packages/sdk/index.js")),
    }));
    expect(all).toBe("notes");
    expect((await load("packages/kernel/contracts/notes/contract.js")).Shared).toBe(Shared);
    const read = (name: string) => JSON.parse(readFileSync(join(root, "dist/packages", name, "package.json"), "utf8"));
    expect(read("kernel")).toMatchObject({ version: "1.2.3", dependencies: { "@patchbay/sdk": "1.1.0" } });
    expect(read("sdk").exports["."]).toEqual({ types: "./index.d.ts", default: "./index.js" });
  });

  it("leaves dist/ as it was when the sources do not build", async () => {
    await buildDist(root);
    const before = readFileSync(join(root, "dist/plugins/notes/index.js"), "utf8");
    put("plugins/notes/index.ts", 'import { nothing } from "./nothing.ts"; export default nothing;');
    await expect(buildDist(root)).rejects.toThrow("nothing.ts");
    expect(readFileSync(join(root, "dist/plugins/notes/index.js"), "utf8")).toBe(before);
  });

  it("refuses a bundle that would start the kernel by importing it", async () => {
    put("kernel/cli/main.ts", 'export const start = () => import("../main.ts");');
    await expect(buildDist(root)).rejects.toThrow("cli/main.js imports the program kernel/main.js");
  });
});
