import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { digestsUnder, filesNaming, whoami, writeIntoHome } from "../harness/files.ts";
import { TestInstance } from "../harness/instance.ts";
import { addDomain, createAccount, must, type NewAccount } from "../harness/must.ts";
import { Prober } from "../harness/site.ts";
import { until } from "../harness/wait.ts";
import { endOf } from "../switching/operation.ts";
import { SmallDisk } from "./full-disk.ts";

const isRoot = process.getuid?.() === 0;
const poison = { provider: "nginx", content: "no_such_directive on;" };

interface Scene {
  readonly instance: TestInstance;
  readonly admin: Client;
  readonly account: NewAccount;
  readonly host: string;
}

/** An instance with one account whose page answers. */
async function setScene(instance: TestInstance): Promise<Scene> {
  const admin = await instance.admin();
  const account = await createAccount(admin, "stable");
  writeIntoHome(account.home_dir, "public_html/index.php", whoami);
  const host = "stable.test";
  expect((await instance.site(host)).status).toBe(200);
  return { instance, admin, account, host };
}

const etc = ({ instance }: Scene) => join(instance.data, "etc");

/** Runs `work` while the site is asked 50 times a second. Every answer must be good. */
async function whileAnswering<T>(scene: Scene, work: () => Promise<T>): Promise<T> {
  const prober = new Prober(
    () => scene.instance.site(scene.host),
    ({ status, text }) => status === 200 && text.startsWith("uid="),
  );
  try {
    return await work();
  } finally {
    await prober.stop();
    expect(prober.failures).toEqual([]);
    expect(prober.asked).toBeGreaterThan(0);
  }
}

/** Runs `work`, after which every file below the configuration trees is byte for byte what it was. */
async function leavesNothing<T>(scene: Scene, work: () => Promise<T>): Promise<T> {
  const before = digestsUnder(etc(scene));
  const result = await whileAnswering(scene, work);
  expect(digestsUnder(etc(scene))).toEqual(before);
  return result;
}

async function isQuiet({ admin }: Scene): Promise<void> {
  expect((await must(admin.get("reconcile/plan"))).plan).toEqual([]);
  expect(await must(admin.post("reconcile/run"))).toEqual({ plan: [], failures: [] });
}

