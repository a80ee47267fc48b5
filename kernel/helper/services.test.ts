import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectHelper } from "../host/helper-client.ts";
import { createServices } from "../host/services.ts";
import { eventually, fetchText, freePort, mainFile, siteFile, webManifest, webService } from "../host/testing/nginx.ts";
import { exitOf, HelperRig, type RunningHelper } from "../host/testing/rig.ts";
import type { ManifestLike } from "./options.ts";
import { isRunning, pidsOfUid, readProcess } from "./processes.ts";

const php = ["/usr/sbin/php-fpm{1}", "-n", "-p", "{tree}", "-y", "{tree}/{instance}.conf"];
const phpManifest: ManifestLike = {
  id: "php-test",
  grants: {
    services: {
      "php-fpm": {
        title: "PHP",
        user: "root",
        argv: [...php, "-F", "-O"],
        test: [...php, "-t"],
        instance: "(\\d\\.\\d)-(\\d+)",
        reload: "SIGUSR2",
        stop: "SIGQUIT",
      },
      absent: {
        title: "Not installed",
        user: "root",
        argv: ["/nonexistent/daemon"],
        test: ["/nonexistent/daemon", "-t"],
        reload: "restart",
        stop: "SIGTERM",
      },
    },
  },
};
const phpService = { plugin: "php-test", service: "php-fpm", instance: "8.2-0" } as const;

let rig: HelperRig;
let helper: RunningHelper;
let port: number;

beforeAll(async () => {
  rig = await HelperRig.create([webManifest, phpManifest]);
  port = await freePort();
  helper = await rig.start();
  const tx = randomUUID();
  const { paths, web } = helper.hello;
  const pool = `[global]\nerror_log = ${paths.log}/php-test/fpm.log\n[p]\nuser = ${helper.hello.accounts.firstUid}
group = ${web.gid}\nlisten = ${paths.run}/php-test/p.sock\nlisten.owner = ${web.uid}\nlisten.mode = 0600
pm = ondemand\npm.max_children = 1\nping.path = /ping\nping.response = pong\n`;
  const stage = (plugin: string, files: Record<string, string>) =>
    helper.client.call("apply.stage", {
      tx,
      plugin,
      files: Object.entries(files).map(([path, content]) => ({ path, content, expect: null })),
    });
  await stage("web-test", { "nginx.conf": mainFile(paths, port, "g"), "sites/a.conf": siteFile("a", "a") });
  await stage("php-test", { "8.2-0.conf": pool });
  await helper.client.call("apply.test", { tx, services: [webService, phpService] });
  await helper.client.call("apply.swap", { tx });
  await helper.client.call("apply.activate", { tx, reload: [webService, phpService], stop: [] });
  await helper.client.call("apply.commit", { tx });
});

afterAll(async () => {
  await rig.end();
});

async function pidOf(service: string): Promise<number> {
  const { services } = await helper.client.call("service.list", {});
  return services.find((entry) => entry.service === service)?.pid ?? 0;
}

const up = () => eventually(() => fetchText(port, "/gen"), "g");
const probe = { socket: "php-test/p.sock", path: "/ping" };

