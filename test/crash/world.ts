import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../harness/client.ts";
import { filesNaming, whoami, writeIntoHome } from "../harness/files.ts";
import type { TestInstance } from "../harness/instance.ts";
import { processesOf } from "../harness/processes.ts";

export interface Subject {
  readonly username: string;
  readonly domain: string;
  readonly extra: string;
}

export interface Account {
  readonly id: number;
  readonly home_dir: string;
  readonly domains: readonly { readonly id: number; readonly domain: string; readonly document_root: string | null }[];
}

/** A state that is neither whole nor gone. */
export class Half extends Error {}

function demand(isSo: unknown, message: string): asserts isSo {
  if (!isSo) throw new Half(message);
}

/** What the world knows of one account: the API, the disk, the web server and the process table must agree. */
export class World {
  readonly #instance: TestInstance;
  readonly #admin: Client;
  readonly #subject: Subject;

  constructor(instance: TestInstance, admin: Client, subject: Subject) {
    this.#instance = instance;
    this.#admin = admin;
    this.#subject = subject;
  }

  async account(): Promise<Account | undefined> {
    const { username } = this.#subject;
    const list = await this.#admin.get("accounts/list", { search: username });
    demand(list.status === 200, `accounts/list answers ${list.status}`);
    const [item] = list.body.data.items as { id: number; username: string }[];
    if (!item) return undefined;
    const detail = await this.#admin.get("accounts/get", { id: item.id });
    demand(detail.status === 200, `the account is listed, but accounts/get answers ${detail.status}: ${detail.text}`);
    return detail.body.data as Account;
  }

  /** Throws Half unless the account is there with everything, or gone with everything. */
  async checkAccount(): Promise<"there" | "gone"> {
    const account = await this.account();
    const { domain, username } = this.#subject;
    if (!account) {
      await this.#isGone([username, domain]);
      return "gone";
    }
    demand(existsSync(account.home_dir), "the account is there, its home is not");
    writeIntoHome(account.home_dir, "public_html/index.php", whoami);
    await this.#serves(domain, account.home_dir);
    return "there";
  }

  /** The same for the domain that was added to an account. */
  async checkExtra(): Promise<"there" | "gone"> {
    const account = await this.account();
    const { extra, domain } = this.#subject;
    demand(account, "the account itself is gone");
    await this.#serves(domain, account.home_dir);
    const added = account.domains.find((one) => one.domain === extra);
    if (!added) {
      const files = filesNaming(join(this.#instance.data, "etc"), [extra]);
      demand(files.length === 0, `the domain is gone, but named in ${files.join(", ")}`);
      const answer = await this.#instance.site(extra);
      demand(answer.status === 404, `the domain is gone, but its site answers ${answer.status}`);
      return "gone";
    }
    demand(
      added.document_root !== null && existsSync(added.document_root),
      "the domain is there, its directory is not",
    );
    writeIntoHome(account.home_dir, `${added.document_root.slice(account.home_dir.length + 1)}/index.php`, whoami);
    await this.#serves(extra, account.home_dir);
    return "there";
  }

  /** Newest archive of the account holds its page. */
  checkArchive(): void {
    const { username } = this.#subject;
    const folder = join(this.#instance.data, "archive");
    const names = readdirSync(folder)
      .filter((name) => name.startsWith(username))
      .sort();
    const newest = names.at(-1);
    demand(newest, "the account is gone and has no archive");
    demand(!names.some((name) => name.endsWith(".part")), `unfinished archives are left: ${names.join(", ")}`);
    const listed = execFileSync("tar", ["-tf", join(folder, newest)], { encoding: "utf8" });
    demand(listed.includes("public_html/index.php"), "the archive does not hold the page of the account");
  }

  /** Nothing is left to do, and doing it changes nothing. */
  async checkQuiet(): Promise<void> {
    const plan = await this.#admin.get("reconcile/plan");
    demand(
      plan.status === 200 && plan.body.data.plan.length === 0,
      `there is something to do: ${plan.text.slice(0, 500)}`,
    );
    const run = await this.#admin.post("reconcile/run");
    const { plan: steps, failures } = run.body?.data ?? {};
    demand(
      run.status === 200 && steps.length + failures.length === 0,
      `a second reconcile did: ${run.text.slice(0, 500)}`,
    );
    const drift = await this.#admin.get("reconcile/drift");
    demand(drift.status === 200 && drift.body.data.length === 0, `there is drift: ${drift.text.slice(0, 500)}`);
  }

  async #serves(host: string, home: string): Promise<void> {
    const answer = await this.#instance.site(host);
    const wanted = `uid=${lstatSync(home).uid}`;
    demand(
      answer.status === 200 && answer.text === wanted,
      `${host} answers ${answer.status} ${answer.text.slice(0, 80)}`,
    );
  }

  async #isGone(words: readonly string[]): Promise<void> {
    const { data } = this.#instance;
    const { domain, username } = this.#subject;
    const files = filesNaming(join(data, "etc"), words);
    demand(files.length === 0, `the account is gone, but named in ${files.join(", ")}`);
    demand(!existsSync(join(data, "homes", username)), "the account is gone, its home is not");
    const sockets = readdirSync(join(data, "run"), { recursive: true }).filter((name) =>
      String(name).includes(username),
    );
    demand(sockets.length === 0, `the account is gone, its socket is not: ${sockets.join(", ")}`);
    const answer = await this.#instance.site(domain);
    demand(answer.status === 404 || answer.status === 0, `the account is gone, but its site answers ${answer.status}`);
  }
}

/** Processes of an account. Only telling where accounts have users of their own. */
export function processesOfAccount(home: string): string[] {
  const { uid } = lstatSync(home);
  return uid === process.getuid?.() ? [] : processesOf(uid).map((entry) => entry.command);
}
