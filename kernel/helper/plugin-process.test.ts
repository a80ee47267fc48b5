import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import { PluginUids } from "./plugin-uids.ts";
import { memoryOf, pidsOfUid, readProcess } from "./processes.ts";

const isRoot = process.getuid?.() === 0;
const socket = `${"ab".repeat(16)}.sock`;
const token = "t".repeat(43);

// It stands in for the guest program: the plugin's code decides what happens, without a kernel.
const program = `import { readFileSync } from "node:fs";
const order = JSON.parse(readFileSync(0, "utf8"));
globalThis.order = order;
await import(order.entry);
setInterval(() => {}, 1000);`;

let rig: HelperRig;
let helper: RunningHelper;

beforeAll(async () => {
  rig = await HelperRig.create([]);
  mkdirSync(join(rig.base, "code", "isolation"));
  writeFileSync(join(rig.base, "package.json"), '{"type":"module"}');
  writeFileSync(join(rig.base, "code", "isolation", "guest.js"), program);
  write(join(rig.base, "code", "plugins", "own"), "");
});

beforeEach(async () => {
  await rig.stopHelpers();
  helper = await rig.start();
});

afterAll(async () => {
  await rig.end();
});

function write(dir: string, code: string): string {
  mkdirSync(dir, { recursive: true });
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, "index.js"), code);
  return join(dir, "index.js");
}

const installed = (id: string, code: string) => write(join(rig.dataDir, "plugins", id), code);
const start = (id: string, entry: string, memory_mb = 128) =>
  helper.client.call("plugin.start", { id, entry, socket, token, memory_mb });
const wait = (id: string, pid: number) => helper.client.call("plugin.wait", { id, pid });
const isAlive = (pid: number) => {
  const stat = readProcess(pid);
  return stat !== undefined && stat.state !== "Z";
};
async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20);
}

describe("what it starts", () => {
  it("is the plugin's own user, without environment, with the token on standard input and nowhere else", async () => {
    const entry = installed(
      "says",
      `console.log(JSON.stringify([order, process.env, process.argv.slice(2)])); process.exit(7);`,
    );
    const { pid } = await start("says", entry);
    const argv = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
    expect(argv).not.toContain(token);
    const { detail, how, output } = await wait("says", pid);
    expect([how, detail]).toEqual(["exited", "exit code 7"]);
    const order = { socket: join(helper.hello.paths.run, "plugins", socket), token, entry };
    expect(JSON.parse(output)).toEqual([order, {}, ["says"]]);
  });

  it.runIf(isRoot)("has the same user each time, and no other plugin has it", async () => {
    const code = `console.log(process.getuid() + " " + process.getgid() + " " + process.getgroups().join()); process.exit(0);`;
    const uidOf = async (id: string) => (await wait(id, (await start(id, installed(id, code))).pid)).output.trim();
    const [one, two] = [await uidOf("one"), await uidOf("two")];
    expect(one).not.toBe(two);
    const [uid, gid, groups] = one.split(" ");
    expect([gid, groups]).toEqual([uid, uid]);
    const { accounts, web } = helper.hello;
    expect(Number(uid)).toBeGreaterThan(web.uid);
    expect(Number(uid)).toBeLessThan(accounts.firstUid);
    await rig.stopHelpers();
    helper = await rig.start();
    expect(await uidOf("one")).toBe(one);
  });

  it("gives way to everything else", async () => {
    const { pid } = await start("own", join(rig.base, "code", "plugins", "own", "index.js"));
    expect(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim()).toBe("1000");
    expect(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[16]).toBe("10");
    await helper.client.call("plugin.stop", { id: "own", pid });
    expect(isAlive(pid)).toBe(false);
    await helper.client.call("plugin.stop", { id: "own", pid });
  });
});

describe("what it refuses", () => {
  it("code that is not in the plugin's own folder", async () => {
    const theirs = installed("theirs", "");
    installed("mine", "");
    symlinkSync(theirs, join(rig.dataDir, "plugins", "mine", "link.js"));
    symlinkSync(join(rig.dataDir, "plugins", "theirs"), join(rig.dataDir, "plugins", "linked"));
    const entries = [
      theirs,
      "/etc/passwd",
      join(rig.dataDir, "plugins", "mine", "..", "theirs", "index.js"),
      join(rig.dataDir, "plugins", "mine", "link.js"),
      join(rig.dataDir, "plugins", "mine", "missing.js"),
      join(rig.dataDir, "plugins", "mine"),
      join(rig.base, "code", "plugins", "own", "index.js"),
    ];
    for (const entry of entries) await expect(start("mine", entry)).rejects.toMatchObject({ kind: "terminal" });
    await expect(start("linked", join(rig.dataDir, "plugins", "linked", "index.js"))).rejects.toThrow("own folder");
  });

  it("orders that are not in the right form", async () => {
    const entry = installed("form", "");
    const order = { id: "form", entry, socket, token, memory_mb: 128 };
    const wrong = [
      { ...order, id: "../form" },
      { ...order, entry: "index.js" },
      { ...order, socket: "../../panel/x.sock" },
      { ...order, token: "--eval" },
      { ...order, memory_mb: 1e6 },
      { ...order, argv: ["--inspect"] },
    ];
    for (const input of wrong)
      await expect(helper.client.call("plugin.start", input)).rejects.toThrow("the input of plugin.start is not valid");
  });

  it("to end or watch what it did not start", async () => {
    const { pid } = await start("own", join(rig.base, "code", "plugins", "own", "index.js"));
    await expect(wait("own", process.pid)).rejects.toThrow("no such process");
    await expect(wait("theirs", pid)).rejects.toThrow("no such process");
    await helper.client.call("plugin.stop", { id: "own", pid: process.pid });
    await helper.client.call("plugin.stop", { id: "theirs", pid });
    expect(isAlive(pid)).toBe(true);
  });
});

