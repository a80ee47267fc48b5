import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../harness/client.ts";
import { writeIntoHome } from "../harness/files.ts";
import { TestInstance } from "../harness/instance.ts";
import { addDomain, createAccount, must } from "../harness/must.ts";
import { until } from "../harness/wait.ts";
import { beginSwitch, endOf, optionOf, switchTo } from "./operation.ts";
import { buildSites } from "./site-world.ts";
import { isSame, type Page, type Surprise, type Visit, Visitors, visit } from "./visitor.ts";

const sites = 200;
const rounds = 10;
const facts = ["HTTPS", "REQUEST_SCHEME", "SERVER_PORT", "HTTP_X_FORWARDED_PROTO"];
const script = `<?php echo implode("|", [${facts.map((name) => `$_SERVER["${name}"] ?? "-"`).join(", ")}]);`;
const toHttps =
  "RewriteEngine On\nRewriteCond %{HTTPS} off\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n";

let instance: TestInstance;
let admin: Client;
let visits: readonly Visit[];

beforeAll(async () => {
  instance = await TestInstance.start();
  admin = await instance.admin();
  visits = await buildSites(admin, sites);
}, 300_000);

afterAll(async () => {
  admin?.close();
  await instance?.destroy();
});

/** Everybody who must not run beside the chosen web server. */
async function webDaemons(): Promise<readonly string[]> {
  const { services } = await must(admin.get("system/stats"));
  return (services as { name: string; status: string }[])
    .filter(({ name, status }) => status === "running" && ["nginx", "apache"].includes(name))
    .map(({ name }) => name);
}

describe("two hundred sites of every kind", () => {
  it("are shown what a switch would lose, before anything is changed", async () => {
    const preview = await must(admin.get("system/switch-preview", { key: "web_server", value: "apache" }));
    expect(preview).toMatchObject({ slot: "web", from: "nginx", to: "apache", units: sites, refused: [] });
    const planned = await admin.call("POST", "system/save-option", {
      body: { key: "web_server", value: "apache" },
      query: { dry_run: 1 },
    });
    expect(planned.status).toBe(200);
    expect(await optionOf(admin, "web_server")).toBe("nginx");
    expect(await webDaemons()).toEqual(["nginx"]);
  });

  it(`answer the same while they go to Apache and back ${rounds} times`, async () => {
    const visitors = new Visitors(instance.ports.services, visits);
    const expected = await visitors.learn();
    expect([...new Set([...expected.values()].map(({ status }) => status))].sort()).toEqual([200, 301, 404, 503]);
    const gaps: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const to of ["apache", "nginx"]) {
        const before = visitors.surprises.length;
        visitors.start();
        const { steps } = await switchTo(admin, "web_server", to);
        await visitors.stop();
        gaps.push(gapOf(visitors.surprises.slice(before)));
        expect(steps.find(({ name }) => name === "hand-over")?.message).toMatch(/\d+ ms/);
        expect(await optionOf(admin, "web_server")).toBe(to);
        expect(await webDaemons()).toEqual([to]);
      }
    }
    process.stdout.write(`${visitors.asked} visits, gaps in ms: ${gaps.map((gap) => gap.toFixed(0)).join(" ")}\n`);
    expect(Math.max(...gaps)).toBeLessThan(1000);
    const different = visitors.surprises.filter(({ page }) => page.status !== 0);
    expect([...new Set(different.map(nameOf))]).toEqual([]);
    expect(visitors.asked).toBeGreaterThan(1000);
    for (const [one, page] of expected) expect([one, await visit(instance.ports.services, one)]).toEqual([one, page]);
  }, 600_000);

  it("has nothing left to do, and comes back from a quick return without writing what is the same", async () => {
    expect(await must(admin.get("reconcile/plan"))).toEqual({ plan: [], warnings: [] });
    expect(await must(admin.post("reconcile/run"))).toEqual({ plan: [], failures: [] });
    expect(await must(admin.get("reconcile/drift"))).toEqual([]);
  });
});

function nameOf({ expected, page, visit: { host, path, scheme } }: Surprise): string {
  return `${scheme}://${host}${path} answers ${page.status} instead of ${expected.status}, or another body`;
}

/** How long it took from the first request that nobody answered to the last of one switch. Milliseconds. */
function gapOf(surprises: readonly Surprise[]): number {
  const unanswered = surprises.filter(({ page }) => page.status === 0);
  const [first, last] = [unanswered[0], unanswered.at(-1)];
  return first && last ? last.at - first.at : 0;
}

