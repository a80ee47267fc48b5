import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PrivilegedInput } from "@patchbay/sdk/privileged";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  eventually,
  fetchText,
  freePort,
  mainFile,
  sha256,
  siteFile,
  webManifest,
  webService,
} from "../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import { helperCrashPoints } from "./crash-points.ts";

type Files = PrivilegedInput<"apply.stage">["files"];
const plugin = "web-test";

let rig: HelperRig;
let helper: RunningHelper;
let port: number;
let generation = 0;

beforeAll(async () => {
  rig = await HelperRig.create([webManifest]);
  port = await freePort();
  helper = await rig.start();
  const tx = randomUUID();
  await stage(tx, [
    write("nginx.conf", main("g0")),
    write("sites/a.conf", siteFile("a", "old a")),
    write("sites/b.conf", siteFile("b", "b")),
  ]);
  await finish(tx);
});

afterAll(async () => {
  await rig.end();
});

const main = (text: string) => mainFile(helper.hello.paths, port, text);
const tree = () => join(rig.dataDir, "etc", plugin);
const current = (path: string) => {
  try {
    return sha256(readFileSync(join(tree(), path), "utf8"));
  } catch {
    return null;
  }
};
const write = (path: string, content: string | null) => ({ path, content, expect: current(path) });
const stage = (tx: string, files: Files) => helper.client.call("apply.stage", { tx, plugin, files });
const served = (wanted: string) => eventually(() => fetchText(port, "/gen"), wanted);

async function finish(tx: string): Promise<void> {
  await helper.client.call("apply.test", { tx, services: [webService] });
  await helper.client.call("apply.swap", { tx });
  await helper.client.call("apply.activate", { tx, reload: [webService], stop: [] });
  await helper.client.call("apply.commit", { tx });
}

