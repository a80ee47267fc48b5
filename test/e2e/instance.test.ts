import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../harness/client.ts";
import { whoami, writeIntoHome } from "../harness/files.ts";
import { adminPassword, TestInstance } from "../harness/instance.ts";
import { createAccount, must } from "../harness/must.ts";
import { isAlive } from "../harness/processes.ts";
import { Prober } from "../harness/site.ts";
import { until } from "../harness/wait.ts";

/** Instances of one test. */
const started: TestInstance[] = [];
const keep = (instance: TestInstance) => {
  started.push(instance);
  return instance;
};
afterEach(async () => {
  for (const instance of started.splice(0)) await instance.destroy();
});

/** An account with a page, and its host name. */
async function giveSite(instance: TestInstance, admin: Client, name: string): Promise<string> {
  const account = await createAccount(admin, name);
  writeIntoHome(account.home_dir, "public_html/index.php", whoami);
  const host = `${name}.test`;
  expect((await instance.site(host)).status).toBe(200);
  return host;
}

const probe = (instance: TestInstance, host: string) =>
  new Prober(
    () => instance.site(host),
    (answer) => answer.status === 200 && answer.text.startsWith("uid="),
  );

describe("what an instance says about itself", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await TestInstance.start({ env: { PATCHBAY_ADMIN_PASSWORD: undefined } });
  });
  afterAll(() => instance?.destroy());

  it("is in instance.json, with exactly these keys", () => {
    const { panel, services } = instance.ports;
    const at = (port: number) => `https://127.0.0.1:${port}/`;
    const file = instance.file;
    expect(Object.keys(file)).toEqual(["pid", "version", "host", "panel", "services", "admin"]);
    expect(file.pid).toBe(instance.pid);
    expect(file.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(file.host).toBe("sandbox");
    expect(file.panel).toEqual({ user: at(panel), reseller: at(panel + 1), admin: at(panel + 2) });
    expect(file.services["http"]).toEqual({ host: "127.0.0.1", port: services + 80 });
    expect(file.services["https"]).toEqual({ host: "127.0.0.1", port: services + 443 });
    for (const service of Object.values(file.services)) expect(Object.keys(service)).toEqual(["host", "port"]);
    expect(file.admin).toEqual({ username: "admin", passwordFile: join(instance.data, "admin-password") });
  });

  it("makes a random first password that only its owner may read, and that works", async () => {
    const file = instance.file.admin.passwordFile ?? "";
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const password = readFileSync(file, "utf8").trim();
    expect(password.length).toBeGreaterThanOrEqual(20);
    const client = instance.client();
    expect((await client.login("admin", password)).status).toBe(200);
    expect((await client.login("admin", adminPassword)).status).toBe(401);
    expect(existsSync(join(instance.data, "panel", "first-admin"))).toBe(false);
  });

  it("serves the same API on the three ports", async () => {
    const { panel } = instance.ports;
    for (const port of [panel, panel + 1, panel + 2]) {
      const client = new Client(port);
      expect((await client.get("system/version")).status, String(port)).toBe(200);
      client.close();
    }
  });
});

