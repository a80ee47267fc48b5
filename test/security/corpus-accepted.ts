import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { filePath } from "../../plugins/certificates/file-path.ts";
import { digestsUnder, writeIntoHome } from "../harness/files.ts";
import { must } from "../harness/must.ts";
import { type Accepted, apply, type Data, type Procedure } from "./accepted.ts";
import { zoneProcedures } from "./corpus-records.ts";
import { besideOf, type CorpusWorld, inputFor, send, tenantPassword } from "./corpus-world.ts";
import { type HostLine, readHosts, readOwnBlocks, readPool } from "./rendered.ts";

const { entries } = Object;

/** The domain that comes, and files of its account besides. */
interface Coming {
  readonly domain: string;
  readonly files?: RegExp;
}

/** Runs a change and says which host records came. Every other line, and every file of something else, stays byte by byte. */
async function newHosts(world: CorpusWorld, { domain, files }: Coming, change: () => Promise<void>) {
  const before = readHosts(world.instance);
  const filesBefore = digestsUnder(`${world.instance.data}/etc`);
  await change();
  const after = readHosts(world.instance);
  const filesAfter = digestsUnder(`${world.instance.data}/etc`);
  for (const [name, { line }] of before) if (after.has(name)) expect(after.get(name)?.line).toBe(line);
  expect([...before.keys()].filter((name) => !after.has(name))).toEqual([]);
  const names = new Set([...Object.keys(filesBefore), ...Object.keys(filesAfter)]);
  const touched = [...names].filter((name) => filesBefore[name] !== filesAfter[name]);
  const isOwn = (name: string) => name === certificateOf(domain) || files?.test(name) === true;
  expect(touched.filter((name) => !/^web-nginx\/(?:hosts\.d|generation\.d)\//.test(name) && !isOwn(name))).toEqual([]);
  expectCertificate(world, domain, [domain]);
  return new Map([...after].filter(([name]) => !before.has(name)));
}

const certificateOf = (name: string) => `certificates/${filePath(name)}`;

/** The certificate that a host line refers to is for exactly these names. */
function expectCertificate(world: CorpusWorld, name: string, names: readonly string[]): void {
  const file = readFileSync(`${world.instance.data}/etc/${certificateOf(name)}`);
  const { subjectAltName } = new X509Certificate(file);
  expect(subjectAltName).toBe(names.map((one) => `DNS:${one}`).join(", "));
}

function expectSite(
  hosts: ReadonlyMap<string, HostLine>,
  name: string,
  site: { key: string; home: string; root: string; user: string },
) {
  expect([...hosts.keys()]).toEqual([name]);
  const { hash, ...record } = hosts.get(name)?.record ?? { hash: "" };
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  const socket = `php/${site.user}-8.2.sock`;
  const { home, key, root: tail } = site;
  expect(record).toEqual({
    action: "site",
    site: key,
    log: key,
    socket,
    home,
    file: certificateOf(key),
    hsts: "",
    tail,
  });
  return `${site.key} ${hash}`;
}

const createAccountDomain: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  let account: Data;
  const username = "sample";
  const pool = /^php\/8\.2\/\d+\/pool\.d\/sample\.conf$/;
  const hosts = await newHosts(world, { domain: canonical, files: pool }, async () => {
    account = await apply(accepted, { username });
  });
  expect(account.domain).toBe(canonical);
  const home = `${world.instance.data}/homes/${username}`;
  const proof = expectSite(hosts, canonical, { key: canonical, home, root: `${home}/public_html`, user: username });
  expect((await world.instance.site(canonical, "/.well-known/patchbay/site")).text).toBe(proof);
  const written = readPool(world.instance, username);
  expect(written.get("section")).toBe(`[${username}]`);
  expect(written.get("php_admin_value[open_basedir]")).toBe(`${home}/`);
  expect([...written.keys()].sort()).toEqual([...readPool(world.instance, "jack2").keys()].sort());
  await must(world.admin.post("accounts/terminate", { id: account.id }));
  expect(readHosts(world.instance).has(canonical)).toBe(false);
};

async function remove(world: CorpusWorld, domainId: number): Promise<void> {
  await must(world.admin.post("domains/remove", { account_id: world.tenant.id, domain_id: domainId }));
}

async function listed(world: CorpusWorld, id: number): Promise<Data> {
  const domains = await must(world.admin.get("domains/list", { account_id: world.tenant.id }));
  return domains.find((domain: { id: number }) => domain.id === id);
}

const addDomain: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  let domain: Data;
  const hosts = await newHosts(world, { domain: canonical }, async () => {
    domain = await apply(accepted);
  });
  const { home, username } = world.tenant;
  const root = `${home}/public_html/${canonical}`;
  expect(await listed(world, domain.id)).toMatchObject({ domain: canonical, document_root: root });
  const proof = expectSite(hosts, canonical, { key: canonical, home, root, user: username });
  expect((await world.instance.site(canonical, "/.well-known/patchbay/site")).text).toBe(proof);
  await remove(world, domain.id);
};