describe("daemons", () => {
  it("run as their grant says, in a session of their own, without the helper's environment", async () => {
    expect(await up()).toBe("g");
    const pid = await pidOf("nginx");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const { uid } = helper.hello.web;
    expect(/^Uid:\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1)).toEqual([String(uid), String(uid)]);
    expect(readProcess(pid)?.group).toBe(pid);
    const environ = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    expect(environ.some((entry) => entry.startsWith("HOME="))).toBe(false);
  });

  it("answer FastCGI through the helper, and only below the run directory", async () => {
    expect(
      await eventually(
        () =>
          helper.client.call("probe.fastcgi", probe).then(
            (r) => r.body,
            () => "",
          ),
        "pong",
      ),
    ).toBe("pong");
    const absent = helper.client.call("probe.fastcgi", { ...probe, socket: "php-test/q.sock" });
    await expect(absent).rejects.toMatchObject({ kind: "unavailable" });
    const outside = helper.client.call("probe.fastcgi", { ...probe, socket: "../kernel.sock" });
    await expect(outside).rejects.toMatchObject({ kind: "terminal" });
  });

  it("come back when they are killed, without the workers of before", async () => {
    expect(await up()).toBe("g");
    const before = pidsOfUid(helper.hello.web.uid);
    process.kill(await pidOf("nginx"), "SIGKILL");
    expect(await eventually(() => before.some((pid) => pidsOfUid(helper.hello.web.uid).includes(pid)), false)).toBe(
      false,
    );
    expect(await up()).toBe("g");
  });

  it("are stopped, started and restarted for real", async () => {
    const services = createServices(helper.client);
    const first = await pidOf("nginx");
    expect(await services.act("nginx", "stop")).toEqual({ name: "nginx", plugin: "web-test", status: "stopped" });
    expect(await fetchText(port, "/gen")).toBe("");
    expect(readProcess(first)).toBeUndefined();
    expect((await services.act("nginx", "stop")).status).toBe("stopped");
    expect((await services.act("nginx", "start")).status).toBe("running");
    const second = await pidOf("nginx");
    expect((await services.act("nginx", "start")).status).toBe("running");
    expect(await pidOf("nginx")).toBe(second);
    expect((await services.act("php-fpm@8.2-0", "restart")).status).toBe("running");
    expect(await services.list()).toMatchObject([
      { name: "nginx", status: "running" },
      { name: "php-fpm@8.2-0", status: "running" },
    ]);
    await expect(services.act("php-fpm@9.9-9", "start")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("that cannot start say why", async () => {
    const conf = join(rig.dataDir, "etc", "php-test", "8.2-1.conf");
    writeFileSync(conf, "[global]\nbroken line\n");
    const broken = helper.client.call("service.act", { ...phpService, instance: "8.2-1", action: "start" });
    await expect(broken).rejects.toMatchObject({
      kind: "unavailable",
      output: expect.stringContaining("8.2-1.conf:2"),
    });
    await helper.client.call("service.act", { ...phpService, instance: "8.2-1", action: "stop" });
    rmSync(conf);
    const absent = { plugin: "php-test", service: "absent" };
    const missing = helper.client.call("service.act", { ...absent, action: "start" });
    await expect(missing).rejects.toMatchObject({
      kind: "unavailable",
      message: "/nonexistent/daemon is not installed",
    });
    await helper.client.call("service.act", { ...absent, action: "stop" });
    const untestable = helper.client.call("apply.test", { tx: randomUUID(), services: [absent] });
    await expect(untestable).rejects.toMatchObject({ kind: "unavailable" });
  });

  it("never have root write through a link that their user planted", async () => {
    await helper.client.call("service.act", { ...webService, action: "stop" });
    const log = join(rig.dataDir, "log", "web-test", "nginx.out");
    const victim = join(rig.base, "victim");
    writeFileSync(victim, "");
    rmSync(log);
    symlinkSync(victim, log);
    await expect(helper.client.call("service.act", { ...webService, action: "start" })).rejects.toBeDefined();
    rmSync(log);
    await helper.client.call("service.act", { ...webService, action: "start" });
  });
});

describe("the helper", () => {
  it("serves a data directory alone", async () => {
    const second = rig.spawn();
    let printed = "";
    second.stderr?.on("data", (chunk: Buffer) => {
      printed += chunk.toString("utf8");
    });
    expect(await exitOf(second)).toBe(3);
    expect(printed).toContain(`already running (pid ${helper.pid})`);
    expect(await helper.client.call("service.list", {})).toBeDefined();
  });

  it("adopts the daemons of one that was killed, and watches over them", async () => {
    const [nginx, fpm] = [await pidOf("nginx"), await pidOf("php-fpm")];
    process.kill(helper.pid, "SIGKILL");
    expect(await helper.exited).toBe("SIGKILL");
    expect(await fetchText(port, "/gen")).toBe("g");
    helper = await rig.start();
    expect([await pidOf("nginx"), await pidOf("php-fpm")]).toEqual([nginx, fpm]);
    process.kill(nginx, "SIGKILL");
    expect(await eventually(async () => ![0, nginx].includes(await pidOf("nginx")), true)).toBe(true);
    expect(await up()).toBe("g");
    process.kill(fpm, "SIGKILL");
    expect(await eventually(async () => ![0, fpm].includes(await pidOf("php-fpm")), true)).toBe(true);
    await eventually(
      () =>
        helper.client.call("probe.fastcgi", probe).then(
          (r) => r.body,
          () => "",
        ),
      "pong",
    );
  });

  it.each(["service.start:before-spawn", "service.start:after-spawn"])(
    "finds a daemon whose start was cut off at %s",
    async (step) => {
      await helper.stop();
      helper = await rig.start({ PATCHBAY_CRASH_AT: `helper:${step}` });
      await expect(helper.client.call("service.act", { ...webService, action: "start" })).rejects.toBeDefined();
      await helper.exited;
      helper = await rig.start();
      await helper.client.call("service.act", { ...webService, action: "start" });
      expect(await up()).toBe("g");
      const masters = pidsOfUid(helper.hello.web.uid).filter((pid) => readProcess(pid)?.group === pid);
      expect(masters).toEqual([await pidOf("nginx")]);
    },
  );

  it("does not restart a daemon by itself while a transaction of its plugin is open", async () => {
    const tx = randomUUID();
    const files = [{ path: "sites/held.conf", content: "# held\n", expect: null }];
    await helper.client.call("apply.stage", { tx, plugin: "web-test", files });
    await helper.client.call("apply.swap", { tx });
    process.kill(await pidOf("nginx"), "SIGKILL");
    expect(await eventually(() => pidOf("nginx"), 0)).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await pidOf("nginx")).toBe(0);
    await helper.client.call("apply.rollback", { tx });
    expect(await up()).toBe("g");
  });

  it("starts its kernel again when it dies, and refuses an older one", async () => {
    const next = rig.nextKernel();
    helper.line.destroy();
    await expect(helper.client.call("service.list", {})).rejects.toMatchObject({ kind: "unavailable" });
    const line = await next;
    await expect(connectHelper(line, { epoch: 1 })).rejects.toMatchObject({ kind: "terminal" });
    const { client } = await rig.hello(line);
    expect((await client.call("service.list", {})).services.length).toBeGreaterThan(0);
    helper = { ...helper, client, line };
  });

  it("ends a line on which something else than a request comes", async () => {
    for (const bytes of [
      Buffer.from([255, 255, 255, 255]),
      Buffer.from([0, 0, 0, 2, 0x7b, 0x7b]),
      frame({ op: "hello" }),
    ]) {
      const next = rig.nextKernel();
      const closed = new Promise((resolve) => helper.line.once("close", resolve));
      helper.line.write(bytes);
      await closed;
      const line = await next;
      helper = { ...helper, line, ...(await rig.hello(line)) };
    }
    const unknown = helper.client.call("shell" as "service.list", {});
    await expect(unknown).rejects.toMatchObject({ kind: "terminal", message: "there is no such operation" });
    const proto = helper.client.call("constructor" as "service.list", {});
    await expect(proto).rejects.toMatchObject({ kind: "terminal" });
  });

  it("answers nothing before hello", async () => {
    await helper.stop();
    helper = await rig.start();
    const next = rig.nextKernel();
    helper.line.destroy();
    const line = await next;
    line.write(frame({ id: 1, op: "service.list", input: {} }));
    const [bytes] = await new Promise<[Buffer]>((resolve) => line.once("data", (chunk: Buffer) => resolve([chunk])));
    expect(bytes.toString("utf8", 4)).toContain("say hello first");
    helper = { ...helper, line, ...(await rig.hello(line)) };
  });

  it("gives up on a kernel that ends again and again, and leaves the sites up", async () => {
    await helper.client.call("service.act", { ...webService, action: "start" });
    let { line } = helper;
    for (let death = 2; death < 5; death += 1) {
      const next = rig.nextKernel();
      line.destroy();
      line = await next;
    }
    line.destroy();
    expect(await helper.exited).toBe(1);
    expect(await up()).toBe("g");
    helper = await rig.start();
    await helper.client.call("service.act", { ...phpService, action: "start" });
  });

  it("ends everything it runs when it is told to", async () => {
    const { uid } = helper.hello.web;
    const fpm = await pidOf("php-fpm");
    const stat = readProcess(fpm);
    const asked = performance.now();
    expect(await helper.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(9000);
    expect(pidsOfUid(uid)).toEqual([]);
    expect(isRunning(fpm, stat?.startTime ?? "")).toBe(false);
    expect(readdirSync(join(rig.dataDir, "helper"))).not.toContain("lock");
    helper = await rig.start();
  });
});

function frame(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}
