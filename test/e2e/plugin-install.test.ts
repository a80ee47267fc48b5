import { execFile } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packPlugin, writePlugin } from "../../kernel/plugins/install/testing/plugin-folder.ts";
import { checkout } from "../harness/checkout.ts";
import { TestInstance } from "../harness/instance.ts";

let instance: TestInstance;
let sources: string;

beforeAll(async () => {
  instance = await TestInstance.start();
  sources = join(instance.dir, "sources");
  mkdirSync(sources);
});
afterAll(() => instance.destroy());

const isRoot = process.getuid?.() === 0;

function cli(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const argv = [join(checkout, "bin", "patchbay.mjs"), ...words, "--data", instance.data];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: sources }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}
const stateOf = async (id: string) => {
  const { out } = await cli("plugin", "list", "--json");
  return (JSON.parse(out) as { id: string; state: string; version: string }[]).find((plugin) => plugin.id === id);
};

it("installs a signed tarball, shows what it asks for, enables it on a yes, and removes it without a trace", async () => {
  const folder = writePlugin(join(sources, "notes"), { manifest: { title: "Shared notes", grants: { tree: true } } });
  expect((await cli("plugin", "keygen", "--key", "key.pem")).out).toContain("ed25519:");
  expect((await cli("plugin", "sign", "notes", "--key", "key.pem")).out).toContain("signed 2 files");
  const tarball = packPlugin(folder, sources);
  chmodSync(tarball, 0o644);

  // Nobody is there to answer: that is a no.
  const asked = await cli("plugin", "install", tarball);
  expect([asked.code, asked.out]).toEqual([1, expect.stringContaining("Shared notes (notes 1.0.0)")]);
  expect(asked.out).toMatch(/signed by {7}ed25519:\S+, NOT TRUSTED HERE YET\n {2}runs {12}in a process of its own/);
  expect(await stateOf("notes")).toMatchObject({ state: "unapproved" });

  const installed = await cli("plugin", "install", "./patchbay-notes-1.0.0.tgz", "--yes");
  expect([installed.err, installed.code, installed.out]).toEqual([
    "",
    0,
    expect.stringContaining("notes 1.0.0 is enabled"),
  ]);
  expect(await stateOf("notes")).toMatchObject({ state: "active", version: "1.0.0" });
  expect(existsSync(join(instance.data, "etc", "notes"))).toBe(true);
  if (isRoot) expect(lstatSync(join(instance.data, "plugins", "notes")).uid).not.toBe(0);
  expect((await cli("plugin", "info", "notes")).out).toContain("title: Shared notes");
  expect((await cli("plugin", "doctor", "notes")).code).toBe(0);
  expect((await cli("plugin", "disable", "notes")).code).toBe(0);
  expect((await cli("plugin", "enable", "notes")).code).toBe(0);
  expect((await cli("plugin", "remove", "notes")).code).toBe(0);
  expect(await stateOf("notes")).toBeUndefined();
  const left = ["plugins/notes", "etc/notes", "run/notes", "log/notes", "state/notes", "helper/plugins/notes.json"];
  expect(left.filter((path) => existsSync(join(instance.data, path)))).toEqual([]);
});

it("survives a restart, and says what to do about a file that was changed since", async () => {
  writePlugin(join(sources, "kept"), { name: "kept", manifest: { id: "kept" } });
  expect((await cli("plugin", "install", "./kept", "--yes", "--allow-unsigned")).code).toBe(0);
  await instance.stop();
  const file = join(instance.data, "plugins", "kept", "node_modules", "kept", "index.js");
  await instance.up();
  expect(await stateOf("kept")).toMatchObject({ state: "active" });
  await instance.stop();
  writeFileSync(file, `${readFileSync(file, "utf8")}// other\n`);
  await instance.up();
  expect(await stateOf("kept")).toMatchObject({ state: "broken" });
  const doctor = await cli("plugin", "doctor", "kept");
  expect([doctor.code, doctor.out]).toEqual([1, expect.stringMatching(/error +kept: .*install it again/)]);
  const again = await cli("plugin", "install", "./kept", "--yes", "--allow-unsigned");
  expect([again.err, again.code]).toEqual(["", 0]);
  expect((await cli("plugin", "enable", "kept")).code).toBe(0);
  expect(await stateOf("kept")).toMatchObject({ state: "active" });
});

