import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { ApiAnswer } from "../conformance/panel.ts";
import { askSite, type SiteAnswer } from "../conformance/site-request.ts";
import { addPlugin } from "./add-plugin.ts";
import { type ClientAnswer, PanelCaller } from "./client.ts";
import type { Ended } from "./ended.ts";
import { findKernel } from "./find-kernel.ts";
import { adminPassword, PanelProcess } from "./panel-process.ts";
import { freePorts } from "./ports.ts";

/** What a test wants of its panel. */
export interface PanelOptions {
  /** Folders of plugins to install, each with its package.json and what was built. Installed in this order. */
  readonly plugins?: readonly string[];
  /** False: they are installed and approved, and not enabled. */
  readonly enable?: boolean;
  /** More variables of the panel's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** More flags of `patchbay up`. */
  readonly flags?: readonly string[];
  /** Folder of the panel to run. When not given, the package `@patchbay/kernel` found from the working directory. */
  readonly kernel?: string;
  /** Directory of the instance, which must not exist. Below a temporary one when not given. Never removed. */
  readonly data?: string;
}

/** One method of HTTP that operations use. */
export type CallMethod = "GET" | "POST" | "DELETE";

/** What an operation is called with. */
export type CallInput = Readonly<Record<string, unknown>>;

/** Somebody who calls operations. */
export interface Caller {
  /** Calls `domains/add`: GET with the input as query, others with a JSON body. */
  call(method: CallMethod, path: string, input?: CallInput): Promise<ApiAnswer>;
}

/** A real panel that runs in a directory of its own. */
export interface TestPanel extends Caller {
  /** Directory of the instance. */
  readonly data: string;
  /** First port of the daemons: HTTP answers on it + 80, HTTPS + 443, DNS + 53. */
  readonly servicesPort: number;
  /** Ids of the plugins that were installed. */
  readonly plugins: readonly string[];
  /** The end of what the panel logged. */
  readonly output: string;
  /** Somebody else than the admin. Rejects when the panel refuses the login. */
  login(username: string, password: string): Promise<Caller>;
  /** Asks the web server of the panel for a page of a host, over HTTP. Status 0: nobody answered. */
  site(host: string, path?: string): Promise<SiteAnswer>;
  /** Runs `patchbay` with these words for this panel. */
  cli(...words: readonly string[]): Promise<Ended>;
  /** Stops everything and removes what was written. Rejects when a process is left. */
  stop(): Promise<void>;
}

/**
 * Starts a real panel in a temporary directory with plugins installed, approved and enabled: the one an admin runs, with its
 * privileged helper and real daemons. It takes about two seconds. As root every account is a user of its own.
 *
 * @example
 * const panel = await startPanel({ plugins: [import.meta.dirname] });
 * const { data } = await panel.call("GET", "plugins/list");
 * await panel.stop();
 */
export async function startPanel(options: PanelOptions = {}): Promise<TestPanel> {
  const dir = mkdtempSync(join(tmpdir(), "patchbay-test-"));
  // The panel, its daemons and the accounts may run as other users, who must get there.
  chmodSync(dir, 0o755);
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  try {
    const running = new PanelProcess({
      root: options.kernel ?? findKernel(process.cwd()),
      dir,
      data: options.data ?? join(dir, "var"),
      ports: await freePorts(),
      env: options.env,
      flags: options.flags,
    });
    return await open(running, options, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

async function open(running: PanelProcess, options: PanelOptions, remove: () => void): Promise<TestPanel> {
  const admin = new PanelCaller(running.ports.panel + 2);
  const plugins: string[] = [];
  try {
    await running.up();
    await logIn(admin, "admin", adminPassword);
    for (const folder of options.plugins ?? []) {
      const place = { folder: resolve(folder), work: running.dir, enable: options.enable ?? true };
      plugins.push(await addPlugin((method, path, input) => callWith(admin, method, path, input), place));
    }
  } catch (error) {
    admin.close();
    await running.end();
    throw error;
  }
  return toPanel(running, { admin, plugins, remove });
}

interface Opened {
  readonly admin: PanelCaller;
  readonly plugins: readonly string[];
  readonly remove: () => void;
}

function toPanel(running: PanelProcess, { admin, plugins, remove }: Opened): TestPanel {
  const callers = [admin];
  return {
    data: running.data,
    servicesPort: running.ports.services,
    plugins,
    get output() {
      return running.output;
    },
    call: (method, path, input) => callWith(admin, method, path, input),
    login: async (username, password) => {
      const caller = new PanelCaller(running.ports.panel + 2);
      callers.push(caller);
      await logIn(caller, username, password);
      return { call: (method, path, input) => callWith(caller, method, path, input) };
    },
    site: (host, path = "/") => askSite({ address: "127.0.0.1", port: running.ports.services + 80 }, { host, path }),
    cli: (...words) => running.cli(...words),
    stop: async () => {
      for (const caller of callers) caller.close();
      await running.end().finally(remove);
    },
  };
}

async function logIn(caller: PanelCaller, username: string, password: string): Promise<void> {
  const { status, text } = await caller.login(username, password);
  if (status !== 200) throw new Error(`${username} cannot log in: ${text}`);
}

async function callWith(
  caller: PanelCaller,
  method: CallMethod,
  path: string,
  input: CallInput = {},
): Promise<ApiAnswer> {
  const query = Object.fromEntries(Object.entries(input).map(([key, value]) => [key, String(value)]));
  const answer = await caller.call(method, path, method === "GET" ? { query } : { body: input });
  return toApiAnswer(answer);
}

function toApiAnswer({ body, status, text }: ClientAnswer): ApiAnswer {
  const { code, data } = (body ?? {}) as { readonly code?: string; readonly data?: unknown };
  return { status, code, data, text };
}
