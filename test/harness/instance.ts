import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InstanceFile } from "../../kernel/helper/entry.ts";
import { adminPassword, type Environment, PanelProcess, type ProcessOptions } from "../../sdk/testing/panel-process.ts";
import { checkout, copyCheckout } from "./checkout.ts";
import { Client } from "./client.ts";
import { freePorts } from "./ports.ts";
import { fetchSite, type SiteAnswer } from "./site.ts";

export type { Ended } from "../../sdk/testing/ended.ts";
export { adminPassword, type Environment } from "../../sdk/testing/panel-process.ts";

export interface InstanceOptions {
  /** Ordinary user to run as; the tests' own when not given. Needs root. */
  readonly uid?: number;
  readonly env?: Environment;
  readonly flags?: readonly string[];
  /** Directory of the instance; one of its own below the temporary directory when not given. Never removed. */
  readonly data?: string;
  /** Changes a copy of the checkout before it is run. */
  readonly alter?: (checkout: string) => void;
}

/** A real panel of the checkout: the built one, as `patchbay up` runs it. */
export class TestInstance extends PanelProcess<InstanceFile> {
  /** Starts an instance and waits until it is ready. */
  static async start(options: InstanceOptions = {}): Promise<TestInstance> {
    const instance = await TestInstance.prepare(options);
    await instance.up();
    return instance;
  }

  /** The directory and the ports of an instance that does not run yet. */
  static async prepare({ alter, data, ...options }: InstanceOptions = {}): Promise<TestInstance> {
    const dir = mkdtempSync(join(tmpdir(), "patchbay-e2e-"));
    // The kernel, the web server and the accounts run as other users, who must get there.
    chmodSync(dir, 0o755);
    if (options.uid !== undefined) chownSync(dir, options.uid, options.uid);
    const place = { ...options, dir, data: data ?? join(dir, "var"), ports: await freePorts() };
    return new TestInstance({ ...place, ...chosenCheckout(dir, options.uid !== undefined, alter) });
  }

  /** Pid of the kernel, read from the helper's children. */
  kernelPid(): number {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8").trim().split(" ");
    for (const pid of children.filter(Boolean)) {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("dist/kernel/main.js")) return Number(pid);
    }
    throw new Error("no kernel runs");
  }

  /** A caller on the admin port. */
  client(): Client {
    return new Client(this.ports.panel + 2);
  }

  async admin(): Promise<Client> {
    const client = this.client();
    const answer = await client.login("admin", adminPassword);
    if (answer.status !== 200) throw new Error(`the admin cannot log in: ${answer.text}\n${this.output}`);
    return client;
  }

  /** Asks the web server of the instance for a page of a host. */
  site(host: string, path = "/"): Promise<SiteAnswer> {
    return fetchSite(this.ports.services + 80, host, path);
  }

  /** Stops what runs, removes what was written. Throws when a process is left behind. */
  async destroy(): Promise<void> {
    await this.end().finally(() => rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 }));
  }
}

/** Other users cannot read everybody's checkout, and a changed one must be a copy. */
function chosenCheckout(
  dir: string,
  isForOthers: boolean,
  alter: InstanceOptions["alter"],
): Pick<ProcessOptions, "root" | "runner"> {
  if (!isForOthers && alter === undefined) return { root: checkout };
  const root = copyCheckout(join(dir, "checkout"));
  alter?.(root);
  return { root, runner: join(root, "run.mjs") };
}