describe("how they end", () => {
  const family = `import { spawn } from "node:child_process";
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" });
    console.log(child.pid);`;

  it.runIf(isRoot)("with everything they started, also what left their group", async () => {
    const { pid } = await start("family", installed("family", family));
    const uid = Number(/^Uid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    while (pidsOfUid(uid).length < 2) await sleep(20);
    await helper.client.call("plugin.stop", { id: "family", pid });
    while (pidsOfUid(uid).length > 0) await sleep(20);
  });

  it.runIf(isRoot)("when they and their children together use more than they may", async () => {
    const hungry = `import { spawn } from "node:child_process";
      for (let i = 0; i < 3; i += 1) spawn(process.execPath, ["-e", "globalThis.a = Buffer.alloc(60e6, 1); setInterval(() => {}, 1000)"]);`;
    const { pid } = await start("hungry", installed("hungry", hungry));
    expect(await wait("hungry", pid)).toMatchObject({ how: "memory" });
  });

  it("when they use more memory than they may, within half a second", async () => {
    const code = `const all = []; setInterval(() => all.push(Buffer.alloc(5e6, 1)), 10);`;
    const { pid } = await start("grows", installed("grows", code), 96);
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, memoryOf(pid));
    }, 20);
    expect(await wait("grows", pid)).toMatchObject({ how: "memory" });
    clearInterval(timer);
    expect(most).toBeLessThan(400 * 1024 * 1024);
  });

  it("with the kernel they belong to", async () => {
    const { pid } = await start("own", join(rig.base, "code", "plugins", "own", "index.js"));
    helper.line.destroy();
    await untilGone(pid);
  });

  it("with the helper, whatever becomes of it", async () => {
    const entry = installed("loops", `for (;;) {}`);
    const first = await start("loops", entry);
    await helper.stop();
    await untilGone(first.pid);
    helper = await rig.start();
    const second = await start("loops", entry);
    await sleep(300);
    process.kill(helper.pid, "SIGKILL");
    await untilGone(second.pid);
  });
});

describe.runIf(isRoot)("without root", () => {
  it("lets Node keep them from everything but their own code", async () => {
    const attempts = `import { readFileSync, writeFileSync } from "node:fs"; import { spawn } from "node:child_process"; import { Worker } from "node:worker_threads";
      import * as v from "valibot"; import { connect } from "node:net";
      const attempt = (work) => { try { work(); return "done"; } catch (error) { return error.code; } };
      const line = connect(order.socket); line.on("connect", () => line.write("hello"));
      line.on("data", () => { console.log(JSON.stringify([typeof v.parse, attempt(() => readFileSync(order.entry)), attempt(() => readFileSync("/etc/passwd")), attempt(() => writeFileSync("/tmp/patchbay-nosy", "")),
        attempt(() => spawn("/bin/true")), attempt(() => new Worker("1", { eval: true }))])); process.exit(0); });`;
    const bare = await HelperRig.create([]);
    let server: Server | undefined;
    try {
      chmodSync(bare.base, 0o777);
      mkdirSync(join(bare.base, "code", "isolation"));
      writeFileSync(join(bare.base, "package.json"), '{"type":"module"}');
      writeFileSync(join(bare.base, "code", "isolation", "guest.js"), program);
      symlinkSync(new URL("../../node_modules", import.meta.url).pathname, join(bare.base, "node_modules"));
      helper = await bare.start({}, 54_321);
      const entry = write(join(bare.dataDir, "plugins", "nosy"), attempts);
      server = createServer((line: Socket) => line.once("data", () => line.write("go")));
      server.listen(join(helper.hello.paths.run, "plugins", socket));
      await once(server, "listening");
      chmodSync(join(helper.hello.paths.run, "plugins", socket), 0o666);
      const { pid } = await start("nosy", entry);
      const denied = "ERR_ACCESS_DENIED";
      const { output } = await wait("nosy", pid);
      expect(output).toMatch(/^\[/);
      expect(JSON.parse(output)).toEqual(["function", "done", denied, denied, denied, denied]);
    } finally {
      server?.close();
      await bare.end();
    }
  });
});

it("gives a user back only when its plugin is gone, and says when there are none left", () => {
  const file = join(rig.dataDir, "uids.json");
  const plugins = { firstUid: 5000, count: 2 };
  const uids = new PluginUids(file, { plugins });
  expect([uids.of("a")?.uid, uids.of("b")?.uid, uids.of("a")?.uid]).toEqual([5000, 5001, 5000]);
  expect(() => uids.of("c")).toThrow("no users left");
  uids.forget("a");
  expect(new PluginUids(file, { plugins }).of("c")?.uid).toBe(5000);
  expect(new PluginUids(file, { plugins: { firstUid: 1, count: 0 } }).of("c")).toBeUndefined();
});