const addAlias: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  const { home, siteId, username } = world.tenant;
  const main = "corpus-tenant.test";
  // The record carries a digest of all names, so the site's own line is another one afterwards.
  const before = readHosts(world.instance);
  await apply(accepted);
  const after = readHosts(world.instance);
  for (const [name, { line }] of before) if (name !== main) expect(after.get(name)?.line).toBe(line);
  const added = new Map([...after].filter(([name]) => !before.has(name)));
  expectSite(added, canonical, { key: main, home, root: `${home}/public_html`, user: username });
  const aliases = await must(world.admin.get("domains/aliases", { domain_id: siteId }));
  expect(aliases.map((alias: { alias: string }) => alias.alias)).toEqual([canonical]);
  expect((await world.instance.site(canonical, "/.well-known/patchbay/site")).status).toBe(200);
  expectCertificate(world, main, [main, canonical]);
  await must(world.admin.post("domains/remove-alias", { domain_id: siteId, alias: canonical }));
  expect(readHosts(world.instance)).toEqual(before);
};

const removeAlias: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  const domain_id = world.tenant.siteId;
  await must(world.admin.post("domains/add-alias", { domain_id, alias: canonical }));
  await apply(accepted);
  expect(readHosts(world.instance).has(canonical)).toBe(false);
};

async function expectRedirect({ world, canonical }: Accepted, name: string, record: HostLine["record"] | undefined) {
  expect(record).toMatchObject({ action: "r301", socket: "", home: "", tail: canonical });
  expect(await world.instance.site(name, "/any?x")).toMatchObject({ status: 301, location: canonical });
}

const addRedirect: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  let domain: Data;
  const hosts = await newHosts(world, { domain: "sample.test" }, async () => {
    domain = await apply(accepted);
  });
  expect([...hosts.keys()]).toEqual(["sample.test"]);
  expect((await listed(world, domain.id)).redirect_to).toBe(canonical);
  await expectRedirect(accepted, "sample.test", hosts.get("sample.test")?.record);
  await remove(world, domain.id);
};

const updateRedirect: Procedure = async (accepted) => {
  await apply(accepted);
  const name = "to.corpus-tenant.test";
  expect((await listed(accepted.world, accepted.world.tenant.redirectId)).redirect_to).toBe(accepted.canonical);
  await expectRedirect(accepted, name, readHosts(accepted.world.instance).get(name)?.record);
};

async function expectRoot({ world, canonical }: Accepted, name: string): Promise<void> {
  const { home } = world.tenant;
  const root = `${home}/${canonical}`;
  expect(readHosts(world.instance).get(name)?.record).toMatchObject({ action: "site", home, tail: root });
  writeIntoHome(home, `${canonical}/index.html`, `served from ${canonical}`);
  expect((await world.instance.site(name)).text).toBe(`served from ${canonical}`);
}

const addWithRoot: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  const domain = await apply(accepted);
  expect(domain.document_root).toBe(`${world.tenant.home}/${canonical}`);
  await expectRoot(accepted, "sample.test");
  await remove(world, domain.id);
};

const updateRoot: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  const domain = await apply(accepted);
  expect(domain.document_root).toBe(`${world.tenant.home}/${canonical}`);
  await expectRoot(accepted, "corpus-tenant.test");
  await must(world.admin.post("domains/update", { domain_id: world.tenant.siteId, document_root: "public_html" }));
};

