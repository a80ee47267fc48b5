import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HostInfo, Rendered } from "@patchbay/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PhpPoolUnit } from "./contract.ts";
import { createFpmProvider } from "./provider.ts";
import { fastcgiGet } from "./testing/fastcgi.ts";

const isRoot = process.getuid?.() === 0;
const ownIds = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const grant = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8")).patchbay.grants.services[
  "php-fpm"
];
const root = mkdtempSync(join(tmpdir(), "patchbay-fpm-"));
const info: HostInfo = {
  kind: "sandbox",
  address: "127.0.0.1",
  ports: {
    http: 0,
    https: 0,
    dns: 0,
    "dns-control": 0,
    smtp: 0,
    submission: 0,
    imap: 0,
    imaps: 0,
    ftp: 0,
    mysql: 0,
    postgresql: 0,
  },
  paths: {
    etc: join(root, "etc"),
    run: join(root, "run"),
    log: join(root, "log"),
    state: join(root, "state"),
    homes: join(root, "homes"),
    archive: join(root, "archive"),
  },
  multiUser: isRoot,
  accounts: { firstUid: 29_991, count: 8 },
  web: isRoot ? { uid: 29_990, gid: 29_990 } : ownIds,
  phpVersions: ["8.2"],
};
const provider = createFpmProvider(info);
let fpm: ChildProcess | undefined;

function unit(username: string, uid: number, children = 2): PhpPoolUnit {
  const home = join(info.paths.homes, username);
  return { username, uid, home, version: "8.2", shard: 0, limits: { children, memoryMb: 64 } };
}

const john = unit("john", 29_991);
const jane = unit("jane", 29_992);
const render = (pool: PhpPoolUnit) => provider.render(`${pool.username}-8.2`, pool);

function write(...rendered: readonly Rendered[]): void {
  for (const file of rendered.flatMap((part) => part.files ?? [])) {
    const path = join(info.paths.etc, "php", file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.content);
  }
}

