import { appendFileSync, existsSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { PanelUnderTest, TestMachine } from "./panel.ts";
import type { Scene, SceneAccount } from "./scene.ts";
import { slowly } from "./slow-script.ts";
import { Stage } from "./stage.ts";
import { filesNaming, listFiles } from "./tree.ts";
import { until } from "./until.ts";
import { backWithin, killDaemon } from "./web-breaking.ts";

/** A backend of the slot `php`. Its pools are looked at through whichever web server the panel runs. */
export interface PhpSubject {
  /** For people: `PHP-FPM`. */
  readonly title: string;
  /** Id of the plugin, which is also the name of its configuration tree. */
  readonly plugin: string;
  /** Service of the daemons in the manifest. Instances of it (`<service>@…`) count as it. */
  readonly service: string;
  /** File with what a green run has shown, `capabilities.json` beside the backend. Nothing is compared when not given. */
  readonly record?: string;
  readonly machine: TestMachine;
  /** A panel of its own, with nothing in it. */
  start(): Promise<PanelUnderTest>;
}

interface PhpCast {
  readonly ada: SceneAccount;
  readonly bob: SceneAccount;
  readonly packageId: number;
}

type PhpStage = Stage<PhpCast>;

/**
 * Registers the cases that a backend of the slot `php` must pass, told as one story like `webConformance`.
 *
 * @example
 * phpConformance({
 *   title: "Example", plugin: "php-example", service: "exampled", machine: testMachine,
 *   start: () => conformancePanel({ plugins: [import.meta.dirname] }),
 * });
 */
export function phpConformance(subject: PhpSubject): void {
  describe(`${subject.title} as a backend of php`, () => {
    const stage: PhpStage = new Stage<PhpCast>(() => subject.start());
    stage.register();
    stage.chapter("gives every account a pool", () => pools(stage, subject));
    stage.chapter("keeps limits", () => limits(stage));
    stage.chapter("goes on", () => goingOn(stage, subject));
    stage.chapter("moves out", () => movingOut(stage, subject));
    if (subject.record !== undefined) stage.record(subject.record, {});
  });
}

/** What a script of an account answers. Written under a name of its own each time: scripts may be cached. */
async function run(scene: Scene, account: SceneAccount, code: string): Promise<string> {
  const name = `run-${Math.random().toString(36).slice(2)}.php`;
  scene.write(account, name, `<?php ${code}`);
  const { status, text } = await scene.get(`${account.username}.test`, `/${name}`);
  return status === 200 ? text : `status ${status}: ${text}`;
}

function pools(stage: PhpStage, subject: PhpSubject): void {
  stage.step("that answers at once", async (scene) => {
    for (const name of ["ada", "bob"] as const) {
      const account = await scene.createAccount(name);
      stage.keep(name, account);
      expect(await run(scene, account, `echo "I am ${name}";`)).toBe(`I am ${name}`);
    }
  });

  if (subject.machine.separateUsers) {
    stage.look("that runs as the account's own user and group", async (scene) => {
      for (const name of ["ada", "bob"] as const) {
        const account = stage.the(name);
        const { uid } = lstatSync(account.home_dir);
        expect(uid).toBeGreaterThan(0);
        expect(await run(scene, account, 'echo posix_geteuid(), " ", posix_getegid();')).toBe(`${uid} ${uid}`);
      }
    });
  }

  stage.look("that reaches nothing outside of the account's home", async (scene) => {
    const [ada, bob] = [stage.the("ada"), stage.the("bob")];
    scene.write(ada, "secret.txt", "secret of ada");
    const paths = [
      `${ada.home_dir}/public_html/secret.txt`,
      "/etc/passwd",
      "/proc/self/environ",
      scene.panel.paths.etc,
    ];
    for (const path of paths) {
      const code = `echo @file_get_contents(${JSON.stringify(path)}) ?: "none", count(@scandir(${JSON.stringify(path)}) ?: []);`;
      expect(await run(scene, bob, code), path).toBe("none0");
    }
    const own = `${bob.home_dir}/public_html/own.txt`;
    expect(await run(scene, bob, `file_put_contents("${own}", "mine"); echo file_get_contents("${own}");`)).toBe(
      "mine",
    );
  });

  if (subject.machine.separateUsers) programs(stage, subject);
  whatBelongsToAPool(stage);
}

function whatBelongsToAPool(stage: PhpStage): void {
  stage.look("whose uploads, sessions and temporary files stay in its home", async (scene) => {
    const ada = stage.the("ada");
    const told = await run(
      stage.scene,
      ada,
      'echo sys_get_temp_dir(), "\\n", session_save_path(), "\\n", ini_get("upload_tmp_dir");',
    );
    for (const path of told.split("\n")) expect(path).toMatch(new RegExp(`^${ada.home_dir}/`));
    const code =
      'session_start(); $_SESSION["a"] = 1; echo session_write_close() ? "kept" : "lost", tempnam(sys_get_temp_dir(), "x") ? "" : "no file";';
    expect(await run(scene, ada, code)).toBe("kept");
  });

  stage.look("that is told nothing of the panel, and tells nothing of itself", async (scene) => {
    expect(await run(scene, stage.the("ada"), 'echo implode(" ", array_keys(getenv()));')).not.toMatch(
      /PATCHBAY|PATH\b.*PWD/,
    );
    const answer = await scene.get("ada.test", "/none.php");
    expect(answer.headers["x-powered-by"]).toBeUndefined();
  });

  stage.look("whose errors go to the account's own log and never to a visitor", async (scene) => {
    const ada = stage.the("ada");
    scene.write(ada, "broken.php", "<?php no_such_function_of_ada();");
    const answer = await scene.get("ada.test", "/broken.php");
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("no_such_function_of_ada");
    const log = join(ada.home_dir, "logs/php-error.log");
    await until(
      "the error to be logged",
      () => existsSync(log) && readFileSync(log, "utf8").includes("no_such_function_of_ada"),
    );
  });

  stage.step("and none of a version that is not installed", async (scene) => {
    const login = {
      username: "eve",
      domain: "eve.test",
      email: "eve@example.org",
      password: "long enough for a holder",
    };
    const refused = await scene.leavesFiles(() => scene.post("accounts/create", { ...login, php_version: "5.2" }));
    expect(refused.status).toBe(400);
    const { items } = await scene.look<{ items: { username: string }[] }>("accounts/list");
    expect(items.map(({ username }) => username).sort()).toEqual(["ada", "bob"]);
  });
}

/** Scripts start programs, which obey the machine and not PHP. */
function programs(stage: PhpStage, subject: PhpSubject): void {
  stage.look("from which no program gets to another account or to the panel either", async (scene) => {
    const [ada, bob] = [stage.the("ada"), stage.the("bob")];
    const { etc, log, run: sockets, homes } = scene.panel.paths;
    for (const path of [`${ada.home_dir}/public_html`, homes, etc, join(etc, subject.plugin), log, sockets]) {
      const listed = await run(scene, bob, `echo shell_exec(${JSON.stringify(`ls -d ${path}/* 2>/dev/null`)});`);
      expect(listed.trim(), path).toBe("");
    }
    const foreign = listFiles(sockets).filter((path) => path.includes("ada"));
    expect(foreign.length, "sockets of the other pool").toBeGreaterThan(0);
    for (const path of foreign) {
      const code = `echo @stream_socket_client("unix://${path}", $no, $why, 2) ? "connected" : "refused";`;
      expect(await run(scene, bob, code), path).toBe("refused");
    }
  });

  stage.look("from which no program inherits a file of the panel that it could read", async (scene) => {
    const bob = stage.the("bob");
    const list = 'for f in /proc/self/fd/*; do echo "$(readlink $f)|$(grep flags: /proc/self/fdinfo/${f##*/})"; done';
    const lines = (await run(scene, bob, `echo shell_exec(${JSON.stringify(list).replaceAll("$", "\\$")});`)).split(
      "\n",
    );
    const ofPanel = lines.filter(
      (line) => line.startsWith(dirname(scene.panel.paths.etc)) && !line.startsWith(bob.home_dir),
    );
    for (const line of ofPanel) expect(line, "open for writing alone").toMatch(/\|flags:\s+\d*1$/);
  });
}

function limits(stage: PhpStage): void {
  const memory = (scene: Scene, account: SceneAccount) =>
    run(scene, account, 'ini_set("memory_limit", "1G"); echo ini_get("memory_limit");');

  stage.step("of the package, which a script cannot raise", async (scene) => {
    const bounds = { disk_mb: 0, max_email: 0, max_databases: 0, max_ftp: 0, max_domains: 0, max_subdomains: 0 };
    const small = { name: "small", ...bounds, php_max_children: 1, php_memory_mb: 48 };
    const { id } = await scene.change<{ id: number }>("packages/create", small);
    stage.keep("packageId", id);
    const before = await memory(scene, stage.the("bob"));
    await scene.change("accounts/update", { id: stage.the("ada").id, package_id: id });
    expect(await memory(scene, stage.the("ada"))).toBe("48M");
    expect(await memory(scene, stage.the("bob")), "the neighbour's").toBe(before);
  });

  stage.look("on how many processes an account has at a time", async (scene) => {
    // One after the other: of requests in the same instant some daemons let one process serve all.
    const began = performance.now();
    const slow = async (after: number) => {
      await sleep(after);
      return run(scene, stage.the("ada"), `${slowly(0.6)} echo "done";`);
    };
    expect(await Promise.all([slow(0), slow(150), slow(300)])).toEqual(["done", "done", "done"]);
    expect(performance.now() - began, "one process for three requests").toBeGreaterThanOrEqual(1800);
  });

  stage.step("when the package changes, and when it goes", async (scene) => {
    const id = stage.the("packageId");
    await scene.change("packages/update", { id, php_memory_mb: 56 });
    expect(await memory(scene, stage.the("ada"))).toBe("56M");
    const { status, text } = await scene.panel.call("DELETE", "packages/delete", { id });
    expect(status, text).toBe(200);
    expect(await memory(scene, stage.the("ada"))).toBe(await memory(scene, stage.the("bob")));
  });
}

function goingOn(stage: PhpStage, subject: PhpSubject): void {
  const isIt = (name: string) => name.split("@")[0] === subject.service;
  const page = { host: "bob.test", path: "/still.php", text: "still here" };
  const pid = (scene: Scene) => scene.panel.daemons().find(({ name }) => isIt(name))?.pid;

  stage.step("while pools beside it come, change and go: no request fails, none is cut off", async (scene) => {
    scene.write(stage.the("bob"), "still.php", '<?php echo "still here";');
    const slow = run(scene, stage.the("bob"), `${slowly(1.5)} echo "slow, and whole";`);
    await sleep(200);
    await scene.whileAnswering(page, async () => {
      const eve = await scene.createAccount("eve");
      expect(await run(scene, eve, 'echo "eve";')).toBe("eve");
      await scene.change("accounts/terminate", { id: eve.id });
    });
    expect(await slow).toBe("slow, and whole");
  });

  stage.survive("drift", "after a file was changed by hand, and after one was deleted", async (scene) => {
    const { path, text } = scene.fileNaming(subject.plugin, stage.the("bob").home_dir);
    appendFileSync(path, "; by another hand\n");
    const [drift, ...others] = await scene.drift();
    expect(others).toEqual([]);
    expect(drift).toMatchObject({ plugin: subject.plugin, kind: "changed" });
    expect(drift?.diff).toMatch(/^\+; by another hand$/m);
    await scene.whileAnswering(page, () => scene.change("reconcile/resolve", { id: drift?.id, action: "mend" }));
    expect(readFileSync(path, "utf8")).toBe(text);
    await scene.isSettled();
    rmSync(path);
    await scene.whileAnswering(page, () => scene.change("reconcile/run"));
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  stage.survive("kill", `within ${backWithin / 1000} s of a kill`, async (scene) => {
    const before = await killDaemon(scene, isIt);
    const answers = async () => (await scene.get(page.host, page.path)).text === page.text;
    await until("another daemon", () => pid(scene) !== undefined && pid(scene) !== before, backWithin);
    await until("its pools to answer again", answers, backWithin);
  });

  stage.step("without the pool of an account that ended, and without its socket", async (scene) => {
    const eve = await scene.createAccount("eve");
    const socketsOf = (name: string) => listFiles(scene.panel.paths.run).filter((path) => path.includes(name));
    expect(socketsOf("eve").length).toBeGreaterThan(0);
    expect(filesNaming(join(scene.panel.paths.etc, subject.plugin), [eve.home_dir]).length).toBeGreaterThan(0);
    await scene.change("accounts/terminate", { id: eve.id });
    expect(filesNaming(scene.panel.paths.etc, [eve.home_dir])).toEqual([]);
    expect(socketsOf("eve")).toEqual([]);
    expect(await run(scene, stage.the("bob"), 'echo "bob";')).toBe("bob");
  });
}

function movingOut(stage: PhpStage, subject: PhpSubject): void {
  stage.step("with the last account: neither files of a pool nor a daemon stay", async (scene) => {
    for (const name of ["ada", "bob"] as const) await scene.change("accounts/terminate", { id: stage.the(name).id });
    const homes = [stage.the("ada").home_dir, stage.the("bob").home_dir];
    expect(filesNaming(scene.panel.paths.etc, homes)).toEqual([]);
    await until("the daemon to end", () =>
      scene.panel.daemons().every(({ name }) => name.split("@")[0] !== subject.service),
    );
  });
}
