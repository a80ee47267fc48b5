import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHostAccounts } from "../host/host-accounts.ts";
import { webManifest } from "../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import { helperCrashPoints } from "./crash-points.ts";
import { readProcess } from "./processes.ts";
import { runProgram } from "./program.ts";

let rig: HelperRig;
let helper: RunningHelper;

beforeAll(async () => {
  rig = await HelperRig.create([webManifest]);
  helper = await rig.start();
});

afterAll(async () => {
  await rig.end();
});

const host = () => createHostAccounts(helper.client);
const uid = (n: number) => helper.hello.accounts.firstUid + n;
const account = (username: string, n: number) => ({
  username,
  uid: uid(n),
  home: join(helper.hello.paths.homes, username),
  suspended: false,
});
const archives = (username: string) =>
  readdirSync(helper.hello.paths.archive).filter((name) => name.startsWith(username));
const look = (path: string) => {
  const { mode, uid: owner, gid } = lstatSync(path);
  return [(mode & 0o7777).toString(8), owner, gid];
};

function fill(home: string, owner: number): void {
  for (const [path, text] of Object.entries({ "public_html/index.html": "hello", "public_html/.env": "secret" })) {
    writeFileSync(join(home, path), text);
    chownSync(join(home, path), owner, owner);
  }
}

describe("an account", () => {
  it("gets a home of its own that the web can pass through", async () => {
    const alice = account("alice", 0);
    const { gid } = helper.hello.web;
    await host().ensure(alice);
    expect(look(alice.home)).toEqual(["710", alice.uid, gid]);
    expect(look(join(alice.home, "public_html"))).toEqual(["750", alice.uid, gid]);
    expect(look(join(alice.home, "tmp"))).toEqual(["700", alice.uid, gid]);
    expect(readdirSync(alice.home).sort()).toEqual(["logs", "public_html", "tmp"]);
    expect(readdirSync(join(alice.home, "public_html"))).toEqual([]);
    expect(await host().matches(alice)).toBe(true);
    expect(await host().matches({ ...alice, suspended: true })).toBe(false);
    await host().ensure({ ...alice, suspended: true });
    expect(await host().matches({ ...alice, suspended: true })).toBe(true);
    chmodSync(alice.home, 0o755);
    expect(await host().matches({ ...alice, suspended: true })).toBe(false);
    await host().ensure(alice);
    expect(await host().matches(alice)).toBe(true);
  });

  it("is refused outside the range, outside the homes, and over somebody else's files", async () => {
    const eve = account("eve", 1);
    for (const wrong of [
      { uid: 1000 },
      { uid: helper.hello.web.uid },
      { uid: uid(9900) },
      { home: "/root" },
      { home: `${eve.home}/x` },
    ]) {
      await expect(host().ensure({ ...eve, ...wrong })).rejects.toMatchObject({ kind: "terminal" });
      await expect(host().remove({ ...eve, ...wrong })).rejects.toMatchObject({ kind: "terminal" });
    }
    await expect(host().ensure({ ...account("alice", 5) })).rejects.toMatchObject({ kind: "conflict" });
    await expect(host().remove({ ...account("alice", 5) })).rejects.toMatchObject({ kind: "conflict" });
    symlinkSync("/etc", eve.home);
    await expect(host().ensure(eve)).rejects.toMatchObject({ kind: "conflict" });
    await expect(host().remove(eve)).rejects.toMatchObject({ kind: "conflict" });
    rmSync(eve.home);
  });

  it("gets directories made as itself, and none through a link", async () => {
    const alice = account("alice", 0);
    await host().makeDirectory(alice, "sites/example.org/public");
    await host().makeDirectory(alice, "sites/example.org/public");
    expect(look(join(alice.home, "sites/example.org/public"))).toEqual(["750", alice.uid, helper.hello.web.gid]);
    const trap = join(rig.base, "trap");
    mkdirSync(trap);
    chmodSync(trap, 0o777);
    symlinkSync(trap, join(alice.home, "sites/link"));
    await expect(host().makeDirectory(alice, "sites/link/x")).rejects.toMatchObject({ kind: "invalid" });
    expect(readdirSync(trap)).toEqual([]);
    const roots = join(alice.home, "roots");
    mkdirSync(roots, { mode: 0o755 });
    await expect(host().makeDirectory(alice, "roots/x")).rejects.toMatchObject({ kind: "invalid" });
    rmSync(roots, { recursive: true });
    for (const path of ["../bob", "/etc/x", "a/../../b"]) {
      await expect(host().makeDirectory(alice, path)).rejects.toMatchObject({ kind: "terminal" });
    }
  });

  it("is counted without following links and with each inode once", async () => {
    const bob = account("bob", 2);
    await host().ensure(bob);
    const empty = await host().usage(bob);
    expect(empty.inodes).toBe(4);
    const file = join(bob.home, "tmp", "file");
    writeFileSync(file, Buffer.alloc(1_000_000, 1));
    chownSync(file, bob.uid, bob.uid);
    execFileSync("ln", [file, join(bob.home, "tmp", "again")]);
    symlinkSync("/usr", join(bob.home, "tmp", "usr"));
    const full = await host().usage(bob);
    expect(full.inodes).toBe(6);
    expect(full.bytes - empty.bytes).toBeGreaterThanOrEqual(1_000_000);
    expect(full.bytes - empty.bytes).toBeLessThan(1_100_000);
  });

  it("is archived whole and then removed, with its processes", async () => {
    const carol = account("carol", 3);
    await host().ensure(carol);
    fill(carol.home, carol.uid);
    const locked = join(carol.home, "public_html", "locked");
    mkdirSync(join(locked, "in"), { recursive: true });
    for (const path of [join(locked, "in"), locked]) {
      chownSync(path, carol.uid, carol.uid);
      chmodSync(path, 0o000);
    }
    const outside = join(rig.base, "outside");
    mkdirSync(outside, { mode: 0o777 });
    chmodSync(outside, 0o777);
    writeFileSync(join(outside, "keep"), "keep");
    chownSync(join(outside, "keep"), carol.uid, carol.uid);
    symlinkSync(outside, join(carol.home, "public_html", "out"));
    const running = runProgram(["/usr/bin/sleep", "60"], { as: { uid: carol.uid, gid: carol.uid }, timeoutMs: 60_000 });
    await host().remove(carol);
    expect(await running).toMatchObject({ code: null });
    expect(readdirSync(helper.hello.paths.homes)).not.toContain("carol");
    expect(readFileSync(join(outside, "keep"), "utf8")).toBe("keep");
    const [name = "", ...more] = archives("carol");
    expect(more).toEqual([]);
    expect(name).toMatch(/^carol-\d{8}T\d{9}Z\.tar\.gz$/);
    const archive = join(helper.hello.paths.archive, name);
    expect(look(archive)).toEqual(["600", 0, 0]);
    const listed = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" }).split("\n");
    expect(listed).toEqual(
      expect.arrayContaining(["./public_html/index.html", "./public_html/.env", "./public_html/out"]),
    );
    await host().remove(carol);
    expect(archives("carol")).toEqual([name]);
  });

  it("is set aside untouched when somebody else's files are in its home", async () => {
    const dave = account("dave", 4);
    await host().ensure(dave);
    mkdirSync(join(dave.home, "public_html", "roots"));
    writeFileSync(join(dave.home, "public_html", "roots", "file"), "root's");
    await host().remove(dave);
    expect(readdirSync(helper.hello.paths.homes)).not.toContain("dave");
    const [aside = ""] = readdirSync(join(helper.hello.paths.archive, "not-deleted"));
    const kept = join(helper.hello.paths.archive, "not-deleted", aside, "public_html", "roots", "file");
    expect(readFileSync(kept, "utf8")).toBe("root's");
  });

  it("has its archive kept for so many days", async () => {
    const [name = ""] = archives("carol");
    expect(await host().pruneArchive(1)).toBe(0);
    const longAgo = Date.now() / 1000 - 3 * 86_400;
    utimesSync(join(helper.hello.paths.archive, name), longAgo, longAgo);
    expect(await host().pruneArchive(2)).toBe(1);
    expect(archives("carol")).toEqual([]);
  });
});