describe("a change that cannot be applied", () => {
  let scene: Scene;
  let domainId: number;
  beforeAll(async () => {
    scene = await setScene(await TestInstance.start());
    domainId = scene.account.domains[0]?.id ?? 0;
  });
  afterAll(() => scene?.instance.destroy());

  it("because the daemon's own test refuses it: 422, nothing is changed", async () => {
    const { admin } = scene;
    const refused = await leavesNothing(scene, () =>
      admin.post("domains/save-include", { domain_id: domainId, ...poison }),
    );
    expect(refused).toMatchObject({ status: 422, body: { success: false, code: "APPLY_REFUSED" } });
    expect(refused.body.message).toMatch(/^Nothing was changed: .*refuses/);
    expect(refused.text).not.toContain("no_such_directive");
    expect(refused.text).not.toContain(scene.instance.data);
    expect(await must(admin.get("domains/includes", { domain_id: domainId }))).toEqual([]);
    await isQuiet(scene);
  });

  it("because it is refused before the daemon sees it: 422 that names the rule", async () => {
    const { admin } = scene;
    const content = "include /etc/passwd;";
    const refused = await leavesNothing(scene, () =>
      admin.post("domains/save-include", { domain_id: domainId, content }),
    );
    expect(refused.status).toBe(422);
    expect(refused.body.errors[0].message).toMatch(/include is not available/);
    expect(await must(admin.get("domains/includes", { domain_id: domainId }))).toEqual([]);
  });

  it("alone, while twenty good ones go live beside it", async () => {
    const { admin, account, instance } = scene;
    const names = Array.from({ length: 20 }, (_, at) => `good${at}.test`);
    const [refused, ...added] = await whileAnswering(scene, () =>
      Promise.all([
        admin.post("domains/save-include", { domain_id: domainId, ...poison }),
        ...names.map((domain) => admin.post("domains/add", { account_id: account.id, domain, type: "addon" })),
      ]),
    );
    expect(refused?.status).toBe(422);
    expect(added.map((answer) => answer.status)).toEqual(names.map(() => 200));
    for (const name of names) {
      writeIntoHome(account.home_dir, `public_html/${name}/index.html`, name);
      expect(await instance.site(name), name).toMatchObject({ status: 200, text: name });
    }
    expect(await must(admin.get("domains/includes", { domain_id: domainId }))).toEqual([]);
    expect(filesNaming(etc(scene), ["no_such_directive"])).toEqual([]);
    await isQuiet(scene);
  });

  it("because a file was changed by hand: 409 until that is resolved, by mending it", async () => {
    const { admin, account } = scene;
    const [file = ""] = filesNaming(etc(scene), ['"stable.test"']);
    const ours = readFileSync(file, "utf8");
    appendFileSync(file, "# by hand\n");
    const move = { domain_id: domainId, document_root: `${account.home_dir}/public_html/elsewhere` };
    const refused = await leavesNothing(scene, () => admin.post("domains/update", move));
    expect(refused).toMatchObject({ status: 409, body: { code: "APPLY_CONFLICT" } });
    expect(refused.body.message).toContain("reconcile/drift");
    expect((await must(admin.get("domains/list", { account_id: account.id })))[0].document_root).toMatch(
      /public_html$/,
    );
    const run = await must(admin.post("reconcile/run"));
    expect(run.plan).toEqual([]);
    expect(run.failures).toMatchObject([{ kind: "conflict" }]);
    expect(readFileSync(file, "utf8"), "a run leaves it alone").toContain("# by hand");
    const [drift, ...more] = await must(admin.get("reconcile/drift"));
    expect(more).toEqual([]);
    expect(drift).toMatchObject({ plugin: "web-nginx", kind: "changed", target: expect.stringMatching(/^hosts\.d\//) });
    expect(drift.diff).toMatch(/^\+# by hand$/m);
    await whileAnswering(scene, () => must(admin.post("reconcile/resolve", { id: drift.id, action: "mend" })));
    expect(readFileSync(file, "utf8")).toBe(ours);
    expect(await must(admin.get("reconcile/drift"))).toEqual([]);
    await isQuiet(scene);
  });

  it("because a file was changed by hand: accepted, it stays until its unit changes", async () => {
    const { admin, account, instance } = scene;
    const [file = ""] = filesNaming(etc(scene), ['"stable.test"']);
    appendFileSync(file, "# by hand\n");
    const [drift] = await must(admin.get("reconcile/drift"));
    await must(admin.post("reconcile/resolve", { id: drift.id, action: "adopt" }));
    expect(await must(admin.get("reconcile/drift"))).toEqual([]);
    expect(readFileSync(file, "utf8")).toContain("# by hand");
    await isQuiet(scene);
    const document_root = `${account.home_dir}/public_html/moved`;
    await must(admin.post("domains/update", { domain_id: domainId, document_root }));
    writeIntoHome(account.home_dir, "public_html/moved/index.php", whoami);
    expect(await instance.site(scene.host)).toMatchObject({ status: 200, text: expect.stringMatching(/^uid=/) });
    expect(readFileSync(file, "utf8")).not.toContain("# by hand");
    await isQuiet(scene);
  });

  it("or is not there: a deleted file is listed and written again", async () => {
    const { admin } = scene;
    const [file = ""] = filesNaming(etc(scene), ['"stable.test"']);
    const ours = readFileSync(file, "utf8");
    rmSync(file);
    expect(await must(admin.get("reconcile/drift"))).toMatchObject([{ kind: "missing" }]);
    expect((await must(admin.get("reconcile/plan"))).plan.length).toBeGreaterThan(0);
    const run = await whileAnswering(scene, () => must(admin.post("reconcile/run")));
    expect(run.failures).toEqual([]);
    expect(readFileSync(file, "utf8")).toBe(ours);
    await isQuiet(scene);
  });

  it("waits for a daemon that was killed right before", async () => {
    const { admin, account, instance } = scene;
    const master = instance.processes().find(({ command }) => command.startsWith("nginx: master"));
    process.kill(master?.pid ?? 0, "SIGKILL");
    const answer = await admin.post("domains/add", {
      account_id: account.id,
      domain: "after-kill.test",
      type: "addon",
    });
    expect([200, 503]).toContain(answer.status);
    await until("the site to answer again", async () => (await instance.site(scene.host)).status === 200);
    const domains = (await must(admin.get("domains/list", { account_id: account.id }))) as { domain: string }[];
    expect(domains.some(({ domain }) => domain === "after-kill.test")).toBe(answer.status === 200);
    expect((await instance.site("after-kill.test")).status === 404).toBe(answer.status !== 200);
    if (answer.status === 503) await addDomain(admin, account, "after-kill.test");
    await until("everything to be in place", async () => (await must(admin.get("reconcile/plan"))).plan.length === 0);
    await isQuiet(scene);
  });
});

describe.runIf(isRoot)("a full disk", () => {
  const parent = mkdtempSync(join(tmpdir(), "patchbay-disk-"));
  let disk: SmallDisk;
  let scene: Scene;
  beforeAll(async () => {
    chmodSync(parent, 0o755);
    disk = new SmallDisk(parent, 48);
    scene = await setScene(await TestInstance.start({ data: join(disk.path, "var") }));
  });
  afterAll(async () => {
    disk.free();
    await scene?.instance.destroy();
    disk.remove();
    rmSync(parent, { recursive: true, force: true });
  });

  it.each([0, 4_096, 16_384, 65_536, 262_144])(
    "with %i bytes left: an error, nothing changed, or all of it",
    async (left) => {
      const { admin, account, instance } = scene;
      const domain = `full${left}.test`;
      const before = digestsUnder(etc(scene));
      disk.fill(left);
      const answer = await whileAnswering(scene, () =>
        admin.post("domains/add", { account_id: account.id, domain, type: "addon" }),
      );
      if (answer.status !== 200 && answer.status !== 202) {
        expect(answer.status, answer.text).toBe(503);
        expect(answer.body.success).toBe(false);
        expect(digestsUnder(etc(scene))).toEqual(before);
      }
      disk.free();
      // Written down, and then there was no room to say how it ended: whoever asked is told as much, and how to find out.
      const isThere =
        answer.status === 202
          ? (await endOf(admin, answer.body.data.operation_id)).state === "done"
          : answer.status === 200;
      await until(
        "the panel to agree with itself",
        async () => (await must(admin.get("reconcile/plan"))).plan.length === 0,
      );
      const domains = (await must(admin.get("domains/list", { account_id: account.id }))) as { domain: string }[];
      expect(domains.some((one) => one.domain === domain)).toBe(isThere);
      if (!isThere) await addDomain(admin, account, domain);
      writeIntoHome(account.home_dir, `public_html/${domain}/index.html`, domain);
      expect(await instance.site(domain)).toMatchObject({ status: 200, text: domain });
      await isQuiet(scene);
      expect(instance.isUp).toBe(true);
    },
  );

  it("leaves a log that verifies", async () => {
    expect(await scene.instance.cli("audit", "verify")).toMatchObject({ code: 0 });
  });
});
