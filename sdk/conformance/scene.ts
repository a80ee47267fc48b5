import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { ApiAnswer, PanelUnderTest } from "./panel.ts";
import { askSite, type SiteAnswer, type SiteRequest, Watch } from "./site-request.ts";
import { filesNaming, readTouches, readTree } from "./tree.ts";

export interface SceneAccount {
  readonly id: number;
  readonly username: string;
  readonly home_dir: string;
  readonly domains: readonly SceneDomain[];
}

export interface SceneDomain {
  readonly id: number;
  readonly domain: string;
  readonly document_root: string;
  readonly redirect_to: string | null;
}

interface Drift {
  readonly id: string;
  readonly plugin: string;
  readonly target: string;
  readonly kind: string;
  readonly diff: string;
}

/** A panel under test, with the few things every step does to it. */
export class Scene {
  readonly panel: PanelUnderTest;

  constructor(panel: PanelUnderTest) {
    this.panel = panel;
  }

  post(path: string, input: Readonly<Record<string, unknown>> = {}): Promise<ApiAnswer> {
    return this.panel.call("POST", path, input);
  }

  /** The data of a change that has to be a success. */
  async change<T = unknown>(path: string, input: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return succeeded(path, await this.post(path, input)) as T;
  }

  async look<T = unknown>(path: string, input: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return succeeded(path, await this.panel.call("GET", path, input)) as T;
  }

  /** An account with the main domain `<username>.test`. */
  createAccount(username: string, more: Readonly<Record<string, unknown>> = {}): Promise<SceneAccount> {
    const login = { username, email: `${username}@example.org`, password: "long enough for a holder" };
    return this.change("accounts/create", { ...login, domain: `${username}.test`, ...more });
  }

  addDomain({ id }: SceneAccount, domain: string, more: Readonly<Record<string, unknown>> = {}): Promise<SceneDomain> {
    return this.change("domains/add", { account_id: id, domain, type: "addon", ...more });
  }

  removeDomain({ id: account_id }: SceneAccount, { id: domain_id }: SceneDomain): Promise<unknown> {
    return this.change("domains/remove", { account_id, domain_id });
  }

  /** Writes a file below the main document root, or another directory of the home. */
  write(account: SceneAccount, path: string, content: string | Buffer, root = "public_html"): void {
    this.panel.writeFile(account.home_dir, `${root}/${path}`, content);
  }

  get(host: string, path = "/", more: Partial<SiteRequest> = {}): Promise<SiteAnswer> {
    return askSite(this.panel.http, { host, path, ...more });
  }

  /** Runs `work` while a page is asked 50 times a second on new connections. Every answer must be good. */
  async whileAnswering<T>(
    { host, path, text }: { readonly host: string; readonly path: string; readonly text: string },
    work: () => Promise<T>,
  ): Promise<T> {
    const watch = new Watch(
      () => this.get(host, path),
      (answer) => answer.status === 200 && answer.text === text,
    );
    try {
      return await work();
    } finally {
      await watch.stop();
      expect(watch.failures, `${host}${path} while something changed`).toEqual([]);
      expect(watch.asked).toBeGreaterThan(0);
    }
  }

  /** Runs `work`, after which every configuration file of every daemon is byte for byte what it was. */
  async leavesFiles<T>(work: () => Promise<T>): Promise<T> {
    const before = readTree(this.panel.paths.etc);
    const result = await work();
    expect(readTree(this.panel.paths.etc), "the configuration trees").toEqual(before);
    return result;
  }

  /** The world is as it should be, and asking for that again writes nothing, tells no daemon, and reports nothing. */
  async isSettled(): Promise<void> {
    const files = readTouches(this.panel.paths.etc);
    const applies = await this.panel.applies();
    expect(await this.look("reconcile/plan"), "a plan after the step").toEqual({ plan: [], warnings: [] });
    expect(await this.change("reconcile/run"), "a second run").toEqual({ plan: [], failures: [] });
    expect(await this.drift(), "drift after the step").toEqual([]);
    expect(readTouches(this.panel.paths.etc), "files written by a second run").toEqual(files);
    expect(await this.panel.applies(), "applies of a second run").toBe(applies);
  }

  drift(): Promise<readonly Drift[]> {
    return this.look("reconcile/drift");
  }

  /** The first file of a plugin's tree that speaks of a word: where it is and what is in it. */
  fileNaming(plugin: string, word: string): { readonly path: string; readonly text: string } {
    const [path] = filesNaming(join(realpathSync(this.panel.paths.etc), plugin), [word]);
    if (path === undefined) throw new Error(`no file of ${plugin} speaks of ${word}`);
    return { path, text: readFileSync(path, "utf8") };
  }
}

/** The data of a success; fails with what was answered instead. */
function succeeded(path: string, { status, data, text }: ApiAnswer): unknown {
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  return data;
}

/** A backend that cannot do something says so before anything is changed: 422, or 409. */
export function expectRefusal({ status, text }: ApiAnswer): void {
  expect([409, 422], `answered ${status}: ${text}`).toContain(status);
}