describe("after a crash at", () => {
  it.each(helperCrashPoints.filter((step) => step.startsWith("account.")))(
    "%s the call can be repeated",
    async (step) => {
      await helper.stop();
      helper = await rig.start({ PATCHBAY_CRASH_AT: `helper:${step}` });
      const frank = account("frank", 6);
      const run = async () => {
        await host().ensure(frank);
        fill(frank.home, frank.uid);
        await host().remove(frank);
      };
      await expect(run()).rejects.toMatchObject({ kind: "unavailable" });
      await helper.exited;
      helper = await rig.start();
      if (step.startsWith("account.ensure")) await run();
      else await host().remove(frank);
      expect(readdirSync(helper.hello.paths.homes)).not.toContain("frank");
      const found = readdirSync(helper.hello.paths.archive).filter((name) => name.startsWith("frank"));
      expect(found).toHaveLength(1);
      const archive = join(helper.hello.paths.archive, found[0] ?? "");
      expect(execFileSync("tar", ["-tzf", archive], { encoding: "utf8" })).toContain("./public_html/index.html");
      expect(readdirSync(join(rig.dataDir, "helper", "accounts"))).not.toContain("frank.json");
      expect(readProcess(helper.pid)).toBeDefined();
      rmSync(archive);
    },
  );
});
