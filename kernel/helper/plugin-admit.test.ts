import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import { grantsDigest } from "./plugin-admit.ts";
import type { AskedManifest } from "./plugin-rules.ts";

let rig: HelperRig;
let helper: RunningHelper;

beforeEach(async () => {
  rig = await HelperRig.create([{ id: "bundled", grants: { tree: true } }]);
  helper = await rig.start();
});
afterEach(() => rig.end());

const daemon = {
  title: "Daemon",
  user: "web" as const,
  argv: ["/usr/bin/sleep", "61"],
  test: ["/usr/bin/true"],
  reload: "restart" as const,
  stop: "SIGTERM" as const,
  stopTimeoutMs: 2000,
  sharesPorts: false,
};
const asked = (more: Partial<typeof daemon> | { user: "root" } = {}, id = "guest"): AskedManifest => ({
  id,
  packages: [],
  grants: { services: { daemon: { ...daemon, ...more } }, tree: false, invoke: [] },
});
const admit = (manifest: AskedManifest) => helper.client.call("plugin.admit", { manifest, version: "1.0.0" });
const name = { plugin: "guest", service: "daemon" };
const act = (action: "start" | "stop", service = name) => helper.client.call("service.act", { ...service, action });
const pid = async () => (await helper.client.call("service.list", {})).services[0]?.pid ?? 0;
const argvOf = (of: number) => readFileSync(`/proc/${of}/cmdline`, "utf8").split("\0").slice(0, -1);
const directories = ["etc", "run", "log", "state"];
const places = () => directories.map((parent) => join(rig.dataDir, parent, "guest"));
const refused = (message: RegExp) => ({ kind: "terminal", message: expect.stringMatching(message) });
const again = async () => {
  await helper.stop();
  helper = await rig.start();
};

describe("an installed plugin", () => {
  it("has nothing before it is admitted, then its directories and its daemon, also after a restart", async () => {
    await expect(act("start")).rejects.toMatchObject(refused(/not granted/));
    await expect(helper.client.call("tree.digest", { plugin: "guest" })).rejects.toMatchObject(refused(/no grant/));
    await admit(asked());
    const { uid } = helper.hello.web;
    expect(places().map((path) => lstatSync(path).uid)).toEqual([0, uid, uid, uid]);
    await act("start");
    const running = await pid();
    expect([argvOf(running), lstatSync(`/proc/${running}`).uid]).toEqual([["/usr/bin/sleep", "61"], uid]);
    await again();
    expect(await act("start")).toEqual({ state: "running" });
    const tx = randomUUID();
    const files = [{ path: "a.conf", content: "x", expect: null }];
    await helper.client.call("apply.stage", { tx, plugin: "guest", files });
    await helper.client.call("apply.swap", { tx });
    await helper.client.call("apply.commit", { tx });
    expect(readFileSync(join(rig.dataDir, "etc", "guest", "a.conf"), "utf8")).toBe("x");
  });

  it("runs by its new grant when it is admitted anew, and loses a daemon that is not in it", async () => {
    await admit(asked());
    await act("start");
    const first = await pid();
    await admit(asked({ argv: ["/usr/bin/sleep", "62"] }));
    expect(await pid()).toBe(first);
    await act("stop");
    await act("start");
    expect(argvOf(await pid())).toEqual(["/usr/bin/sleep", "62"]);
    const last = await pid();
    await admit({ ...asked(), grants: { services: {}, tree: true, invoke: [] } });
    expect(existsSync(`/proc/${last}`)).toBe(false);
    expect((await helper.client.call("service.list", {})).services).toEqual([]);
    await again();
    await expect(act("start")).rejects.toMatchObject(refused(/not granted/));
  });

  it("leaves no daemon, directory or grant when it is forgotten, twice, and follows no link out", async () => {
    await admit(asked());
    await act("start");
    const running = await pid();
    const outside = join(rig.base, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "kept"), "");
    symlinkSync(outside, join(rig.dataDir, "state", "guest", "link"));
    for (let time = 0; time < 2; time += 1) await helper.client.call("plugin.forget", { id: "guest" });
    expect([existsSync(`/proc/${running}`), ...places().map((path) => existsSync(path))]).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(existsSync(join(outside, "kept"))).toBe(true);
    await expect(act("start")).rejects.toMatchObject(refused(/not granted/));
    expect(readdirSync(join(rig.dataDir, "helper", "plugins"))).toEqual([]);
    await again();
    await expect(act("start")).rejects.toMatchObject(refused(/not granted/));
  });
});