describe("a site the new server would answer worse", () => {
  let site: { id: number; domain: string };
  let home: string;
  let page: Page;
  const one = (): Visit => ({ scheme: "http", host: site.domain, path: "/" });

  beforeAll(async () => {
    const account = await createAccount(admin, "strange");
    home = account.home_dir;
    site = await addDomain(admin, account, "strange-more.test");
    writeIntoHome(home, "public_html/strange-more.test/index.html", "nginx reads no .htaccess");
    writeIntoHome(home, "public_html/strange-more.test/.htaccess", "Require all denied\n");
    page = await visit(instance.ports.services, one());
    expect(page.status).toBe(200);
  });

  it("brings the switch back by itself, and the sites stay up", async () => {
    const visitors = new Visitors(instance.ports.services, [...visits, one()]);
    await visitors.learn();
    visitors.start();
    const view = await endOf(admin, await beginSwitch(admin, "web_server", "apache"));
    await visitors.stop();
    expect(view).toMatchObject({ state: "undone", error: expect.stringContaining("strange-more.test") });
    expect(visitors.surprises).toEqual([]);
    expect(await optionOf(admin, "web_server")).toBe("nginx");
    expect(await webDaemons()).toEqual(["nginx"]);
  });

  it("is refused in the preview when the new server cannot express it, and hands back when forced", async () => {
    await must(admin.post("domains/save-include", { domain_id: site.id, provider: "apache", content: "Listen 8080" }));
    const preview = await must(admin.get("system/switch-preview", { key: "web_server", value: "apache" }));
    expect(preview.refused).toMatchObject([{ unit: site.domain }]);
    const refused = await admin.post("system/save-option", { key: "web_server", value: "apache" });
    expect(refused).toMatchObject({ status: 422, body: { code: "SWITCH_REFUSED" } });
    const view = await endOf(admin, await beginSwitch(admin, "web_server", "apache", { force: true }));
    expect(view.state).toBe("undone");
    expect(isSame(await visit(instance.ports.services, one()), page)).toBe(true);
    expect(await optionOf(admin, "web_server")).toBe("nginx");
    expect(await must(admin.get("reconcile/plan"))).toEqual({ plan: [], warnings: [] });
  });

  it("is served by Apache alone, through nginx, when it is assigned to it", async () => {
    await must(admin.post("domains/save-include", { domain_id: site.id, provider: "apache", content: "" }));
    await must(admin.post("domains/update", { domain_id: site.id, web_server: "apache" }));
    expect((await visit(instance.ports.services, one())).status).toBe(403);
    expect((await visit(instance.ports.services, { ...one(), scheme: "https" })).status).toBe(403);
    expect([...(await webDaemons())].sort()).toEqual(["apache", "nginx"]);
    await must(admin.post("domains/update", { domain_id: site.id, web_server: null }));
    expect(isSame(await visit(instance.ports.services, one()), page)).toBe(true);
    await until("Apache to end", async () => (await webDaemons()).join() === "nginx");
  });

  it("sends visitors to HTTPS by .htaccess at Apache behind nginx, and no further", async () => {
    writeIntoHome(home, "public_html/strange-more.test/.htaccess", toHttps);
    writeIntoHome(home, "public_html/strange-more.test/facts.php", script);
    await must(admin.post("domains/update", { domain_id: site.id, web_server: "apache" }));
    const sent = await visit(instance.ports.services, { ...one(), path: "/facts.php" });
    expect([sent.status, sent.location]).toEqual([301, `https://${site.domain}/facts.php`]);
    expect(await factsBy("https")).toBe(`on|https|${instance.ports.services + 443}|https`);
  });

  it("knows of HTTPS at nginx behind Apache as well", async () => {
    await must(admin.post("domains/update", { domain_id: site.id, web_server: "nginx" }));
    await switchTo(admin, "web_server", "apache");
    expect([...(await webDaemons())].sort()).toEqual(["apache", "nginx"]);
    expect(await factsBy("http")).toBe(`-|http|${instance.ports.services + 80}|http`);
    expect(await factsBy("https")).toBe(`on|https|${instance.ports.services + 443}|https`);
  });

  async function factsBy(scheme: Visit["scheme"]): Promise<string> {
    return (await visit(instance.ports.services, { ...one(), scheme, path: "/facts.php" })).body;
  }
});