function fill(argv: readonly string[]): [string, string[]] {
  const words = argv.map((word) =>
    word.replace("{tree}", join(info.paths.etc, "php")).replaceAll("{1}", "8.2").replaceAll("{2}", "0"),
  );
  return [words[0] as string, words.slice(1)];
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await check().catch(() => false))) {
    if (Date.now() > end) throw new Error("php-fpm did not come to the expected state");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Looks through a pool's probe as the kernel does. */
async function isLive(rendered: Rendered): Promise<boolean> {
  const [probe] = rendered.probes ?? [];
  if (probe?.kind !== "fastcgi") throw new Error("no probe");
  const parameters = { SCRIPT_NAME: probe.path, SCRIPT_FILENAME: probe.path, REQUEST_URI: probe.path };
  return (await fastcgiGet(join(info.paths.run, probe.socket), parameters)) === probe.body;
}

function script(pool: PhpPoolUnit, name: string): Promise<string> {
  const file = join(pool.home, name);
  return fastcgiGet(join(info.paths.run, `php/${pool.username}-8.2.sock`), {
    SCRIPT_NAME: `/${name}`,
    SCRIPT_FILENAME: file,
  });
}

beforeAll(async () => {
  chmodSync(root, 0o755);
  for (const path of ["run/php", "log/php"]) mkdirSync(join(root, path), { recursive: true });
  for (const pool of [john, jane]) {
    for (const path of ["tmp", "logs"]) mkdirSync(join(pool.home, path), { recursive: true });
    writeFileSync(
      join(pool.home, "who.php"),
      "<?php echo posix_geteuid(), ' ', ini_get('memory_limit'), ' ', sys_get_temp_dir();",
    );
    writeFileSync(
      join(pool.home, "read.php"),
      "<?php echo @file_get_contents('/etc/passwd') === false ? 'denied' : 'read';",
    );
    writeFileSync(
      join(pool.home, "ini.php"),
      "<?php echo ini_get('opcache.validate_permission'), extension_loaded('Zend OPcache');",
    );
    writeFileSync(join(pool.home, "sleep.php"), "<?php usleep(700000); echo 'finished';");
    writeFileSync(join(pool.home, "fail.php"), "<?php error_log('noted');");
    writeFileSync(join(pool.home, "page.txt"), "<?php echo 'run';");
    if (isRoot) for (const path of ["", "tmp", "logs"]) chownSync(join(pool.home, path), pool.uid, pool.uid);
  }
  write(provider.base({ role: "front", ports: { http: 0, https: 0 } }), render(john), render(jane));
  const [tester, testWords] = fill(grant.test);
  expect(spawnSync(tester, testWords).status).toBe(0);
  const [program, words] = fill(grant.argv);
  fpm = spawn(program, words, { stdio: "ignore", env: {} });
  await until(() => isLive(render(john)));
});

afterAll(async () => {
  const gone = new Promise((resolve) => fpm?.once("exit", resolve));
  fpm?.kill("SIGTERM");
  await gone;
  rmSync(root, { recursive: true, force: true });
});

describe("php-fpm runs what the units say", () => {
  it("gives each account a pool of its own, under its own user and limits", async () => {
    expect(await isLive(render(jane))).toBe(true);
    for (const pool of [john, jane]) {
      const uid = isRoot ? pool.uid : ownIds.uid;
      expect(await script(pool, "who.php")).toBe(`${uid} 64M ${pool.home}/tmp`);
    }
  });

  it("keeps scripts inside the home, and other files from running", async () => {
    expect(await script(john, "read.php")).toBe("denied");
    expect(await script(john, "page.txt")).not.toContain("run");
    expect(await script(john, "../jane/who.php")).not.toContain("64M");
  });

  it("reads the distribution's extensions and keeps compiled scripts apart", async () => {
    expect(await script(john, "ini.php")).toBe("11");
  });

  it("writes the errors of scripts into the account's own log", async () => {
    await script(john, "fail.php");
    expect(readFileSync(join(john.home, "logs/php-error.log"), "utf8")).toContain("noted");
  });

  it("opens the socket to the web server alone", () => {
    const socket = statSync(join(info.paths.run, "php/john-8.2.sock"));
    expect([socket.uid, socket.mode & 0o777]).toEqual([info.web.uid, 0o660]);
  });

  it("takes up a change on reload, shown by the probe, and finishes what runs", async () => {
    const changed = unit("john", 29_991, 3);
    expect(await isLive(render(changed))).toBe(false);
    const running = script(jane, "sleep.php");
    await new Promise((resolve) => setTimeout(resolve, 150));
    write(render(changed));
    fpm?.kill("SIGUSR2");
    await until(() => isLive(render(changed)));
    expect(await isLive(render(john))).toBe(false);
    expect(await running).toBe("finished");
  });

  it("puts each pool into the process of its shard, in a file of its own", () => {
    const rendered = render({ ...john, shard: 1 });
    expect(rendered.services).toEqual([{ service: "php-fpm", instance: "8.2-1" }]);
    expect(rendered.files?.map((file) => file.path)).toEqual(["8.2/1/pool.d/john.conf"]);
  });

  it("names no users on a host with one user", () => {
    const single = createFpmProvider({ ...info, multiUser: false }).render("john-8.2", john);
    expect(single.files?.at(-1)?.content).not.toMatch(/user|group|owner/);
  });

  it("refuses what PHP would read differently", () => {
    for (const home of ["/homes/$pool", "/homes/a:b", "/homes/a;b", "homes", "/homes/a b", "/homes/'"]) {
      expect(provider.audit({ ...john, home }).map((issue) => issue.field)).toEqual(["home"]);
    }
    expect(provider.audit({ ...john, username: "a]\n[b" })).toHaveLength(1);
    expect(provider.audit({ ...john, uid: 0 })).toHaveLength(1);
    expect(provider.audit({ ...john, version: "../../x" })).toHaveLength(1);
    expect(provider.audit(john)).toEqual([]);
  });
});