function snapshot(): Record<string, string> {
  const names = readdirSync(tree(), { recursive: true, withFileTypes: true });
  const entries = names.map((item) => {
    const path = join(item.parentPath, item.name);
    const { mode, uid, gid } = statSync(path);
    return [path, `${mode.toString(8)} ${uid}:${gid} ${item.isFile() ? readFileSync(path, "utf8") : ""}`] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const leftovers = () => [
  ...readdirSync(join(rig.dataDir, "etc", ".tx")),
  ...readdirSync(join(rig.dataDir, "helper", "tx")),
];

describe("a transaction", () => {
  it("is live after commit, with the owner of configuration and nothing left over", async () => {
    const tx = randomUUID();
    await stage(tx, [write("nginx.conf", main("g1"))]);
    expect(await fetchText(port, "/gen")).toBe("g0");
    await finish(tx);
    expect(await served("g1")).toBe("g1");
    const { mode, uid, gid } = statSync(join(tree(), "nginx.conf"));
    expect([mode & 0o7777, uid, gid]).toEqual([0o640, 0, helper.hello.web.gid]);
    expect(leftovers()).toEqual([]);
  });

  it("leaves the live tree alone when the daemon refuses the staged one", async () => {
    const before = snapshot();
    const tx = randomUUID();
    await stage(tx, [write("sites/a.conf", "location = /a { return two hundred; }\n"), write("sites/new/c.conf", "")]);
    const refusal = helper.client.call("apply.test", { tx, services: [webService] });
    await expect(refusal).rejects.toMatchObject({ kind: "invalid", message: "nginx refuses the configuration" });
    await expect(refusal).rejects.toMatchObject({ output: expect.stringContaining("sites/a.conf") });
    await helper.client.call("apply.rollback", { tx });
    expect(snapshot()).toEqual(before);
    expect(leftovers()).toEqual([]);
  });

  it("restores files and the running daemon when it is rolled back after activation", async () => {
    const before = snapshot();
    const now = "g1";
    const tx = randomUUID();
    await stage(tx, [
      write("nginx.conf", main("never")),
      write("sites/b.conf", null),
      write("extra/deep/c.conf", "# new\n"),
    ]);
    await helper.client.call("apply.swap", { tx });
    await helper.client.call("apply.activate", { tx, reload: [webService], stop: [] });
    expect(await served("never")).toBe("never");
    await helper.client.call("apply.rollback", { tx });
    expect(await served(now)).toBe(now);
    expect(snapshot()).toEqual(before);
    await helper.client.call("apply.rollback", { tx });
    await helper.client.call("apply.rollback", { tx: randomUUID() });
    expect(snapshot()).toEqual(before);
  });

  it("starts again what it stopped, and stops what it started", async () => {
    const tx = randomUUID();
    await stage(tx, [write("sites/a.conf", siteFile("a", "other a"))]);
    await helper.client.call("apply.swap", { tx });
    await helper.client.call("apply.activate", { tx, reload: [], stop: [webService] });
    expect(await fetchText(port, "/gen")).toBe("");
    await helper.client.call("apply.rollback", { tx });
    expect(await served("g1")).toBe("g1");

    await helper.client.call("service.act", { ...webService, action: "stop" });
    const next = randomUUID();
    await stage(next, [write("nginx.conf", main("g2"))]);
    await helper.client.call("apply.swap", { tx: next });
    await helper.client.call("apply.activate", { tx: next, reload: [webService], stop: [] });
    expect(await served("g2")).toBe("g2");
    await helper.client.call("apply.rollback", { tx: next });
    expect(await fetchText(port, "/gen")).toBe("");
    await helper.client.call("service.act", { ...webService, action: "start" });
  });

  it("refuses a file that was edited by hand, at staging and at swapping", async () => {
    const path = "sites/a.conf";
    const files = [write(path, siteFile("a", "mine"))];
    const theirs = siteFile("a", "by hand");
    const ours = readFileSync(join(tree(), path), "utf8");
    const tx = randomUUID();
    await stage(tx, files);
    writeFileSync(join(tree(), path), theirs);
    await expect(helper.client.call("apply.swap", { tx })).rejects.toMatchObject({ kind: "conflict" });
    const next = randomUUID();
    const refusal = { kind: "conflict", message: `the file ${plugin}/${path} was changed by another hand` };
    await expect(stage(next, files)).rejects.toMatchObject(refusal);
    for (const open of [tx, next]) await helper.client.call("apply.rollback", { tx: open });
    expect(readFileSync(join(tree(), path), "utf8")).toBe(theirs);
    writeFileSync(join(tree(), path), ours);
  });

  it("refuses plugins, services and instances without a grant", async () => {
    const tx = randomUUID();
    const foreign = { tx, plugin: "other", files: [{ path: "a", content: "", expect: null }] };
    await expect(helper.client.call("apply.stage", foreign)).rejects.toMatchObject({ kind: "terminal" });
    for (const service of [
      { plugin, service: "apache" },
      { ...webService, instance: "x" },
    ]) {
      await expect(helper.client.call("service.act", { ...service, action: "start" })).rejects.toMatchObject({
        kind: "terminal",
      });
    }
    for (const path of ["../other/a", "/etc/passwd", "a/./b", "a//b"]) {
      const files = [{ path, content: "", expect: null }];
      await expect(helper.client.call("apply.stage", { tx, plugin, files })).rejects.toMatchObject({
        kind: "terminal",
      });
    }
  });

  it("tells digests and contents of the tree, also of files nobody asked for", async () => {
    writeFileSync(join(tree(), "foreign.txt"), "by hand");
    const { digests } = await helper.client.call("tree.digest", { plugin });
    expect(digests["foreign.txt"]).toBe(sha256("by hand"));
    expect(digests["sites/a.conf"]).toBe(current("sites/a.conf"));
    const asked = await helper.client.call("tree.digest", { plugin, paths: ["foreign.txt", "absent"] });
    expect(asked.digests).toEqual({ "foreign.txt": sha256("by hand"), absent: null });
    expect(await helper.client.call("tree.read", { plugin, path: "foreign.txt" })).toEqual({ content: "by hand" });
    expect(await helper.client.call("tree.read", { plugin, path: "absent" })).toEqual({ content: null });
  });
});

describe("after a crash at", () => {
  const applySteps = helperCrashPoints.filter((step) => step.startsWith("apply."));
  const cases = applySteps.flatMap((step) =>
    /after-(file|backup|rename|restore)$/.test(step) ? [step, `${step}:2`] : [step],
  );

  it.each(cases)("%s the tree is the old or the new one, and the daemon runs it", async (step) => {
    await helper.stop();
    helper = await rig.start({ PATCHBAY_CRASH_AT: `helper:${step}` });
    await helper.client.call("service.act", { ...webService, action: "start" });
    const wasServed = await eventually(() => fetchText(port, "/gen").then((text) => text !== ""), true);
    expect(wasServed).toBe(true);
    const oldText = await fetchText(port, "/gen");
    const before = snapshot();
    generation += 1;
    const newText = `crash ${generation}`;
    await expect(wholeRun(step, newText)).rejects.toMatchObject({ kind: "unavailable" });
    expect(await helper.exited).toBe("SIGKILL");

    helper = await rig.start();
    await helper.client.call("apply.recover", {});
    const committed = step.startsWith("apply.commit:after");
    if (committed) expect(snapshot()).not.toEqual(before);
    else expect(snapshot()).toEqual(before);
    const wanted = committed ? newText : oldText;
    expect(await served(wanted)).toBe(wanted);
    expect(leftovers()).toEqual([]);
    expect((await helper.client.call("service.list", {})).services).toMatchObject([
      { ...webService, state: "running" },
    ]);
  });
});

async function wholeRun(step: string, text: string): Promise<void> {
  const tx = randomUUID();
  const files = [
    write("nginx.conf", main(text)),
    write("sites/a.conf", siteFile("a", text)),
    write("sites/b.conf", current("sites/b.conf") === null ? siteFile("b", text) : null),
    write(`new-${generation}/c.conf`, "# new\n"),
  ];
  await stage(tx, files);
  await helper.client.call("apply.test", { tx, services: [webService] });
  await helper.client.call("apply.swap", { tx });
  await helper.client.call("apply.activate", { tx, reload: [webService], stop: [] });
  await helper.client.call(step.startsWith("apply.rollback") ? "apply.rollback" : "apply.commit", { tx });
}
