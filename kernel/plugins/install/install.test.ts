import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { InstallRoomRig, refusalOf } from "./testing/install-room.ts";
import { packPlugin, writePlugin } from "./testing/plugin-folder.ts";
import { Registry } from "./testing/registry.ts";

let room: InstallRoomRig;
let registry: Registry;
let dir: string;

beforeAll(async () => {
  [room, registry] = await Promise.all([InstallRoomRig.start(), Registry.start()]);
  writeFileSync(join(room.rig.dataDir, "panel", ".npmrc"), `registry=${registry.url}\n`);
});
afterAll(async () => {
  await registry.stop();
  await room.end();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-install-"));
  chmodSync(dir, 0o755);
});
afterEach(async () => {
  for (const { id } of await room.installs.list()) {
    await room.installs.removeFiles(id);
    await room.storage.change((change) => room.installs.removeRow(change, id));
  }
  room.refusal = undefined;
  room.replaced.length = 0;
  rmSync(dir, { recursive: true });
});

const folder = (name: string) => join(dir, name);
const listing = async () =>
  (await room.installs.list()).map(({ id, version, approved, pending }) => ({ id, version, approved, pending }));

describe("installing", () => {
  it("takes a folder, runs nothing of it, and says what it asks for", async () => {
    const canary = join(dir, "canary");
    const scripts = Object.fromEntries(
      ["preinstall", "install", "postinstall", "prepare", "prepack"].map((name) => [name, `touch ${canary}`]),
    );
    const grants = { services: {}, tree: true, invoke: ["accounts.list"] };
    const packages = [{ apt: "hello", binary: "/usr/bin/no-such-binary", reason: "It greets." }];
    writePlugin(folder("notes"), {
      manifest: { requires: ["web"], packages, grants, memoryMb: 128 },
      package: { scripts },
    });
    const answer = await room.install(folder("notes"));
    expect(answer).toMatchObject({
      id: "notes",
      package: "patchbay-notes",
      version: "1.0.0",
      replaces: null,
      needs_approval: true,
      asks: {
        isolation: "process",
        memory_mb: 128,
        requires: ["web"],
        packages: [{ apt: "hello", reason: "It greets.", installed: false }],
        tree: true,
        invoke: ["accounts.list"],
        root: [],
      },
      signer: null,
      warnings: [expect.stringContaining("were not run")],
    });
    expect(existsSync(canary)).toBe(false);
    expect(await listing()).toEqual([{ id: "notes", version: "1.0.0", approved: false, pending: null }]);
    expect(room.emitted).toContainEqual({ plugin: "notes", version: "1.0.0", source: "installed" });
    const entry = join(room.plugins, "notes", "node_modules", "patchbay-notes", "index.js");
    expect(await room.installs.open("notes")).toMatchObject({ entry, found: { version: "1.0.0" } });
    expect([lstatSync(entry).mode & 0o777, lstatSync(join(entry, "..")).mode & 0o777]).toEqual([0o644, 0o755]);
    const link = join(room.plugins, "notes", "node_modules", "@patchbay", "sdk");
    expect(readlinkSync(link)).toBe(join(room.rig.base, "root", "dist", "packages", "sdk"));
    expect(existsSync(join(room.rig.dataDir, "panel", "npm-cache"))).toBe(true);
  });

  it("takes a tarball", async () => {
    const tarball = packPlugin(writePlugin(folder("notes")), dir);
    expect(await room.install(tarball)).toMatchObject({ id: "notes", version: "1.0.0" });
  });

  it("takes a name from the registry npm is configured with, with what it depends on", async () => {
    for (const [name, version] of [
      ["@people/notes", "1.1.0"],
      ["@people/notes", "1.2.0"],
      ["tiny-words", "3.0.0"],
    ] as const) {
      const isPlugin = name !== "tiny-words";
      const at = writePlugin(folder(`${name.replace("/", "-")}-${version}`), {
        name,
        version,
        ...(isPlugin ? { package: { dependencies: { "tiny-words": "^3.0.0" } } } : { manifest: null }),
      });
      registry.publish(readFileSync(join(at, "package.json"), "utf8"), packPlugin(at, dir));
    }
    expect(await room.install("@people/notes")).toMatchObject({ version: "1.2.0", dependencies: ["tiny-words@3.0.0"] });
    expect(await room.install("@people/notes@1.1.0")).toMatchObject({ version: "1.1.0", replaces: "1.2.0" });
    expect(registry.asked).toContain("-/tiny-words-3.0.0.tgz");
    expect(await refusalOf(room.install("@people/nothing"))).toMatchObject({ code: "NPM_FAILED", status: 422 });
    expect(await refusalOf(room.install("@people/notes@9.9.9"))).toMatchObject({ code: "NPM_FAILED" });
  });

  it("changes nothing when it is only tried", async () => {
    writePlugin(folder("notes"));
    expect(await room.install(folder("notes"), { allow_unsigned: true }, true)).toMatchObject({ id: "notes" });
    expect([await listing(), existsSync(join(room.plugins, "notes"))]).toEqual([[], false]);
  });
});

