import type { Answer, Client } from "../harness/client.ts";
import type { TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";
import { sampleInput } from "../matrix/inputs.ts";
import type { DescribedOperation } from "../matrix/operations.ts";

export const tenantPassword = "a long enough password";

/** One tenant with a site and a redirect of its own. */
export interface Tenant {
  readonly id: number;
  readonly username: string;
  readonly home: string;
  readonly siteId: number;
  readonly redirectId: number;
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
}

/** Makes the tenants and callers. */
export async function createWorld(instance: TestInstance): Promise<CorpusWorld> {
  const admin = await instance.admin();
  const reseller = await createReseller(instance, admin, "corpusres");
  const guessed = await createReseller(instance, admin, "guessedres");
  const limits = { disk_mb: 0, max_email: 0, max_databases: 0, max_ftp: 0, max_domains: 0, max_subdomains: 0 };
  const { id: packageId } = await must(admin.post("packages/create", { name: "corpus", ...limits }));
  const tenant = await createTenant(admin, "jack", "corpus-tenant.test");
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
  return { id: account.id, username, home: account.home_dir, siteId: account.domains[0].id, redirectId };
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
  };
  return {
    ...sampleInput(operation, byType[operation.access.object?.type ?? ""] ?? 0),
    ...fixed(world, operation, field),
  };
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
