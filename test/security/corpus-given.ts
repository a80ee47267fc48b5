import { spawn } from "node:child_process";
import { existsSync, lstatSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type CorpusItem, corpusItems } from "../corpora/corpus.ts";
import type { Answer, Client } from "../harness/client.ts";
import { must } from "../harness/must.ts";
import { until } from "../harness/wait.ts";
import type { CorpusWorld, ShownRecord } from "./corpus-world.ts";
import { hostileTexts } from "./hostile.ts";
import { corpusRecords } from "./record-cases.ts";

/** One attempt that the corpus says must fail in this state, and what came of it. */
export interface Attempt {
  readonly id: string;
  readonly door: string;
  readonly answer: Answer;
}

/** Every way to take a name: as a tenant, and with a new account. */
function doorsOf(world: CorpusWorld, name: unknown): readonly [door: string, ask: () => Promise<Answer>][] {
  const { reseller, tenant, user } = world;
  const account = { username: "sample", email: "sample@people.test", password: "a long enough password" };
  return [
    ["domains/add", () => user.post("domains/add", { domain: name, type: "addon" })],
    [
      "domains/add as redirect",
      () => user.post("domains/add", { domain: name, type: "redirect", redirect_to: "https://a.test/" }),
    ],
    ["domains/add-alias", () => user.post("domains/add-alias", { domain_id: tenant.siteId, alias: name })],
    ["dns/add-zone", () => user.post("dns/add-zone", { domain: name })],
    ["accounts/create", () => reseller.post("accounts/create", { ...account, domain: name })],
  ];
}

/** The names of `domain_name` that are refused because of what is there: another tenant's names, the server's own. */
export async function tryForeignNames(world: CorpusWorld): Promise<Attempt[]> {
  await world.admin.post("system/save-option", { key: "ns1_hostname", value: "ns1.provider.test" });
  const own: Readonly<Record<string, readonly string[]>> = {
    "panel hostname": ["localhost", world.instance.file.panel.admin.split(/[/:]+/)[1] ?? ""],
    "ns1_hostname setting": ["ns1.provider.test", "NS1.provider.test.", "deep.ns1.provider.test", "provider.test"],
  };
  const items = corpusItems("domain_name").filter((item) => item.given !== undefined || item.substitute !== undefined);
  const attempts: Attempt[] = [];
  for (const item of items) {
    for (const name of item.substitute === undefined ? [item.input] : (own[item.substitute] ?? [])) {
      for (const [door, ask] of doorsOf(world, name)) attempts.push({ id: item.id, door, answer: await ask() });
    }
  }
  await world.admin.post("system/save-option", { key: "ns1_hostname", value: "" });
  return attempts;
}

/** Puts an alias where the corpus wants one: `www` of the tenant's zone. */
export async function withAlias({ tenant, user }: CorpusWorld, work: () => Promise<void>): Promise<void> {
  const www = async (): Promise<ShownRecord[]> =>
    (await must(user.get("dns/records", { zone_id: tenant.zoneId }))).filter(({ name }: ShownRecord) => name === "www");
  const remove = async () => {
    for (const { id } of await www()) await must(user.post("dns/delete-record", { record_id: id }));
  };
  const put = ({ name, type, value }: Pick<ShownRecord, "name" | "type" | "value">) =>
    must(user.post("dns/add-record", { zone_id: tenant.zoneId, name, type, value }));
  const addresses = await www();
  await remove();
  await put({ name: "www", type: "CNAME", value: "elsewhere.example.org" });
  await work();
  await remove();
  for (const address of addresses) await put(address);
}

/** Every record the corpus refuses, as the tenant sends it. The door is the field that is wrong, or `state`. */
export async function tryRecords({ tenant, user }: CorpusWorld): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (const { fault, id, record, verdict } of corpusRecords) {
    if (verdict !== "reject") continue;
    const answer = await user.post("dns/add-record", { zone_id: tenant.zoneId, ...record });
    attempts.push({ id, door: fault, answer });
  }
  return attempts;
}