describe("a new version", () => {
  const grants = (invoke: string[]) => ({ services: {}, tree: true, invoke });
  const version = (number: string, invoke: string[]) =>
    room.install(
      writePlugin(folder(`v${number}`), {
        version: number,
        manifest: { grants: grants(invoke) },
        files: { "index.js": `// ${number}\n` },
      }),
    );
  const approvedFirst = async () => {
    await version("1.0.0", ["accounts.list"]);
    await room.approve("notes");
  };

  it("waits beside the old one when it asks for more, and takes its place when approved", async () => {
    await approvedFirst();
    const answer = await version("2.0.0", ["accounts.list", "accounts.remove"]);
    expect(answer).toMatchObject({
      needs_approval: true,
      asks_for_more: ["to call accounts.remove in its own name"],
      replaces: "1.0.0",
    });
    expect(await listing()).toEqual([{ id: "notes", version: "1.0.0", approved: true, pending: "2.0.0" }]);
    expect(await room.installs.open("notes")).toMatchObject({ found: { version: "1.0.0" } });
    expect(room.replaced).toEqual([]);
    expect(await room.approve("notes")).toEqual({ id: "notes", version: "2.0.0" });
    expect(await listing()).toEqual([{ id: "notes", version: "2.0.0", approved: true, pending: null }]);
    expect(room.replaced.map(({ found }) => found.version)).toEqual(["2.0.0"]);
    expect(await room.installs.open("notes")).toMatchObject({ found: { version: "2.0.0" } });
  });

  it("is used at once when it asks for no more", async () => {
    await approvedFirst();
    expect(await version("1.1.0", [])).toMatchObject({ needs_approval: false, asks_for_more: [] });
    expect(await listing()).toEqual([{ id: "notes", version: "1.1.0", approved: true, pending: null }]);
    expect(room.replaced.map(({ found }) => found.version)).toEqual(["1.1.0"]);
    // What it no longer asked for is not its own any more.
    expect(await version("1.2.0", ["accounts.list"])).toMatchObject({ needs_approval: true });
  });

  it("leaves the old one in place when it cannot be run", async () => {
    await approvedFirst();
    room.refusal = new Error("its process did not start");
    expect(await refusalOf(version("1.1.0", []))).toMatchObject({ code: "PLUGIN_REFUSED", status: 409 });
    expect(await listing()).toEqual([{ id: "notes", version: "1.0.0", approved: true, pending: null }]);
    expect(await room.installs.open("notes")).toMatchObject({ found: { version: "1.0.0" } });
  });

  it("is taken back when the panel dies before it is written down, and what nobody owns is swept away", async () => {
    await approvedFirst();
    mkdirSync(join(room.plugins, ".staging-left"));
    mkdirSync(join(room.plugins, "ghost"));
    const before = await room.storage.read.get<{ digest: string; version: string }>(
      "SELECT digest, version FROM plugin_packages",
    );
    await version("1.1.0", []);
    // As if the row had never been written.
    await room.storage.change(({ db }) => db("plugin_packages").update({ ...before }));
    expect(await room.installs.open("notes")).toMatchObject({
      problems: [expect.stringContaining("install it again")],
    });
    await room.installs.recover();
    expect(await room.installs.open("notes")).toMatchObject({ found: { version: "1.0.0" } });
    expect([".staging-left", "ghost", "notes.old"].filter((name) => existsSync(join(room.plugins, name)))).toEqual([]);
  });
});

describe("an installed plugin", () => {
  const file = () => join(room.plugins, "notes", "node_modules", "patchbay-notes", "index.js");
  const open = () => room.installs.open("notes");
  beforeEach(async () => {
    await room.install(writePlugin(folder("notes")));
  });

  it.each([
    ["a file was changed", () => writeFileSync(file(), "// other\n")],
    ["a file was added", () => writeFileSync(join(file(), "..", "more.js"), "")],
    ["a file is gone", () => rmSync(file())],
    ["others may write to a file", () => chmodSync(file(), 0o666)],
    ["others may write to a directory", () => chmodSync(join(file(), ".."), 0o777)],
    ["the list was changed", () => writeFileSync(join(room.plugins, "notes", "patchbay.files.json"), "{}")],
    ["everything is gone", () => rmSync(join(room.plugins, "notes"), { recursive: true })],
  ])("is not opened when %s, and says what to do", async (_what, harm) => {
    expect(await open()).toHaveProperty("found");
    harm();
    expect(await open()).toMatchObject({ problems: [expect.stringMatching(/^notes: .*(install it again|chmod)/)] });
    expect(await refusalOf(room.approve("notes"))).toMatchObject({ code: "PLUGIN_REFUSED", status: 409 });
  });

  it("gets its links to the panel's packages again", async () => {
    const link = join(room.plugins, "notes", "node_modules", "@patchbay", "kernel");
    rmSync(link);
    expect(await open()).toHaveProperty("found");
    expect(readlinkSync(link)).toContain(join("dist", "packages", "kernel"));
  });

  it("leaves nothing when it is removed", async () => {
    await room.approve("notes");
    await room.installs.removeFiles("notes");
    await room.storage.change((change) => room.installs.removeRow(change, "notes"));
    expect([await listing(), existsSync(join(room.plugins, "notes"))]).toEqual([[], false]);
    expect(await refusalOf(room.approve("notes"))).toMatchObject({ code: "NOT_FOUND" });
  });
});
