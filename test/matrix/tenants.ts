import type { PrincipalKind, Relation } from "../../kernel/access/matrix.ts";
import type { Client } from "../harness/client.ts";
import type { TestInstance } from "../harness/instance.ts";

const password = "a long enough password";

/** The callers of the matrix, and the objects of every relation. */
export interface Tenants {
  readonly callers: Readonly<Record<PrincipalKind, Client>>;
  /** Ids by object type, for a caller of this kind. */
  objectId(type: string, relation: Relation, caller: PrincipalKind): number;
}

/** Ids of what an account has, by object type. */
type Account = Readonly<Record<(typeof objectTypes)[number], number>>;

const objectTypes = ["account", "domain", "certificate", "dns-zone", "dns-record"] as const;

/** Makes two resellers with accounts, a suspended account, tokens and an impersonated session. */
export async function createTenants(instance: TestInstance): Promise<Tenants> {
  const admin = await instance.admin();
  const resellerA = await createReseller(admin, "resellera");
  const resellerB = await createReseller(admin, "resellerb");
  const own = await createAccount(admin, "matrixown", resellerA);
  const sibling = await createAccount(admin, "matrixsib", resellerA);
  const foreign = await createAccount(admin, "matrixfor", resellerB);
  const suspended = await createAccount(admin, "matrixsus", resellerA);
  await must(admin.post("accounts/suspend", { id: suspended.account }));
  const impersonator = await instance.admin();
  await must(impersonator.post("accounts/impersonate", { id: own.account }));
  const callers: Record<PrincipalKind, Client> = {
    anonymous: instance.client(),
    admin,
    user: await login(instance, "matrixown"),
    "suspended-user": await login(instance, "matrixsus"),
    "impersonated-user": impersonator,
    reseller: await login(instance, "resellera"),
    "token-read": await withToken(admin, ["*:read"]),
    "token-all": await withToken(admin, null),
    "token-revoked": await revoked(admin),
  };
  const accounts = { own, sibling, foreign };
  return {
    callers,
    objectId: (type, relation, caller) => {
      if (relation === "missing" || relation === "none") return 999_999;
      const account = relation === "own" && caller === "suspended-user" ? suspended : accounts[relation];
      const id = Object.entries(account).find(([known]) => known === type)?.[1];
      if (id === undefined) throw new Error(`the matrix has no object of type ${type}: add one here`);
      return id;
    },
  };
}

async function must(answer: ReturnType<Client["post"]>) {
  const { status, body, text } = await answer;
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body.data;
}

async function createReseller(admin: Client, username: string): Promise<number> {
  const made = await must(admin.post("resellers/create", { username, email: `${username}@people.test`, password }));
  return made.id;
}

async function createAccount(admin: Client, username: string, resellerId: number): Promise<Account> {
  const body = {
    username,
    domain: `${username}.test`,
    email: `${username}@people.test`,
    password,
    reseller_id: resellerId,
  };
  const made = await must(admin.post("accounts/create", body));
  const [certificate] = await must(admin.get("ssl/list", { account_id: made.id }));
  const [zone] = await must(admin.get("dns/list", { account_id: made.id }));
  const [record] = await must(admin.get("dns/records", { zone_id: zone.id }));
  return {
    account: made.id,
    domain: made.domains[0].id,
    certificate: certificate.id,
    "dns-zone": zone.id,
    "dns-record": record.id,
  };
}

async function login(instance: TestInstance, username: string): Promise<Client> {
  const client = instance.client();
  await must(client.login(username, password));
  return client;
}

async function withToken(admin: Client, scopes: readonly string[] | null): Promise<Client> {
  const made = await must(admin.post("tokens/create", { name: "matrix", ...(scopes ? { scopes } : {}) }));
  const client = admin.other();
  client.token = made.token;
  return client;
}

async function revoked(admin: Client): Promise<Client> {
  const client = await withToken(admin, null);
  const tokens = await must(admin.get("tokens/list"));
  await must(admin.delete("tokens/revoke", { id: Math.max(...tokens.map((token: { id: number }) => token.id)) }));
  return client;
}