const saveInclude: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  const domain_id = world.tenant.siteId;
  const own = /^web-nginx\/sites\.d\/[0-9a-f]{2}\/corpus-tenant\.test\.conf$/;
  await must(world.admin.post("domains/save-include", { domain_id, content: "add_header X-Plain y;" }));
  const plain = [...readOwnBlocks(world.instance).values()][0]?.[0]?.block ?? [];
  const before = readHosts(world.instance);
  await apply(accepted);
  const [file, ...more] = entries(Object.fromEntries(readOwnBlocks(world.instance)));
  expect(more).toEqual([]);
  expect(`web-nginx/sites.d/${file?.[0]}`).toMatch(own);
  // One server block, and in it what every site has, then the text, then the pages for answers it has none for.
  expect(file?.[1].map((directive) => directive.words)).toEqual([["server"]]);
  expect(file?.[1][0]?.block?.slice(0, plain.length - 2)).toEqual(plain.slice(0, -2));
  expect(file?.[1][0]?.block?.at(-1)?.words).toEqual(plain.at(-1)?.words);
  expect(file?.[1][0]?.block?.length).toBe(plain.length);
  const stored = await must(world.admin.get("domains/includes", { domain_id }));
  expect(stored).toEqual([{ provider: "nginx", content: canonical }]);
  for (const [name, { line }] of readHosts(world.instance)) {
    if (name !== "corpus-tenant.test") expect(before.get(name)?.line).toBe(line);
  }
  await must(world.admin.post("domains/save-include", { domain_id, content: "" }));
  expect(readOwnBlocks(world.instance).size).toBe(0);
};

/** The password works byte for byte, and not when it is trimmed or cut. */
const passwordOf =
  (username: string): Procedure =>
  async (accepted) => {
    const { world, canonical } = accepted;
    await apply(accepted);
    const client = world.instance.client();
    expect((await client.login(username, canonical)).status).toBe(200);
    for (const near of new Set([canonical.trim(), canonical.slice(0, -1)])) {
      if (near !== canonical) expect((await client.login(username, near)).status).toBe(401);
    }
    expect((await client.login(username, canonical)).status).toBe(200);
    client.close();
    await apply({ ...accepted, value: tenantPassword });
  };

/** Text for people comes back as it was sent. */
const packageName: Procedure = async (accepted) => {
  const { world, canonical, operation } = accepted;
  const made = await apply(accepted, operation.id === "packages.create" ? {} : { id: world.packageId });
  const packages = await must(world.admin.get("packages/list"));
  expect(packages.find((one: { id: number }) => one.id === made.id).name).toBe(canonical);
  if (operation.id === "packages.create") await must(world.admin.delete("packages/delete", { id: made.id }));
};

const tokenName: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  const made = await apply(accepted);
  const tokens = await must(world.admin.get("tokens/list"));
  expect(tokens.find((one: { id: number }) => one.id === made.id).name).toBe(canonical);
  await must(world.admin.delete("tokens/revoke", { id: made.id }));
};

const accountEmail: Procedure = async (accepted) => {
  const { world, canonical } = accepted;
  await apply(accepted);
  expect((await must(world.admin.get("accounts/get", { id: world.tenant.id }))).email).toBe(canonical);
  await apply({ ...accepted, value: "jack@people.test" });
};

const acceptedDryRun: Procedure = async ({ world, operation, field, value, beside }) => {
  const more = field === "new_password" ? { confirm_password: value } : {};
  const caller = operation.id.startsWith("auth.") ? world.reseller : world.admin;
  const input = {
    ...inputFor(world, operation, field),
    ...besideOf(world, operation, beside),
    ...more,
    [field]: value,
  };
  await must(send(caller, operation, input, true));
};

const procedures: Readonly<Record<string, Procedure>> = {
  "accounts.create.domain": createAccountDomain,
  "domains.add.domain": addDomain,
  "domains.add-alias.alias": addAlias,
  "domains.remove-alias.alias": removeAlias,
  "domains.add.redirect_to": addRedirect,
  "domains.update.redirect_to": updateRedirect,
  "domains.add.document_root": addWithRoot,
  "domains.update.document_root": updateRoot,
  "domains.save-include.content": saveInclude,
  "accounts.change-password.password": passwordOf("jack"),
  "resellers.update.password": passwordOf("corpusres"),
  "packages.create.name": packageName,
  "packages.update.name": packageName,
  "tokens.create.name": tokenName,
  "accounts.update.email": accountEmail,
  ...zoneProcedures,
};

/** Sends an accepted value the way that shows most of what became of it. */
export function proveAccepted(accepted: Accepted): Promise<void> {
  return (procedures[`${accepted.operation.id}.${accepted.field}`] ?? acceptedDryRun)(accepted);
}