describe("starting and stopping", () => {
  it("ends everything within 10 s of SIGTERM, and goes on with its data and sites at the next start", async () => {
    const instance = keep(await TestInstance.start());
    const host = await giveSite(instance, await instance.admin(), "carol");
    expect(instance.processes().length).toBeGreaterThanOrEqual(4);
    const asked = performance.now();
    expect(await instance.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(instance.processes()).toEqual([]);
    expect(existsSync(join(instance.data, "instance.json"))).toBe(false);
    expect((await instance.site(host)).status).toBe(0);
    await instance.up();
    expect((await instance.site(host)).status).toBe(200);
    const admin = await instance.admin();
    expect((await must(admin.get("accounts/list"))).items).toMatchObject([{ username: "carol", domain_count: 1 }]);
    expect(await instance.cli("plan")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(existsSync(join(instance.data, "admin-password"))).toBe(false);
  });

  it("ends on SIGINT too", async () => {
    const instance = keep(await TestInstance.start());
    process.kill(instance.pid, "SIGINT");
    expect(await instance.ended()).toBe(0);
    expect(instance.processes()).toEqual([]);
  });

  it("refuses a second start in the same directory and leaves the first alone", async () => {
    const instance = keep(await TestInstance.start());
    const before = readFileSync(join(instance.data, "instance.json"), "utf8");
    const { panel, services } = instance.ports;
    const argv = [`--data=${instance.data}`, `--port=${panel + 3}`, `--services-port=${services + 1}`];
    const second = instance.launch("helper/main", argv);
    const code = await new Promise((resolve) => second.on("exit", resolve));
    expect(code).toBe(1);
    expect(instance.output).toContain(`already running (pid ${instance.pid})`);
    expect(readFileSync(join(instance.data, "instance.json"), "utf8")).toBe(before);
    expect((await instance.client().get("system/version")).status).toBe(200);
  });

  it("runs two instances side by side that know nothing of each other", async () => {
    const [one, two] = await Promise.all([TestInstance.start(), TestInstance.start()]);
    keep(one);
    keep(two);
    const host = await giveSite(one, await one.admin(), "dave");
    expect((await two.site(host)).status).toBe(404);
    const other = await two.admin();
    expect((await must(other.get("accounts/list"))).items).toEqual([]);
    expect((await createAccount(other, "dave")).username).toBe("dave");
    await two.stop();
    expect((await one.site(host)).status).toBe(200);
  });

  it("says which port is taken instead of taking another", async () => {
    const first = keep(await TestInstance.start());
    const second = keep(await TestInstance.prepare({ flags: ["--port", String(first.ports.panel)] }));
    await expect(second.up()).rejects.toThrow(`port ${first.ports.panel} is taken`);
    expect(second.processes()).toEqual([]);
  });
});

describe("where its settings come from", () => {
  const readyFile = (instance: TestInstance) => join(instance.data, "instance.json");

  it("takes PATCHBAY_ variables", async () => {
    const instance = keep(await TestInstance.prepare());
    const { panel, services } = instance.ports;
    const env = {
      PATCHBAY_DATA: instance.data,
      PATCHBAY_PORT: String(panel),
      PATCHBAY_SERVICES_PORT: String(services),
    };
    const child = instance.launch("helper/main", [], env);
    await until("the instance to be ready", () => existsSync(readyFile(instance)));
    expect(instance.file.panel.user).toBe(`https://127.0.0.1:${panel}/`);
    expect(instance.file.services["http"]?.port).toBe(services + 80);
    child.kill("SIGTERM");
    await new Promise((resolve) => child.on("exit", resolve));
  });

  it("takes a config file, below variables, below flags", async () => {
    const instance = keep(await TestInstance.prepare());
    const { panel, services } = instance.ports;
    const config = join(instance.dir, "patchbay.json");
    writeFileSync(config, JSON.stringify({ port: 1111, "services-port": services, data: "/nonexistent" }));
    const env = { PATCHBAY_PORT: "2222" };
    const argv = ["--config", config, "--data", instance.data, `--port=${panel}`];
    const child = instance.launch("helper/main", argv, env);
    await until("the instance to be ready", () => existsSync(readyFile(instance)));
    expect(instance.file.panel.user).toBe(`https://127.0.0.1:${panel}/`);
    expect(instance.file.services["http"]?.port).toBe(services + 80);
    child.kill("SIGTERM");
    await new Promise((resolve) => child.on("exit", resolve));
  });

  it.each([
    ["an unknown flag", ["--colour", "red"], /unknown flag --colour/],
    ["a flag without its value", ["--port"], /--port needs a value/],
    ["a port that is none", ["--port", "80"], /--port must be a port/],
    ["an unknown host", ["--host", "cloud"], /--host must be sandbox or system/],
    ["a stray word", ["now"], /unexpected now/],
  ])("exits 2 for %s", async (_name, argv, message) => {
    const instance = keep(await TestInstance.prepare());
    const child = instance.launch("helper/main", ["--data", instance.data, ...argv]);
    expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(2);
    expect(instance.output).toMatch(message);
    expect(existsSync(instance.data)).toBe(false);
  });
});

describe("when processes die", () => {
  it("starts its kernel again, while the site keeps answering", async () => {
    const instance = keep(await TestInstance.start());
    const admin = await instance.admin();
    const host = await giveSite(instance, admin, "erin");
    const prober = probe(instance, host);
    const kernel = instance.kernelPid();
    process.kill(kernel, "SIGKILL");
    await until("another kernel", async () => (await admin.get("auth/me").catch(() => undefined))?.status === 200);
    expect(instance.kernelPid()).not.toBe(kernel);
    expect(instance.isUp).toBe(true);
    await must(
      admin.post("accounts/create", {
        username: "frank",
        domain: "frank.test",
        email: "f@f.test",
        password: "long enough 4 it",
      }),
    );
    await prober.stop();
    expect(prober.asked).toBeGreaterThan(20);
    expect(prober.failures).toEqual([]);
  });

  it("keeps the site up without its helper, ends the kernel, and takes the daemons over at the next start", async () => {
    const instance = keep(await TestInstance.start());
    const host = await giveSite(instance, await instance.admin(), "grace");
    const kernel = instance.kernelPid();
    const masters = () =>
      instance
        .processes()
        .filter(({ command }) => command.includes("master process"))
        .map(({ pid }) => pid);
    const before = masters();
    expect(before).toHaveLength(2);
    const prober = probe(instance, host);
    process.kill(instance.pid, "SIGKILL");
    expect(await instance.ended()).toBe("SIGKILL");
    await until("the kernel to end", () => !isAlive(kernel), 5000);
    expect((await instance.site(host)).status).toBe(200);
    await instance.up();
    await prober.stop();
    expect(prober.failures).toEqual([]);
    expect(masters()).toEqual(before);
    expect(await instance.cli("plan")).toMatchObject({ code: 0, stdout: "nothing to do\n" });
    expect(await instance.stop()).toBe(0);
    expect(instance.processes()).toEqual([]);
  });

  it("brings a daemon back that was killed", async () => {
    const instance = keep(await TestInstance.start());
    const host = await giveSite(instance, await instance.admin(), "heidi");
    for (const name of ["nginx: master", "php-fpm: master"]) {
      const pid = instance.processes().find(({ command }) => command.startsWith(name))?.pid ?? 0;
      process.kill(pid, "SIGKILL");
      await until(`${name} to come back`, async () => (await instance.site(host)).status === 200);
      expect(isAlive(pid)).toBe(false);
    }
  });
});

describe("the command line", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await TestInstance.start();
    await createAccount(await instance.admin(), "ivan");
  });
  afterAll(() => instance?.destroy());

  it.each([
    [["status"], 0, /pid: \d+[\s\S]*nginx\s+running/],
    [["doctor"], 0, /ok\s+nginx/],
    [["plan"], 0, /^nothing to do\n$/],
    [["reconcile"], 0, /^nothing to do\n$/],
    [["account", "list"], 0, /ivan\.test/],
    [["audit", "verify"], 0, /ok: true/],
    [["help"], 0, /patchbay <command>/],
  ])("%j", async (words, code, stdout) => {
    const ended = await instance.cli(...words);
    expect(ended).toMatchObject({ code, stdout: expect.stringMatching(stdout) });
  });

  it("prints JSON when asked", async () => {
    const { code, stdout } = await instance.cli("account", "list", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ items: [{ username: "ivan" }], meta: { total: 1 } });
    expect(JSON.parse((await instance.cli("status", "--json")).stdout)).toMatchObject({
      running: true,
      pid: instance.pid,
    });
  });

  it("runs operations, refuses what the panel refuses with 1 and what makes no sense with 2", async () => {
    const [item] = JSON.parse((await instance.cli("account", "list", "--json")).stdout).items;
    const add = ["domain", "add", "--account-id", String(item.id), "--domain", "cli.test", "--type", "addon"];
    const planned = await instance.cli(...add, "--dry-run", "--json");
    expect(planned.code).toBe(0);
    expect(JSON.parse(planned.stdout).plan.length).toBeGreaterThan(0);
    expect(await instance.cli(...add, "--json")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"domain":"cli.test"'),
    });
    expect(await instance.cli(...add)).toMatchObject({ code: 1, stderr: expect.stringContaining("already exists") });
    expect(await instance.cli("domain", "add", "--colour", "red")).toMatchObject({ code: 2 });
    expect(await instance.cli("domain", "add", "--domain", "x.test")).toMatchObject({ code: 2 });
    expect(await instance.cli("domain", "juggle")).toMatchObject({ code: 2 });
    expect(await instance.cli("nonsense")).toMatchObject({ code: 2 });
  });

  it("says so when no instance runs", async () => {
    const other = keep(await TestInstance.prepare());
    expect(await other.cli("status")).toMatchObject({ code: 1, stdout: expect.stringContaining("no instance runs") });
    expect(await other.cli("plan")).toMatchObject({ code: 1, stderr: expect.stringContaining("no instance runs") });
    expect((await other.cli("doctor")).code).toBe(0);
  });

  it("keeps no secret in a command line or in the environment of a kernel or a daemon", () => {
    for (const { pid, command } of instance.processes()) {
      expect(command).not.toContain(adminPassword);
      if (pid === instance.pid) continue;
      expect(readFileSync(`/proc/${pid}/environ`, "utf8"), command).not.toContain(adminPassword);
    }
  });
});

it("answers on the loopback address alone", async () => {
  const instance = keep(await TestInstance.start());
  await until("the web server to come up", async () => (await instance.site("nobody.test")).status === 404);
  const listening = readFileSync("/proc/net/tcp", "utf8");
  const ports = [0, 1, 2].map((add) => instance.ports.panel + add).concat(instance.ports.services + 80);
  for (const port of ports) {
    const hex = port.toString(16).toUpperCase().padStart(4, "0");
    const lines = listening.split("\n").filter((line) => line.includes(`:${hex} 00000000:0000 0A`));
    expect(lines.length, String(port)).toBeGreaterThan(0);
    for (const line of lines) expect(line).toContain(`0100007F:${hex}`);
  }
});