describe("the helper admits no plugin", () => {
  it.each<[string, unknown, RegExp]>([
    ["called like one that comes with the panel", asked({}, "bundled"), /comes with the panel/],
    ["called like a folder of the panel's", asked({}, "plugins"), /the panel's own/],
    ["with dots in its id", asked({}, "guest.new"), /not valid at manifest.id/],
    ["with a way up for an id", asked({}, ".."), /not valid at manifest.id/],
    ["with a slash in its id", asked({}, "a/b"), /not valid at manifest.id/],
    ["that runs as root", asked({ user: "root" }), /runs as root.*--as-root/],
    ["that runs as somebody else", asked({ user: "alice" as "web" }), /not valid at manifest.grants/],
    ["with a program of its own", asked({ argv: ["{state}/evil"] }), /no absolute path/],
    ["with a relative program", asked({ test: ["true"] }), /no absolute path/],
    ["with a key nobody knows", { ...asked(), uid: 0 }, /not valid at manifest.uid/],
    [
      "with a forged digest",
      { ...asked({ user: "root" }), digest: grantsDigest(asked({ user: "root" })) },
      /not valid/,
    ],
    ["with an endless pattern", asked({ instance: "(a+)+" } as never), /not plain enough/],
    ["with a signal that is none", asked({ stop: "SIGKILL" as "SIGTERM" }), /not valid at manifest.grants/],
  ])("%s", async (_what, manifest, message) => {
    await expect(admit(manifest as AskedManifest)).rejects.toMatchObject(refused(message));
    expect(readdirSync(join(rig.dataDir, "helper", "plugins"))).toEqual([]);
    expect(
      directories.flatMap((parent) => readdirSync(join(rig.dataDir, parent))).filter((one) => one.includes("guest")),
    ).toEqual([]);
  });

  it("with a program in the panel's or a tenant's folders", async () => {
    for (const path of [
      join(rig.dataDir, "plugins", "guest", "evil"),
      join(rig.dataDir, "etc", "guest", "evil"),
      join(rig.dataDir, "homes", "a", "evil"),
    ]) {
      await expect(admit(asked({ argv: [path] }))).rejects.toMatchObject(refused(/the panel's or a tenant's/));
      await expect(admit(asked({ argv: ["/usr/bin/sleep", path] }))).rejects.toMatchObject(
        refused(/the panel's or a tenant's/),
      );
    }
  });

  it("with a program that another user may change", async () => {
    const program = "/opt/patchbay-test-program";
    writeFileSync(program, "#!/bin/sh\n");
    chmodSync(program, 0o777);
    try {
      await expect(admit(asked({ argv: [program] }))).rejects.toMatchObject(refused(/not root's alone/));
    } finally {
      const { rmSync } = await import("node:fs");
      rmSync(program);
    }
  });

  it("forgets none that comes with the panel", async () => {
    await expect(helper.client.call("plugin.forget", { id: "bundled" })).rejects.toMatchObject(refused(/comes with/));
    expect(existsSync(join(rig.dataDir, "etc", "bundled"))).toBe(true);
    for (const id of ["plugins", "helper"]) {
      await expect(helper.client.call("plugin.forget", { id })).rejects.toMatchObject(refused(/comes with/));
    }
  });
});

describe("what only root may give", () => {
  const approve = (digest: string) =>
    writeFileSync(join(rig.dataDir, "helper", "approved", "guest.json"), JSON.stringify({ digest }));
  const wanted = asked({ user: "root" });

  it("is given when root has approved exactly this, whatever the version, and stays after a restart", async () => {
    approve(grantsDigest(wanted));
    await admit(wanted);
    await helper.client.call("plugin.admit", { manifest: wanted, version: "2.0.0" });
    await again();
    await act("start");
    expect(lstatSync(`/proc/${await pid()}`).uid).toBe(0);
  });

  it("is not given for anything else", async () => {
    approve(grantsDigest(wanted));
    const others = [
      asked({ user: "root", argv: ["/usr/bin/sleep", "62"] } as never),
      asked({ user: "root", test: ["/usr/bin/false"] } as never),
      { ...wanted, grants: { ...wanted.grants, tree: true } },
      {
        ...wanted,
        grants: {
          ...wanted.grants,
          services: { ...wanted.grants.services, other: { ...daemon, user: "root" as const } },
        },
      },
    ];
    for (const other of others) await expect(admit(other)).rejects.toMatchObject(refused(/runs as root/));
    for (const digest of ["", "0".repeat(64)]) {
      approve(digest);
      await expect(admit(wanted)).rejects.toMatchObject(refused(/runs as root/));
    }
    writeFileSync(join(rig.dataDir, "helper", "approved", "guest.json"), "no json");
    await expect(admit(wanted)).rejects.toMatchObject(refused(/runs as root/));
  });

  it("is taken back with the approval, at the next start", async () => {
    approve(grantsDigest(wanted));
    await admit(wanted);
    approve("");
    await again();
    await expect(act("start")).rejects.toMatchObject(refused(/not granted/));
    expect(helper.printed()).toContain("do not hold any more");
  });
});
