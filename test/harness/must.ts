import type { Answer, Client } from "./client.ts";

/** The data of an answer that has to be a success; fails with what was answered instead. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export async function must(answer: Promise<Answer>): Promise<any> {
  const { status, text, body } = await answer;
  if (status !== 200) throw new Error(`answered ${status}: ${text}`);
  return body.data;
}

export interface NewAccount {
  readonly id: number;
  readonly username: string;
  readonly home_dir: string;
  readonly php_version: string;
  readonly domains: readonly { readonly id: number; readonly domain: string; readonly document_root: string }[];
}

export const holderPassword = "long enough for a holder";

/** Creates an account `name` with the domain `<name>.test`. */
export function createAccount(admin: Client, username: string, more: object = {}): Promise<NewAccount> {
  const account = { username, domain: `${username}.test`, email: `${username}@example.org`, password: holderPassword };
  return must(admin.post("accounts/create", { ...account, ...more }));
}

/** Adds a domain to an account. */
export function addDomain(admin: Client, account: { readonly id: number }, domain: string, more: object = {}) {
  return must(admin.post("domains/add", { account_id: account.id, domain, type: "addon", ...more }));
}
