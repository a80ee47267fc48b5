import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addPlugin } from "../../sdk/testing/add-plugin.ts";
import type { Client } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";
import { processesUnder } from "../harness/processes.ts";
import { Stranger } from "../packages/stranger.ts";
import { optionOf, switchTo } from "./operation.ts";
import { buildSites } from "./site-world.ts";
import { isSame, type Page, type Surprise, type Visit, Visitors, visit } from "./visitor.ts";

const plugin = "web-lighttpd";
const sites = 60;
const rounds = 2;
/**
 * lighttpd cannot share its ports, so one server ends before the other begins. Apache, which lets end what it has begun, looks
 * once a second whether it has. Milliseconds.
 */
const longestGap = 1000;
const longestGapAfterApache = 2000;

let stranger: Stranger;
let folder: string;
let instance: TestInstance;
let admin: Client;
let visitors: Visitors;
let expected: ReadonlyMap<Visit, Page>;

beforeAll(async () => {
  stranger = await Stranger.arrive();
  folder = await stranger.takeExample(plugin);
  await stranger.must(plugin, "npm", "run", "build");
  instance = await TestInstance.start();
  admin = await instance.admin();
  visitors = new Visitors(instance.ports.services, await buildSites(admin, sites));
  expected = await visitors.learn();
}, 400_000);

afterAll(async () => {
  admin?.close();
  await instance?.destroy();
  stranger?.leave();
});

/** What visitors did not expect while it was done. */
async function surprisesOf(work: () => Promise<unknown>): Promise<readonly Surprise[]> {
  const before = visitors.surprises.length;
  visitors.start();
  try {
    await work();
  } finally {
    await visitors.stop();
  }
  return visitors.surprises.slice(before);
}

/** Switches under visitors, whose pages stay the same. Resolves with how long some of them were not served. Milliseconds. */
async function switched(to: string, unserved: readonly number[] = [0]): Promise<number> {
  const surprises = await surprisesOf(() => switchTo(admin, "web_server", to));
  expect(await optionOf(admin, "web_server")).toBe(to);
  expect(surprises.filter(({ page }) => !unserved.includes(page.status)).map(nameOf)).toEqual([]);
  const unanswered = surprises.map(({ at }) => at);
  return unanswered.length === 0 ? 0 : Math.max(...unanswered) - Math.min(...unanswered);
}

async function expectAllAsBefore(where = ""): Promise<void> {
  const different: string[] = [];
  for (const [one, page] of expected) {
    const now = await visit(instance.ports.services, one);
    if (!isSame(now, page)) different.push(nameOf({ at: 0, visit: one, expected: page, page: now }));
  }
  expect(different, where).toEqual([]);
}

