import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../harness/ports.ts";
import { until } from "../harness/wait.ts";
import { Stranger } from "./stranger.ts";

let stranger: Stranger;

beforeAll(async () => {
  stranger = await Stranger.arrive();
  // npm 11 fails with two tarballs where there is no package.json.
  await stranger.must(".", "npm", "init", "--yes");
  await stranger.install(".", stranger.sdk, stranger.kernel);
});
afterAll(() => stranger?.leave());

const read = (path: string) => readFileSync(join(stranger.dir, path), "utf8");

/** `patchbay plugin create` as the package's own command. */
const create = (...words: readonly string[]) =>
  stranger.run(".", join(stranger.dir, "node_modules/.bin/patchbay"), "plugin", "create", ...words);

describe("the packed kernel", () => {
  it("brings everything it needs, and nothing that builds it", () => {
    const own = readdirSync(join(stranger.dir, "node_modules/@patchbay/kernel"));
    expect(own).toEqual(expect.arrayContaining(["bin", "contracts", "dist", "plugins", "package.json"]));
    expect(own).not.toContain("bootstrap");
    for (const name of ["rolldown", "knex", "typescript", "vitest"]) {
      expect(existsSync(join(stranger.dir, "node_modules", name)), name).toBe(false);
    }
  });

  it("names no folder of the machine it was packed on", async () => {
    const text = await stranger.run(".", "grep", "-rlF", join(import.meta.dirname, "../.."), "node_modules/@patchbay");
    expect(text).toEqual({ code: 1, text: "" });
  });

  it("runs a panel", async () => {
    const ports = await freePorts();
    const data = join(stranger.dir, "var");
    const flags = ["--data", data, "--port", `${ports.panel}`, "--services-port", `${ports.services}`];
    const bin = join(stranger.dir, "node_modules/.bin/patchbay");
    const panel = spawn(bin, ["up", ...flags], { cwd: stranger.dir, stdio: "ignore" });
    try {
      await until("the panel is ready", () => existsSync(join(data, "instance.json")), 30_000);
      const listed = await stranger.must(".", bin, "account", "list", "--data", data, "--json");
      expect(JSON.parse(listed)).toMatchObject({ items: [] });
    } finally {
      const ended = new Promise((resolve) => panel.once("exit", resolve));
      panel.kill("SIGTERM");
      await ended;
    }
  });
});

describe("patchbay plugin create", () => {
  const sources = () => ["--sdk", stranger.sdk, "--kernel", stranger.kernel];

  it("writes a backend that builds, passes its tests and its lint at once", async () => {
    expect((await create("web-own", "--slot", "web", ...sources())).code).toBe(0);
    await stranger.install("web-own");
    await stranger.must("web-own", "npm", "run", "build");
    expect(await stranger.must("web-own", "npm", "test")).toContain("5 passed");
    await stranger.must("web-own", "npm", "run", "lint");
    // The types of the packages are whole, also for a compiler that checks them, and without knex.
    await stranger.must("web-own", "npx", "--no-install", "tsc", "--skipLibCheck", "false");
  }, 120_000);

  it.each([
    ["dns-own", ["--slot", "dns"], "4 passed"],
    ["api-own", ["--api"], "3 passed"],
    ["empty-own", ["--empty"], "1 passed"],
  ])(
    "writes %s",
    async (id, kind, passed) => {
      expect((await create(id, ...kind, ...sources())).code).toBe(0);
      // It asks for the same packages as the first one, whose are used.
      const wanted = (plugin: string) => JSON.parse(read(`${plugin}/package.json`)).devDependencies;
      expect(wanted(id)).toEqual(wanted("web-own"));
      symlinkSync("../web-own/node_modules", join(stranger.dir, id, "node_modules"));
      expect(await stranger.must(id, "npm", "test")).toContain(passed);
      await stranger.must(id, "npm", "run", "lint");
    },
    120_000,
  );

  // Where the suite itself is run by an ordinary user, the cases above have shown it.
  it.runIf(process.getuid?.() === 0)(
    "writes what an ordinary user can test too",
    async () => {
      const home = join(stranger.dir, "home");
      mkdirSync(home);
      await stranger.must(".", "chown", "-R", "65534:65534", home, "api-own", "web-own");
      const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "env", `HOME=${home}`];
      expect(await stranger.must("api-own", "setpriv", ...nobody, "npm", "test")).toContain("3 passed");
    },
    120_000,
  );

  it("refuses what it cannot write, with what it can", async () => {
    expect(await create("own", "--slot", "mail")).toMatchObject({ code: 2, text: expect.stringContaining("dns, web") });
    expect((await create("own")).text).toContain("--slot dns|web | --api | --empty");
    expect((await create("own", "--api", "--empty")).code).toBe(2);
    expect((await create("Own", "--api")).text).toContain("small letters");
    expect((await create("own", "--api", "--sdk", "no.tgz")).text).toContain("there is no no.tgz");
    expect((await create("web-own", "--api")).text).toContain("is not empty");
    expect(existsSync(join(stranger.dir, "own"))).toBe(false);
  });
});
