import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hashFiles } from "./files.ts";
import { generateSigningKey, signatureFile, signFiles } from "./signature.ts";
import { InstallRoomRig, refusalOf } from "./testing/install-room.ts";
import { type PluginFolder, writePlugin } from "./testing/plugin-folder.ts";

let room: InstallRoomRig;
let dir: string;

beforeAll(async () => {
  room = await InstallRoomRig.start();
  // A registry that is not there: nothing of these tests may need one.
  writeFileSync(join(room.rig.dataDir, "panel", ".npmrc"), "registry=http://127.0.0.1:9/\nfetch-retries=0\n");
});
afterAll(() => room.end());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-refused-"));
  chmodSync(dir, 0o755);
});
afterEach(() => rmSync(dir, { recursive: true }));

const notes = () => join(dir, "notes");
const installed = (plugin: PluginFolder) => room.install(writePlugin(notes(), plugin));
const problemsOf = async (work: Promise<unknown>) => {
  const { code, details, message } = await refusalOf(work);
  expect([code, message]).toEqual(["PLUGIN_REFUSED", expect.stringContaining("refused")]);
  return details["problems"] as string[];
};
const service = (more: Record<string, unknown>) => ({
  title: "Daemon",
  user: "web",
  argv: ["/usr/bin/sleep", "60"],
  test: ["/usr/bin/true"],
  reload: "SIGHUP",
  stop: "SIGTERM",
  ...more,
});
const asking = (more: Record<string, unknown>) => ({ manifest: { grants: { services: { daemon: service(more) } } } });