describe("a web server of somebody else, on a live panel with sixty sites of every kind", () => {
  it("is installed, approved and enabled, and no visitor notices", async () => {
    const call = async (method: "GET" | "POST", path: string, input: object) => {
      const { body, status, text } = await admin.call(method, path, { body: input });
      return { status, text, code: body?.code, data: body?.data };
    };
    const add = () => addPlugin(call, { folder, work: stranger.dir, enable: true });
    expect(await surprisesOf(add)).toEqual([]);
    expect(await must(admin.get("plugins/info", { id: plugin }))).toMatchObject({
      state: "active",
      source: "installed",
      isolation: "process",
    });
    const { refused, units } = await must(admin.get("system/switch-preview", { key: "web_server", value: "lighttpd" }));
    // The text of admins for nginx and Apache is lost, which is no reason to refuse a site.
    expect({ refused, units }).toEqual({ refused: [], units: sites });
  });

  it(`is switched to and back ${rounds} times: the same pages, but for a short gap`, async () => {
    const gaps: string[] = [];
    let from = "nginx";
    for (let round = 0; round < rounds; round += 1) {
      for (const to of ["lighttpd", "nginx", "apache", "lighttpd", "apache", "nginx"]) {
        const gap = await switched(to);
        gaps.push(`${from} to ${to} ${gap.toFixed(0)}`);
        expect(gap, gaps.at(-1)).toBeLessThan(from === "apache" ? longestGapAfterApache : longestGap);
        from = to;
      }
    }
    process.stdout.write(`${visitors.asked} visits, gaps in ms: ${gaps.join(", ")}\n`);
    await expectAllAsBefore();
  }, 600_000);

  it("serves single sites behind the others, and goes to the front and back with them", async () => {
    await assignTo("lighttpd");
    await expectAllAsBefore("behind nginx");
    // Whoever has the front cannot reach lighttpd while it is started anew at its side.
    const gaps: number[] = [];
    for (const to of ["lighttpd", "nginx", "apache"]) gaps.push(await switched(to, [0, 502]));
    await expectAllAsBefore("behind Apache");
    process.stdout.write(`with sites that stay, gaps in ms: ${gaps.map((gap) => gap.toFixed(0)).join(" ")}\n`);
    expect(Math.max(...gaps)).toBeLessThan(longestGap);
    await switchTo(admin, "web_server", "nginx");
    await assignTo(null);
  }, 600_000);

  it("is not chosen while a site is assigned to another, whom it cannot ask over TLS", async () => {
    await assignTo("apache");
    const preview = await must(admin.get("system/switch-preview", { key: "web_server", value: "lighttpd" }));
    expect(preview.refused[0]).toMatchObject({ message: "lighttpd cannot pass requests on to another backend." });
    const refused = await admin.post("system/save-option", { key: "web_server", value: "lighttpd" });
    expect(refused).toMatchObject({ status: 422, body: { code: "SWITCH_REFUSED" } });
    await assignTo(null);
    await switchTo(admin, "web_server", "lighttpd");
    const [first] = await domainsOfFirst();
    const moved = await admin.post("domains/update", { domain_id: first?.id, web_server: "nginx" });
    expect(moved.status, moved.text).toBeGreaterThanOrEqual(400);
    await expectAllAsBefore();
  }, 120_000);

  it("cannot be taken away while sites need it", async () => {
    for (const action of ["disable", "remove"])
      expect(await admin.post(`plugins/${action}`, { id: plugin })).toMatchObject({
        status: 409,
        body: { code: "PLUGIN_IN_USE" },
      });
    await expectAllAsBefore();
    await switchTo(admin, "web_server", "nginx");
  }, 120_000);

  it("is disabled and removed, and no visitor notices", async () => {
    const surprises = await surprisesOf(async () => {
      await must(admin.post("plugins/disable", { id: plugin }));
      await must(admin.post("plugins/remove", { id: plugin }));
    });
    expect(surprises).toEqual([]);
    const listed = (await must(admin.get("plugins/list"))) as readonly { readonly id: string }[];
    expect(listed.filter(({ id }) => id === plugin)).toEqual([]);
    for (const path of ["etc", "run", "log", "state", "plugins"])
      expect([path, existsSync(join(instance.data, path, plugin))]).toEqual([path, false]);
    const left = processesUnder(instance.data).filter(({ command }) => /lighttpd|guest\.js/.test(command));
    expect(left).toEqual([]);
    const { status } = await admin.post("system/save-option", { key: "web_server", value: "lighttpd" });
    expect(status).toBeGreaterThanOrEqual(400);
    await expectAllAsBefore();
    expect(await must(admin.get("reconcile/plan"))).toEqual({ plan: [], warnings: [] });
  });
});

const domainsOfFirst = (): Promise<readonly { readonly id: number }[]> =>
  must(admin.get("domains/list", { account_id: 1 }));

/** All sites of the first account to this server, or back to the chosen one. */
async function assignTo(server: string | null): Promise<void> {
  for (const { id } of await domainsOfFirst())
    await must(admin.post("domains/update", { domain_id: id, web_server: server }));
}

function nameOf({ expected, page, visit: { host, path, scheme } }: Surprise): string {
  return `${scheme}://${host}${path} answers ${page.status} instead of ${expected.status}, or another body`;
}
