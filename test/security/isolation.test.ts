import { lchownSync, linkSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { writeIntoHome } from "../harness/files.ts";
import { TestInstance } from "../harness/instance.ts";
import { createAccount, must } from "../harness/must.ts";
import { runningProcesses } from "../harness/processes.ts";
import { reachOf } from "./as-user.ts";

const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)("tenants of one machine", () => {
  let instance: TestInstance;
  let admin: Client;
  let alpha: string;
  let beta: string;

  beforeAll(async () => {
    instance = await TestInstance.start();
    admin = await instance.admin();
    alpha = (await createAccount(admin, "alpha")).home_dir;
    beta = (await createAccount(admin, "beta")).home_dir;
    writeIntoHome(beta, "public_html/secret.txt", "the secret of beta");
    writeIntoHome(beta, "secret.txt", "the other secret of beta");
    writeIntoHome(alpha, "public_html/index.php", "<?php echo 'alpha';");
    writeIntoHome(beta, "public_html/index.php", "<?php echo 'beta';");
    // Both pools have run, so that every socket and log is there.
    expect((await instance.site("alpha.test")).text).toBe("alpha");
    expect((await instance.site("beta.test")).text).toBe("beta");
  });
  afterAll(() => instance.destroy());

  const uidOf = (path: string) => lstatSync(path).uid;
  const reach = (uid: number) =>
    reachOf(uid, instance.data).map(({ can, path }) => `${can} ${relative(instance.data, path)}`);

  /** Puts something in alpha's site as alpha would. */
  function plant(path: string, make: (path: string) => void): void {
    const full = join(alpha, "public_html", path);
    make(full);
    lchownSync(full, uidOf(alpha), uidOf(alpha));
  }

  it("reach nothing but their own home, and what the panel says of itself", () => {
    const found = reach(uidOf(alpha)).filter((one) => !/^\w+ homes\/alpha(?:\/|$)/.test(one));
    expect(found.sort()).toEqual(["list ", "read instance.json"]);
    expect(reach(uidOf(alpha))).toContain("create homes/alpha/public_html");
    expect(readFileSync(join(instance.data, "instance.json"), "utf8")).not.toMatch(/password"|token|secret/i);
  });

  it("are reached by the web server only where it serves", () => {
    const web = lstatSync(join(instance.data, "run", "web-nginx")).uid;
    const found = reach(web).filter((one) => /^\w+ (?:panel|helper|archive)(?:\/|$)/.test(one));
    expect(found).toEqual([]);
    const homes = reach(web).filter((one) => /^\w+ homes\//.test(one));
    expect(homes.filter((one) => /^(?:write|create) |\/tmp(?:\/|$)/.test(one))).toEqual([]);
    expect(homes).toContain("read homes/beta/public_html/secret.txt");
  });

  it("are out of reach for the panel itself", () => {
    const found = reach(uidOf(join(instance.data, "panel"))).filter((one) => !/^\w+ panel(?:\/|$)/.test(one));
    expect(found.filter((one) => /^\w+ (?:homes\/|helper|archive|etc\/|run\/php\/)/.test(one))).toEqual([]);
  });

  it("have homes that others can only pass through when they serve", () => {
    for (const home of [alpha, beta]) {
      const stat = lstatSync(home);
      expect((stat.mode & 0o777).toString(8)).toBe("710");
      expect(stat.gid).toBe(lstatSync(join(instance.data, "run", "web-nginx")).uid);
    }
    expect(new Set([uidOf(alpha), uidOf(beta), uidOf(join(instance.data, "panel")), 0]).size).toBe(4);
  });

  it("run their scripts as themselves, everything else as nobody's master", () => {
    const mine = runningProcesses().filter(
      ({ command }) => command.includes(instance.dir) || /pool (?:alpha|beta)$/.test(command),
    );
    const web = mine.filter(({ command }) => /nginx/.test(command));
    expect(web.length).toBeGreaterThan(0);
    expect(web.filter(({ uid }) => uid === 0)).toEqual([]);
    const kernel = lstatSync(`/proc/${instance.kernelPid()}`).uid;
    expect(kernel).toBe(uidOf(join(instance.data, "panel")));
  });

  it.each([
    ["a link to a neighbour's file", "steal.txt", () => join(beta, "public_html", "secret.txt")],
    ["a link to a neighbour's directory", "steal", () => join(beta, "public_html")],
    ["a link to a neighbour's home", "home", () => beta],
    ["a link to a file of the machine", "passwd", () => "/etc/passwd"],
    ["a link to the root", "root", () => "/"],
    ["a link to the panel's key", "key", () => join(instance.data, "panel", "key")],
    ["a link to the configuration", "conf", () => join(instance.data, "etc", "web-nginx", "nginx.conf")],
    ["a link to a log of the server", "log", () => join(instance.data, "log", "web-nginx", "error.log")],
    ["a relative link to a neighbour", "relative.txt", () => "../../beta/public_html/secret.txt"],
  ])("cannot serve %s", async (_name, path, target) => {
    plant(path, (full) => symlinkSync(target(), full));
    for (const below of ["", "/", "/secret.txt", "/public_html/secret.txt", "/etc/passwd", "/tmp"]) {
      const { status, text } = await instance.site("alpha.test", `/${path}${below}`);
      expect([301, 403, 404], `${path}${below}`).toContain(status);
      expect(text).not.toMatch(/secret of beta|root:x:0|worker_processes/);
    }
  });

  it("can serve their own files through a link", async () => {
    writeIntoHome(alpha, "public_html/own.txt", "mine");
    plant("own-link.txt", (full) => symlinkSync(join(alpha, "public_html", "own.txt"), full));
    expect(await instance.site("alpha.test", "/own-link.txt")).toMatchObject({ status: 200, text: "mine" });
    // A second name of one's own file is no way to anybody else's.
    plant("hard.txt", (full) => linkSync(join(alpha, "public_html", "own.txt"), full));
    expect((await instance.site("alpha.test", "/hard.txt")).text).toBe("mine");
  });

  it.each([".env", ".git/config", ".git/HEAD", ".htpasswd", ".user.ini", "sub/.env", ".svn/entries", ".ssh/id_rsa"])(
    "do not serve %s by accident",
    async (path) => {
      const folder = join(alpha, "public_html", path, "..");
      mkdirSync(folder, { recursive: true });
      writeIntoHome(alpha, `public_html/${path}`, "hidden canary");
      for (const spelling of [path, path.replace(".", "%2e"), `x/../${path}`, `/${path}`]) {
        const { status, text } = await instance.site("alpha.test", `/${spelling}`);
        expect(status, spelling).toBe(404);
        expect(text).not.toContain("hidden canary");
      }
    },
  );

  it("serve no page of a neighbour by climbing", async () => {
    for (const path of [
      "/../../beta/public_html/secret.txt",
      "/%2e%2e/%2e%2e/beta/public_html/secret.txt",
      "/..%2f..%2fbeta/public_html/secret.txt",
      "//beta/public_html/secret.txt",
    ]) {
      const { text } = await instance.site("alpha.test", path);
      expect(text).not.toContain("secret of beta");
    }
    for (const host of ["", "beta.test/../alpha.test", "unknown.test", "127.0.0.1", "alpha.test:1@beta.test"]) {
      expect((await instance.site(host, "/secret.txt")).text).not.toContain("secret of beta");
    }
  });

  it("have scripts that see nothing of a neighbour or the panel", async () => {
    writeIntoHome(alpha, "public_html/look.php", scriptThatLooks);
    const paths = ["public_html/secret.txt", "secret.txt", "public_html"].map((path) => join(beta, path));
    const more = ["panel/key", "panel/cli-token", "panel/panel.db", "helper", "homes", "instance.json", "etc/php"].map(
      (path) => join(instance.data, path),
    );
    const query = new URLSearchParams(
      [...paths, ...more, "/etc/passwd", "/proc/self/environ", "/root"].map((path): [string, string] => ["p[]", path]),
    );
    const { status, text } = await instance.site("alpha.test", `/look.php?${query}`);
    expect(status, text).toBe(200);
    const seen = JSON.parse(text);
    expect(seen.uid).toBe(uidOf(alpha));
    expect(seen.read).toEqual([]);
    expect(seen.shell).not.toContain("secret of beta");
    expect(seen.linked).toBe(false);
    expect(seen.environment.join(" ")).not.toMatch(/PATCHBAY|PASSWORD|TOKEN|SECRET/i);
    expect(seen.sockets).toEqual([]);
  });

  it("do not run what was uploaded beside a script's name", async () => {
    writeIntoHome(alpha, "public_html/picture.jpg", "<?php echo 'ran';");
    for (const path of ["/picture.jpg/x.php", "/picture.jpg%00.php", "/picture.jpg/.php"]) {
      expect((await instance.site("alpha.test", path)).text, path).not.toBe("ran");
    }
    plant("neighbour.php", (full) => symlinkSync(join(beta, "public_html", "index.php"), full));
    expect((await instance.site("alpha.test", "/neighbour.php")).text).not.toBe("beta");
  });

  it("leave the panel as they found it", async () => {
    expect((await must(admin.get("reconcile/plan"))).plan).toEqual([]);
  });
});

const scriptThatLooks = `<?php
$read = [];
foreach ($_GET["p"] as $path) {
  if (@file_get_contents($path) !== false || @scandir($path) !== false || @include_file($path)) $read[] = $path;
}
function include_file($path) { return is_file($path) && (@include $path) !== false; }
$shell = function_exists("shell_exec") ? (string) @shell_exec("cat " . escapeshellarg($_GET["p"][0]) . " 2>&1") : "";
$link = __DIR__ . "/made-link";
@symlink($_GET["p"][0], $link);
$linked = @file_get_contents($link) !== false;
@unlink($link);
$sockets = [];
foreach (glob(dirname(dirname(dirname(__DIR__))) . "/run/php/*.sock") ?: [] as $path) {
  if (@stream_socket_client("unix://" . $path)) $sockets[] = $path;
}
header("content-type: application/json");
echo json_encode([
  "uid" => posix_geteuid(), "read" => $read, "shell" => $shell, "linked" => $linked,
  "environment" => array_keys(getenv()), "sockets" => $sockets,
]);
`;
