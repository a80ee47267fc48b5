import { existsSync } from "node:fs";
import { ProviderError } from "@patchbay/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPackages } from "../host/packages.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import type { ManifestLike } from "./options.ts";
import { runProgram } from "./program.ts";

const canInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
/** Small, and nobody needs it. */
const small = "hello";
const wasThere = existsSync("/usr/bin/hello");
const needs = (id: string, ...apt: string[]): ManifestLike => ({
  id,
  packages: apt.map((name) => ({ apt: name, binary: "/usr/bin/hello", reason: "for the test" })),
});

let rig: HelperRig;
let helper: RunningHelper;

beforeAll(async () => {
  rig = await HelperRig.create([
    needs("greets", small),
    needs("basics", "dpkg", "coreutils  tar"),
    needs("missing", "patchbay-has-no-such-package"),
    needs("hostile", "--purge", "-oAPT::Update::Pre-Invoke::=id", "*", "dp*"),
    { id: "modest" },
  ]);
  helper = await rig.start();
});

afterAll(async () => {
  await rig.end();
});

const packages = () => createPackages(helper.client);
const failure = async (work: Promise<unknown>) => {
  const error = await work.catch((thrown: unknown) => thrown);
  if (error instanceof ProviderError) return error;
  throw new Error("it did not fail");
};

describe("packages", () => {
  it("are told with their versions, those alone that a manifest names", async () => {
    const { versions, installable } = await packages().versions(["basics", "missing", "modest", "hostile", "ghost"]);
    expect(Object.keys(versions)).toEqual(["dpkg", "coreutils", "tar", "patchbay-has-no-such-package"]);
    expect([versions["dpkg"], versions["tar"]]).toEqual([expect.stringMatching(/^\d/), expect.stringMatching(/^\d/)]);
    expect(versions["patchbay-has-no-such-package"]).toBeNull();
    expect(installable).toBe(canInstall);
    expect(await packages().versions([])).toEqual({ versions: {}, installable });
  });

  it("are not installed for a plugin that names none", async () => {
    for (const plugin of ["modest", "hostile", "ghost"]) {
      expect(await failure(packages().install(plugin))).toMatchObject({ kind: "terminal" });
    }
  });

  it.skipIf(!canInstall)("say what apt-get said when there are none of this name", async () => {
    const { kind, output } = await failure(packages().install("missing"));
    expect([kind, output]).toEqual(["unavailable", expect.stringContaining("patchbay-has-no-such-package")]);
    expect(existsSync("/usr/sbin/policy-rc.d")).toBe(false);
  });

  it.skipIf(!canInstall || wasThere)("are installed for real, and a second time is nothing", async () => {
    try {
      expect((await packages().versions(["greets"])).versions).toEqual({ hello: null });
      await Promise.all([packages().install("greets"), packages().install("greets")]);
      const { versions } = await packages().versions(["greets"]);
      expect(versions).toEqual({ hello: expect.stringMatching(/^\d/) });
      expect((await runProgram(["/usr/bin/hello"], { timeoutMs: 5000 })).output).toContain("Hello, world!");
      expect(existsSync("/usr/sbin/policy-rc.d")).toBe(false);
    } finally {
      await runProgram(["/usr/bin/apt-get", "-q", "-y", "purge", small], { env, timeoutMs: 120_000 });
    }
    expect((await packages().versions(["greets"])).versions).toEqual({ hello: null });
  });

  it.skipIf(!canInstall)("cannot be installed by a helper that is not root", async () => {
    const { uid } = helper.hello.web;
    const other = await HelperRig.create([needs("greets", small)]);
    try {
      await runProgram(["/usr/bin/chown", "-R", `${uid}:${uid}`, other.base], { timeoutMs: 10_000 });
      const { client } = await other.start({}, uid);
      expect((await createPackages(client).versions(["greets"])).installable).toBe(false);
      expect(await failure(createPackages(client).install("greets"))).toMatchObject({ kind: "unavailable" });
    } finally {
      await other.end();
    }
  });
});
