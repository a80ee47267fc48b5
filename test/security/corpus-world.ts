import type { Answer, Client } from "../harness/client.ts";
import type { TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";
import { transferKeyOf } from "../harness/zone-transfer.ts";
import { sampleInput } from "../matrix/inputs.ts";
import type { DescribedOperation } from "../matrix/operations.ts";

export const tenantPassword = "a long enough password";

/** The domain of the tenant, and its zone. */
export const tenantZone = "corpus-tenant.test";

/** One tenant with a site, a redirect and a zone of its own. */
export interface Tenant {
  readonly id: number;
  readonly username: string;
  readonly home: string;
  readonly siteId: number;
  readonly redirectId: number;
  readonly zoneId: number;
  readonly certificateId: number;
}

/** A record as the panel shows it. */
export interface ShownRecord {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly ttl: number;
  readonly priority: number | null;
}

/** What the corpus is sent to: two tenants side by side, and callers of every kind. */
export interface CorpusWorld {
  readonly instance: TestInstance;
  readonly admin: Client;
  /** Whose fields the items are sent to. */
  readonly tenant: Tenant;
  /** Holds `victim.test`. Nothing of it may ever change. */
  readonly victim: Tenant;
  /** Logged in as the tenant. */
  readonly user: Client;
  readonly reseller: Client;
  readonly resellerId: number;
  /** A reseller whose passwords are guessed until its login is locked. */
  readonly guessed: Client;
  readonly packageId: number;
  /** One record of each type in the tenant's zone, to be changed. */
  readonly records: ReadonlyMap<string, ShownRecord>;
  /** Of the name server, as `dig -y` takes it. */
  readonly transferKey: string;
}

/** Makes the tenants and callers. */
export async function createWorld(instance: TestInstance): Promise<CorpusWorld> {
  const admin = await instance.admin();
  const reseller = await createReseller(instance, admin, "corpusres");
  const guessed = await createReseller(instance, admin, "guessedres");
  const limits = { disk_mb: 0, max_email: 0, max_databases: 0, max_ftp: 0, max_domains: 0, max_subdomains: 0 };
  const { id: packageId } = await must(admin.post("packages/create", { name: "corpus", ...limits }));
  const tenant = await createTenant(admin, "jack", tenantZone);
  const victim = await createTenant(admin, "jack2", "victim.test");
  const user = instance.client();
  await must(user.login("jack", tenantPassword));
  return {
    instance,
    admin,
    tenant,
    victim,
    user,
    packageId,
    records: await createRecords(admin, tenant.zoneId),
    transferKey: await transferKeyOf(admin),
    reseller: reseller.client,
    resellerId: reseller.id,
    guessed: guessed.client,
  };
}

async function createReseller(instance: TestInstance, admin: Client, username: string) {
  const email = `${username}@people.test`;
  const { id } = await must(admin.post("resellers/create", { username, email, password: tenantPassword }));
  const client = instance.client();
  await must(client.login(username, tenantPassword));
  return { id: id as number, client };
}

async function createTenant(admin: Client, username: string, domain: string): Promise<Tenant> {
  const email = `${username}@people.test`;
  const account = await must(admin.post("accounts/create", { username, domain, email, password: tenantPassword }));
  const redirect = { account_id: account.id, domain: `to.${domain}`, type: "redirect", redirect_to: "https://a.test/" };
  const { id: redirectId } = await must(admin.post("domains/add", redirect));
  const [certificate] = await must(admin.get("ssl/list", { account_id: account.id }));
  const zones = await must(admin.get("dns/list", { account_id: account.id }));
  return {
    id: account.id,
    username,
    home: account.home_dir,
    siteId: account.domains[0].id,
    redirectId,
    zoneId: zones.find((zone: { domain: string }) => zone.domain === domain).id,
    certificateId: certificate.id,
  };
}

/** Something to change of each type. The template's MX goes: a null MX stands alone. */
async function createRecords(admin: Client, zoneId: number): Promise<ReadonlyMap<string, ShownRecord>> {
  const template: readonly ShownRecord[] = await must(admin.get("dns/records", { zone_id: zoneId }));
  for (const { id, type } of template)
    if (type === "MX") await must(admin.post("dns/delete-record", { record_id: id }));
  const values = {
    A: "192.0.2.30",
    AAAA: "2001:db8::30",
    CNAME: "elsewhere.example.org",
    MX: "10 mx.example.org",
    TXT: "to be changed",
    NS: "ns.example.org",
    SRV: "1 2 3 sip.example.org",
    CAA: '0 issue "ca.example.org"',
    PTR: "host.example.org",
  };
  const records = new Map<string, ShownRecord>();
  for (const [type, value] of Object.entries(values)) {
    const record = { zone_id: zoneId, type, name: `keep-${type.toLowerCase()}`, value };
    records.set(type, await must(admin.post("dns/add-record", record)));
  }
  return records;
}

/** Who sends the items: an admin, and where passwords are guessed somebody who may be locked out. */
export function callerOf(world: CorpusWorld, operation: DescribedOperation, field: string): Client {
  if (operation.id === "auth.login") return world.instance.client();
  const asksPassword = "password" in operation.fields || "current_password" in operation.fields || "code" === field;
  if (!operation.id.startsWith("auth.") || !asksPassword) return world.admin;
  return field === "new_password" || field === "confirm_password" ? world.reseller : world.guessed;
}

/** A well-formed input for every other field of the operation, so that only `field` can be what is refused. */
export function inputFor(world: CorpusWorld, operation: DescribedOperation, field: string): Record<string, unknown> {
  const onRedirect = operation.id === "domains.update" && field === "redirect_to";
  const byType: Readonly<Record<string, number>> = {
    account: world.tenant.id,
    domain: onRedirect ? world.tenant.redirectId : world.tenant.siteId,
    certificate: world.tenant.certificateId,
    "dns-zone": world.tenant.zoneId,
    "dns-record": world.records.get("A")?.id ?? 0,
  };
  return {
    ...sampleInput(operation, byType[operation.access.object?.type ?? ""] ?? 0),
    ...fixed(world, operation, field),
  };
}

/** The fields a value was written down with. A record that is changed keeps its type, so that it is one of that type. */
export function besideOf(
  world: CorpusWorld,
  { id }: DescribedOperation,
  beside: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  if (id !== "dns.update-record") return beside;
  const { type, ...fields } = beside;
  const record = world.records.get(String(type));
  return record ? { ...fields, record_id: record.id } : fields;
}

function fixed(world: CorpusWorld, { id }: DescribedOperation, field: string): Record<string, unknown> {
  if (id === "resellers.update") return { id: world.resellerId };
  if (id === "packages.update") return { id: world.packageId };
  if (id === "accounts.create" || id === "resellers.create") {
    const username = "sample";
    return { username, email: "sample@people.test", ...(id === "accounts.create" ? { domain: "sample.test" } : {}) };
  }
  if (id === "domains.add") {
    return { domain: "sample.test", ...(field === "redirect_to" ? { type: "redirect" } : { type: "addon" }) };
  }
  if (id === "ssl.upload") return { domain: tenantZone };
  if (id === "auth.change-password") return { current_password: tenantPassword };
  return {};
}

/** Whose password an operation sets. */
export function loginOf(operation: DescribedOperation): string {
  const names: Readonly<Record<string, string>> = {
    "accounts.change-password": "jack",
    "resellers.update": "corpusres",
    "auth.change-password": "corpusres",
  };
  return names[operation.id] ?? "sample";
}

/** Sends one value in one field; the way of the operation's method. */
export function send(
  client: Client,
  operation: DescribedOperation,
  input: Readonly<Record<string, unknown>>,
  dryRun = false,
): Promise<Answer> {
  if (operation.method === "GET") return client.call("GET", operation.path, { query: input as Record<string, string> });
  return client.call(operation.method, operation.path, { body: input, ...(dryRun ? { query: { dry_run: 1 } } : {}) });
}