it("runs a new version in the place of the old one, at once or after a yes", async () => {
  const version = (number: string, grants: Record<string, unknown>) =>
    writePlugin(join(sources, "kept"), { name: "kept", version: number, manifest: { id: "kept", grants } });
  version("1.1.0", {});
  const same = await cli("plugin", "install", "./kept", "--allow-unsigned");
  expect([same.err, same.out]).toEqual(["", expect.stringContaining("kept 1.1.0 is in use")]);
  expect(await stateOf("kept")).toMatchObject({ state: "active", version: "1.1.0" });
  version("2.0.0", { tree: true });
  const more = await cli("plugin", "install", "./kept", "--allow-unsigned");
  expect([more.code, more.out]).toEqual([1, expect.stringContaining("asks for more   a configuration tree")]);
  expect(await stateOf("kept")).toMatchObject({ state: "active", version: "1.1.0" });
  expect((await cli("plugin", "approve", "kept")).code).toBe(0);
  expect(await stateOf("kept")).toMatchObject({ state: "active", version: "2.0.0" });
  version("3.0.0", { tree: true });
  writeFileSync(join(sources, "kept", "index.js"), "throw new Error('not today');\n");
  const broken = await cli("plugin", "install", "./kept", "--allow-unsigned");
  expect([broken.code, broken.err]).toEqual([1, expect.stringContaining("kept")]);
  expect(await stateOf("kept")).toMatchObject({ state: "active", version: "2.0.0" });
});

it("refuses in words what breaks a rule, and what the panel cannot read", async () => {
  writePlugin(join(sources, "bad"), { manifest: { id: "bad", sdk: "^9.0.0", requires: ["nothing"] } });
  const bad = await cli("plugin", "install", "./bad", "--allow-unsigned");
  expect([bad.code, bad.err]).toEqual([1, expect.stringMatching(/refused: .*SDK \^9\.0\.0.*requires nothing/)]);
  const unsigned = await cli("plugin", "install", "./kept");
  expect([unsigned.code, unsigned.err]).toEqual([1, expect.stringContaining("--allow-unsigned")]);
  if (!isRoot) return;
  const closed = join(sources, "closed");
  mkdirSync(closed, { mode: 0o700 });
  writePlugin(join(closed, "notes"));
  const unread = await cli("plugin", "install", join(closed, "notes"), "--yes");
  expect([unread.code, unread.err]).toEqual([1, expect.stringContaining("chmod o+rX")]);
});

it.skipIf(!isRoot)("gives what only root may give when root says so on the server", async () => {
  const daemon = {
    title: "Deep daemon",
    user: "root",
    argv: ["/usr/bin/sleep", "4711"],
    test: ["/usr/bin/true"],
    reload: "restart",
    stop: "SIGTERM",
  };
  writePlugin(join(sources, "deep"), { name: "deep", manifest: { id: "deep", grants: { services: { daemon } } } });
  const asked = await cli("plugin", "install", "./deep", "--yes", "--allow-unsigned");
  expect([asked.code, asked.out, asked.err]).toEqual([
    1,
    expect.stringMatching(/Deep daemon, as ROOT: \/usr\/bin\/sleep 4711\n.*NEEDS ROOT/s),
    expect.stringContaining("patchbay plugin approve deep --as-root"),
  ]);
  const plain = await cli("plugin", "approve", "deep");
  expect([plain.code, plain.err]).toEqual([1, expect.stringContaining("--as-root")]);
  const approved = await cli("plugin", "approve", "deep", "--as-root", "--yes");
  expect([approved.err, approved.code, approved.out]).toEqual(["", 0, expect.stringContaining("as ROOT")]);
  expect((await cli("plugin", "enable", "deep")).code).toBe(0);
  expect((await cli("plugin", "remove", "deep")).code).toBe(0);
  expect(existsSync(join(instance.data, "helper", "approved", "deep.json"))).toBe(false);
  rmSync(join(sources, "deep"), { recursive: true });
});
