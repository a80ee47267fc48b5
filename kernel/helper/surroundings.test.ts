import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { createHostAccounts } from "../host/host-accounts.ts";
import { eventually, fetchText, freePort, mainFile, siteFile, webManifest, webService } from "../host/testing/nginx.ts";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";

let rig: HelperRig;
let mounted = false;

afterEach(async () => {
  await rig.stopHelpers();
  if (mounted) execFileSync("umount", [rig.dataDir]);
  mounted = false;
  await rig.end();
});

async function serve({ client, hello }: RunningHelper, port: number): Promise<string> {
  const tx = randomUUID();
  const files = [
    { path: "nginx.conf", content: mainFile(hello.paths, port, "g"), expect: null },
    { path: "sites/a.conf", content: siteFile("a", "a"), expect: null },
  ];
  await client.call("apply.stage", { tx, plugin: "web-test", files });
  await client.call("apply.test", { tx, services: [webService] });
  await client.call("apply.swap", { tx });
  await client.call("apply.activate", { tx, reload: [webService], stop: [] });
  await client.call("apply.commit", { tx });
  return eventually(() => fetchText(port, "/gen"), "g");
}

it("works as an ordinary user, with everything as that user", async () => {
  const uid = 64_321;
  rig = await HelperRig.create([webManifest]);
  mkdirSync(rig.dataDir);
  chownSync(rig.dataDir, uid, uid);
  const helper = await rig.start({}, uid);
  expect(helper.hello).toMatchObject({
    multiUser: false,
    web: { uid, gid: uid },
    accounts: { firstUid: uid, count: 0 },
  });
  expect(await serve(helper, await freePort())).toBe("g");
  const host = createHostAccounts(helper.client);
  const account = { username: "alice", uid, home: join(helper.hello.paths.homes, "alice"), suspended: false };
  await host.ensure(account);
  expect(await host.matches(account)).toBe(true);
  expect(lstatSync(join(account.home, "public_html")).uid).toBe(uid);
  await host.remove(account);
  expect(readdirSync(helper.hello.paths.homes)).toEqual([]);
  expect(readdirSync(helper.hello.paths.archive)).toHaveLength(1);
});

it("says that the disk is full and has changed nothing", async () => {
  rig = await HelperRig.create([webManifest]);
  mkdirSync(rig.dataDir);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=0711", "tmpfs", rig.dataDir]);
  mounted = true;
  const helper = await rig.start();
  expect(await serve(helper, await freePort())).toBe("g");
  const tree = join(helper.hello.paths.etc, "web-test");
  const before = readdirSync(tree, { recursive: true }).sort();
  const tx = randomUUID();
  const files = [{ path: "sites/big.conf", content: "#".repeat(3_000_000), expect: null }];
  const full = { kind: "unavailable", message: "the disk is full" };
  await expect(helper.client.call("apply.stage", { tx, plugin: "web-test", files })).rejects.toMatchObject(full);
  await helper.client.call("apply.rollback", { tx });
  expect(readdirSync(tree, { recursive: true }).sort()).toEqual(before);

  const small = [{ path: "sites/b.conf", content: "# b\n", expect: null }];
  await helper.client.call("apply.stage", { tx, plugin: "web-test", files: small });
  fillUp(join(rig.dataDir, "filler"));
  await expect(helper.client.call("apply.swap", { tx })).rejects.toMatchObject(full);
  expect(readdirSync(tree, { recursive: true }).sort()).toEqual(before);
  expect(readdirSync(join(rig.dataDir, "helper", "tx"))).toEqual([]);
});

it("gives two instances uids of their own, and keeps them", async () => {
  rig = await HelperRig.create([]);
  const first = await rig.start();
  const { web, accounts } = first.hello;
  await first.stop();
  const range = join(rig.dataDir, "helper", "range.json");
  expect(JSON.parse(readFileSync(range, "utf8"))).toEqual({ base: web.uid - 1 });
  expect(accounts).toEqual({ firstUid: web.uid + 99, count: 9900 });
  writeFileSync(range, JSON.stringify({ base: 1_230_000 }));
  const again = await rig.start();
  expect(again.hello.web.uid).toBe(1_230_001);
  expect(lstatSync(join(rig.dataDir, "panel")).uid).toBe(1_230_000);
  const kernel = readFileSync(`/proc/${childOf(again.pid)}/status`, "utf8");
  expect(/^Uid:\s+(\d+)\s+(\d+)/m.exec(kernel)?.slice(1)).toEqual(["1230000", "1230000"]);
  expect(/^CapEff:\s+0+$/m.test(kernel)).toBe(true);
  expect(readFileSync(`/proc/${childOf(again.pid)}/environ`, "utf8")).toMatch(/^RIG_SOCKET=[^\0]+\0$/);
});

function childOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0] ?? "";
}

function fillUp(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(4_000_000));
  } catch {
    // Full is what it shall be.
  }
}