/** Hostile text in every setting of every plugin, and in a key there is not. The door is the field that must be named. */
export async function trySettings({ admin }: CorpusWorld): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (const plugin of await must(admin.get("plugins/list"))) {
    const { schema } = await must(admin.get("plugins/settings", { id: plugin.id }));
    for (const key of [...Object.keys(schema.properties ?? {}), "no_such_key"]) {
      for (const { id, input } of hostileTexts) {
        // An address is what this one is for; where it leads is for the admin to say.
        if (key === "base_url" && URL.canParse(input) && input.startsWith("http:")) continue;
        const answer = await admin.post("plugins/save-settings", { id: plugin.id, values: { [key]: input } });
        attempts.push({ id: `${plugin.id} ${id}`, door: `values.${key}`, answer });
      }
    }
  }
  return attempts;
}

/** Document roots that lead out of the home through links the tenant made, and another tenant's home. */
export async function tryForeignRoots(world: CorpusWorld): Promise<Attempt[]> {
  const { tenant, user } = world;
  const page = join(tenant.home, "public_html");
  for (const [name, target] of [
    ["link", "/etc"],
    ["shadow", "/etc/shadow"],
    ["victim", `${world.victim.home}/public_html`],
  ] as const) {
    symlinkSync(target, join(page, name));
  }
  const roots: readonly (readonly [string, string])[] = [
    ...corpusItems("file_path")
      .filter(isLinkItem)
      .map((item) => [item.id, String(item.input)] as const),
    ["vhf-024", `${world.victim.home}/public_html`],
    ["vhf-024 below", `${world.victim.home}/public_html/x`],
    ["link to a neighbour", "public_html/victim/x"],
  ];
  const attempts: Attempt[] = [];
  for (const [id, root] of roots) {
    for (const [door, ask] of rootDoors(user, tenant.siteId, root)) attempts.push({ id, door, answer: await ask() });
  }
  for (const name of ["link", "shadow", "victim"]) rmSync(join(page, name));
  return attempts;
}

const isLinkItem = (item: CorpusItem) => item.given?.startsWith("ln -s") === true;

function rootDoors(user: Client, siteId: number, root: string): readonly [string, () => Promise<Answer>][] {
  return [
    ["domains/add", () => user.post("domains/add", { domain: "linked.test", type: "addon", document_root: root })],
    ["domains/update", () => user.post("domains/update", { domain_id: siteId, document_root: root })],
  ];
}

/** Flips a directory and a link to a neighbour's home while sites are added below it. */
const flipper = `
const fs = require("node:fs");
const [page, target, uid] = process.argv.slice(1);
process.setgroups?.([]); process.setgid(Number(uid)); process.setuid(Number(uid));
for (;;) {
  try { fs.mkdirSync(page); } catch {}
  try { fs.rmSync(page, { recursive: true }); fs.symlinkSync(target, page); fs.unlinkSync(page); } catch {}
}`;

/** Adds sites below a directory that its owner keeps turning into a link. Returns what appeared in the target. */
export async function raceForRoot(world: CorpusWorld, rounds: number): Promise<readonly string[]> {
  const race = join(world.tenant.home, "public_html", "race");
  const target = join(world.victim.home, "public_html");
  const { uid } = lstatSync(world.tenant.home);
  const child = spawn(process.execPath, ["-e", flipper, race, target, String(uid)], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await until("the race begins", () => existsSync(race) || child.exitCode !== null);
    for (let round = 0; round < rounds; round += 1) {
      const domain = `race${round}.test`;
      const added = await world.user.post("domains/add", {
        domain,
        type: "addon",
        document_root: `public_html/race/f${round}`,
      });
      if (added.status !== 200) continue;
      await world.user.post("domains/remove", { account_id: world.tenant.id, domain_id: added.body.data.id });
    }
  } finally {
    child.kill("SIGKILL");
    await ended;
    rmSync(race, { recursive: true, force: true });
  }
  return Array.from({ length: rounds }, (_, at) => join(target, `f${at}`)).filter((path) => existsSync(path));
}