describe("a plugin is refused", () => {
  it.each<[string, PluginFolder, RegExp, number]>([
    ["without a manifest", { manifest: null }, /invalid manifest/, 422],
    ["with an unknown key in it", { manifest: { surprise: 1 } }, /invalid manifest \(surprise/, 422],
    ["for another SDK", { manifest: { sdk: "^9.0.0" } }, /is made for SDK \^9/, 422],
    ["for every SDK there will ever be", { manifest: { sdk: ">=1.0.0" } }, /upper bound/, 422],
    ["with a name of the panel's own", { manifest: { id: "plugins" } }, /the panel's own/, 422],
    ["without its entry", { package: { exports: "./dist/index.js" } }, /build the plugin first/, 422],
    ["whose entry lies elsewhere", { package: { exports: "../../other.js" } }, /outside of the package/, 422],
    ["with the id of one that comes with the panel", { manifest: { id: "web" } }, /comes with the panel/, 409],
    ["that requires what is not there", { manifest: { requires: ["mail"] } }, /requires mail.*install that first/, 409],
    ["that wants {state} for a program", asking({ argv: ["{state}/evil"] }), /ask for less/, 409],
    ["that wants a tenant's file", asking({ argv: ["/usr/sbin/nginx", "-c", "/home/a/x"] }), /ask for less/, 409],
  ])("%s", async (_what, plugin, problem, status) => {
    const error = await refusalOf(installed(plugin));
    expect(error).toMatchObject({ code: "PLUGIN_REFUSED", status });
    expect(error.details["problems"]).toContainEqual(expect.stringMatching(problem));
  });

  it("with everything that is wrong at once", async () => {
    const plugin = { version: "1.0.0", manifest: { sdk: "*", requires: ["mail"] }, package: { exports: "./none.js" } };
    expect(await problemsOf(installed(plugin))).toHaveLength(3);
  });

  it("when it and another would require each other, or its id is that of another package", async () => {
    await installed({});
    const other = writePlugin(join(dir, "other"), { name: "other", manifest: { id: "other", requires: ["notes"] } });
    await room.install(other);
    const circle = installed({ version: "2.0.0", manifest: { requires: ["other"] } });
    expect(await problemsOf(circle)).toEqual([expect.stringMatching(/require each other: .*do without/)]);
    const taken = installed({ name: "patchbay-other-notes" });
    expect(await problemsOf(taken)).toEqual([expect.stringContaining("installed package patchbay-notes")]);
    for (const id of ["notes", "other"]) {
      await room.installs.removeFiles(id);
      await room.storage.change((change) => room.installs.removeRow(change, id));
    }
  });

  it("that brings a copy of the SDK of its own", async () => {
    writePlugin(notes(), {
      package: { bundleDependencies: ["@patchbay/sdk"], dependencies: { "@patchbay/sdk": "1.0.0" } },
    });
    writePlugin(join(notes(), "node_modules", "@patchbay", "sdk"), { name: "@patchbay/sdk", manifest: null });
    expect(await problemsOf(room.install(notes()))).toContainEqual(expect.stringContaining("peerDependencies"));
  });

  it.each([
    "file:../other",
    "git+file:///srv/other.git",
    "http://127.0.0.1:9/other.tgz",
    "people/other",
    "npm:people/other",
  ])("that depends on %s", async (spec) => {
    writePlugin(join(dir, "other"), { name: "other", manifest: null });
    const { code, message } = await refusalOf(installed({ package: { dependencies: { other: spec } } }));
    expect(["NPM_FAILED", "NPM_UNAVAILABLE", "PLUGIN_REFUSED"]).toContain(code);
    if (!spec.startsWith("npm:")) expect(message).toMatch(/a folder, a git repository or an address/);
  });

  it("that brings along what depends on a folder, also where npm lets that pass", async () => {
    writePlugin(notes(), { package: { bundleDependencies: ["other"], dependencies: { other: "1.0.0" } } });
    const dependencies = { deep: "file:/etc" };
    const bundled = join(notes(), "node_modules", "other");
    writePlugin(bundled, { name: "other", manifest: null, package: { optionalDependencies: dependencies } });
    const { message } = await refusalOf(room.install(notes()));
    expect(message).toMatch(/a folder, a git repository or an address/);
  });
});

describe("a folder is refused", () => {
  it("with links that lead out of it", async () => {
    writePlugin(notes(), { files: { "lib/a.js": "" } });
    symlinkSync("/etc/passwd", join(notes(), "absolute.js"));
    symlinkSync("../../secret", join(notes(), "lib", "up.js"));
    symlinkSync("a.js", join(notes(), "lib", "good.js"));
    const [problem = ""] = await problemsOf(room.install(notes()));
    expect(problem).toMatch(/^absolute\.js, lib\/up\.js: links that lead out/);
  });

  it("with files others may write to, and those of another user", async () => {
    writePlugin(notes(), { files: { "a.js": "", "b.js": "", "c/d.js": "" } });
    chmodSync(join(notes(), "a.js"), 0o664);
    chmodSync(join(notes(), "c"), 0o777);
    chownSync(join(notes(), "b.js"), 12_345, 12_345);
    const problems = await problemsOf(room.install(notes()));
    expect(problems).toEqual([
      expect.stringMatching(/^c, a\.js: others may write.*chmod/),
      expect.stringMatching(/^b\.js: belongs to another user/),
    ]);
  });

  it("in a directory in which others may put another in its place", async () => {
    writePlugin(notes());
    chmodSync(dir, 0o777);
    expect(await problemsOf(room.install(notes()))).toEqual([expect.stringContaining("the directory it is in")]);
  });

  it("with more than a plugin may have", async () => {
    writePlugin(notes());
    writeFileSync(join(notes(), "big.bin"), "");
    const { truncateSync } = await import("node:fs");
    truncateSync(join(notes(), "big.bin"), 201 * 1024 * 1024);
    expect(await problemsOf(room.install(notes()))).toEqual([expect.stringContaining("too large")]);
  });
});

describe("a source", () => {
  it.each([
    "../notes",
    "notes notes",
    "http://a.test/x.tgz",
    "git+ssh://a.test/x",
    "npm:other@1",
    "file:/etc",
    "-g",
    "a@-g",
    "@a",
    "name@",
    "/a b",
    "/a%2f..",
    "/no/such/place",
    "/etc/passwd",
  ])("%s is none", async (source) => {
    expect(await refusalOf(room.install(source))).toMatchObject({
      code: "INVALID_INPUT",
      fields: [{ field: "source" }],
    });
  });

  it("is told apart from one that only cannot be reached", async () => {
    const { code, status } = await refusalOf(room.install("some-plugin"));
    expect([code, status]).toEqual(["NPM_UNAVAILABLE", 503]);
  });

  it("that is no package tells that npm cannot install it, and the log has what npm said", async () => {
    mkdirSync(notes());
    writeFileSync(join(notes(), "package.json"), "{ no json");
    expect(await refusalOf(room.install(notes()))).toMatchObject({ code: "NPM_FAILED", status: 422 });
    expect(room.logged.join("")).toContain("npm could not install a plugin");
  });
});

describe("a signature", () => {
  const key = generateSigningKey();
  const sign = async (pem = key.private) => {
    const hashes = await hashFiles(notes(), ["index.js", "package.json"]);
    writeFileSync(join(notes(), signatureFile), signFiles(hashes, pem));
  };
  const signed = () => room.install(notes(), {});
  beforeEach(async () => {
    writePlugin(notes(), {});
    await sign();
  });
  afterEach(async () => {
    await room.installs.removeFiles("notes");
    await room.storage.change((change) => room.installs.removeRow(change, "notes"));
  });

  it("is asked for, and one that nobody knows must be trusted at approval", async () => {
    expect(await signed()).toMatchObject({ signer: { key: key.public, trusted: false } });
    expect(await refusalOf(room.approve("notes"))).toMatchObject({ code: "PLUGIN_SIGNER_UNKNOWN", status: 409 });
    await room.approve("notes", { trust_signer: true });
    writePlugin(notes(), { version: "1.0.1" });
    await sign();
    expect(await signed()).toMatchObject({ needs_approval: false, signer: { trusted: true } });
    await sign(generateSigningKey().private);
    expect(await signed()).toMatchObject({ needs_approval: true, asks_for_more: ["to be trusted with another key"] });
    rmSync(join(notes(), signatureFile));
    expect(await refusalOf(signed())).toMatchObject({ code: "PLUGIN_UNSIGNED", status: 422 });
    expect(await room.install(notes())).toMatchObject({ needs_approval: true, signer: null });
  });

  it.each<[string, () => void]>([
    ["a file was changed", () => writeFileSync(join(notes(), "index.js"), "// other")],
    ["a file was added", () => writeFileSync(join(notes(), "more.js"), "")],
    ["it is none", () => writeFileSync(join(notes(), signatureFile), "{}")],
  ])("does not hold when %s, also where unsigned ones are taken", async (_what, harm) => {
    harm();
    expect(await problemsOf(room.install(notes()))).toHaveLength(1);
  });

  it("covers what the plugin bundles: its imports find that before anything else", async () => {
    const bundling = { bundleDependencies: ["tiny"], dependencies: { tiny: "1.0.0" } };
    const tiny = join(notes(), "node_modules", "tiny");
    writePlugin(notes(), { package: bundling });
    writePlugin(tiny, { name: "tiny", manifest: null });
    const paths = ["index.js", "package.json", "node_modules/tiny/index.js", "node_modules/tiny/package.json"];
    writeFileSync(join(notes(), signatureFile), signFiles(await hashFiles(notes(), paths), key.private));
    expect(await signed()).toMatchObject({ signer: { key: key.public } });
    writeFileSync(join(tiny, "index.js"), "// other");
    expect(await problemsOf(signed())).toEqual([
      expect.stringMatching(/^node_modules\/tiny\/index\.js: not as they were signed/),
    ]);
  });
});
