import { join } from "node:path";
import {
  type PrivilegedInput,
  type PrivilegedOp,
  type PrivilegedOutput,
  privilegedOps,
} from "@patchbay/sdk/privileged";
import * as v from "valibot";
import type { Accounts } from "./accounts.ts";
import type { Apply } from "./apply.ts";
import { digestPaths, readTree, TreeDigests } from "./digest.ts";
import type { EpochFence } from "./epoch.ts";
import { HelperError, toHelperError } from "./errors.ts";
import { fetchFastcgi } from "./fastcgi.ts";
import type { Grants } from "./grants.ts";
import type { Packages } from "./packages.ts";
import type { Admission } from "./plugin-admit.ts";
import { PluginProcesses, type PluginProcessOptions } from "./plugin-process.ts";
import type { Serial } from "./serial.ts";
import type { StateFiles } from "./state-files.ts";
import type { Supervisor } from "./supervisor.ts";

interface OperationParts {
  readonly grants: Grants;
  readonly apply: Apply;
  readonly supervisor: Supervisor;
  readonly accounts: Accounts;
  readonly stateFiles: StateFiles;
  readonly packages: Packages;
  readonly admission: Admission;
  readonly fence: EpochFence;
  readonly serial: Serial;
  readonly runDir: string;
  readonly guests: PluginProcessOptions;
  /** What a hello is answered with. */
  readonly facts: PrivilegedOutput<"hello">;
}

interface Operation<K extends PrivilegedOp> {
  run(input: PrivilegedInput<K>): Promise<PrivilegedOutput<K>>;
  /** Calls with the same key do not overlap; without one they may. */
  serialised?(input: PrivilegedInput<K>): string;
}

type Table = { readonly [K in Exclude<PrivilegedOp, "hello">]: Operation<K> };

/** Everything one kernel can ask for: the table, behind the schemas and the fence. One for each connection. */
export class Session {
  readonly #parts: OperationParts;
  readonly #table: Table;
  readonly #guests: PluginProcesses;
  #epoch: number | undefined;

  constructor(parts: OperationParts, onReady: () => void) {
    this.#parts = parts;
    this.#guests = new PluginProcesses(parts.guests);
    this.#table = { ...createTable(parts, onReady), ...guestTable(parts, this.#guests) };
  }

  /** The line is gone: the processes of plugins end with the kernel they belong to. */
  end(): void {
    this.#guests.endAll();
  }

  /** Never rejects. */
  async handle(op: string, input: unknown): Promise<{ ok: unknown } | { error: HelperError }> {
    try {
      return { ok: op === "hello" ? this.#hello(input) : await this.#run(op, input) };
    } catch (error) {
      return { error: toHelperError(error) };
    }
  }

  #hello(input: unknown): PrivilegedOutput<"hello"> {
    const { epoch } = parseInput("hello", input);
    this.#parts.fence.admit(epoch);
    this.#epoch = epoch;
    return this.#parts.facts;
  }

  async #run(op: string, input: unknown): Promise<unknown> {
    if (!isListed(op)) throw new HelperError("terminal", "there is no such operation");
    const entry = this.#table[op] as Operation<typeof op>;
    const parsed = parseInput(op, input) as never;
    const work = () => {
      // Asked again when its turn comes: a later kernel may have said hello meanwhile.
      if (this.#epoch === undefined) throw new HelperError("terminal", "say hello first");
      this.#parts.fence.assertCurrent(this.#epoch);
      return entry.run(parsed);
    };
    const key = entry.serialised?.(parsed);
    return key === undefined ? await work() : await this.#parts.serial.run(key, async () => work());
  }
}

function isListed(op: string): op is keyof Table {
  return op !== "hello" && Object.hasOwn(privilegedOps, op);
}

function parseInput<K extends PrivilegedOp>(op: K, input: unknown): PrivilegedInput<K> {
  const parsed = v.safeParse(privilegedOps[op].input, input);
  if (parsed.success) return parsed.output as PrivilegedInput<K>;
  const field = v.getDotPath(parsed.issues[0]);
  throw new HelperError("terminal", `the input of ${op} is not valid${field === null ? "" : ` at ${field}`}`);
}

function createTable(parts: OperationParts, onReady: () => void): Omit<Table, GuestOp> {
  const { grants, apply, supervisor, runDir } = parts;
  const trees = () => "apply";
  const digests = new TreeDigests();
  return {
    ...workTable(parts),
    ready: {
      run: async () => {
        onReady();
        return {};
      },
    },
    "apply.stage": { run: (input) => apply.stage(input), serialised: trees },
    "apply.test": { run: (input) => apply.test(input), serialised: trees },
    "apply.swap": { run: (input) => apply.swap(input), serialised: trees },
    "apply.activate": { run: (input) => apply.activate(input), serialised: trees },
    "apply.commit": { run: (input) => apply.commit(input), serialised: trees },
    "apply.rollback": { run: (input) => apply.rollback(input), serialised: trees },
    "apply.recover": { run: () => apply.recover(), serialised: trees },
    "tree.digest": {
      run: async ({ plugin, paths }) => {
        const tree = grants.tree(plugin);
        return { digests: paths === undefined ? await digests.of(tree) : await digestPaths(tree, paths) };
      },
    },
    "tree.read": { run: async ({ plugin, path }) => ({ content: await readTree(grants.tree(plugin), path) }) },
    "service.list": { run: async () => ({ services: supervisor.list() }) },
    "service.act": { run: ({ action, ...name }) => actOn(supervisor, action, name) },
    "service.drained": { run: async (name) => ({ drained: await supervisor.drained(name) }) },
    "probe.fastcgi": {
      run: async ({ socket, path }) => ({ body: await fetchFastcgi(socketPath(runDir, socket), path) }),
    },
  };
}

/** Waits for a change of the trees that is under way: its plugin must not lose its directories meanwhile. */
type GuestOp = Extract<keyof Table, `plugin.${string}`>;

/** Which plugins there are, and their processes, which belong to one kernel alone. */
function guestTable({ admission, supervisor }: OperationParts, guests: PluginProcesses): Pick<Table, GuestOp> {
  const trees = () => "apply";
  return {
    "plugin.admit": { run: (input) => admission.admit(input, supervisor), serialised: trees },
    "plugin.forget": {
      run: ({ id }) => admission.forget(id, supervisor, () => guests.forget(id)),
      serialised: trees,
    },
    "plugin.start": { run: (input) => guests.start(input), serialised: ({ id }) => `guest ${id}` },
    "plugin.stop": { run: (input) => guests.stop(input) },
    "plugin.wait": { run: (input) => guests.wait(input) },
  };
}

type WorkOp = Extract<keyof Table, `${"account" | "archive" | "state" | "package"}.${string}`>;

/** What is done outside of the configuration trees. */
function workTable({ accounts, stateFiles, packages }: OperationParts): Pick<Table, WorkOp> {
  const account = ({ username }: { username: string }) => `account ${username}`;
  const state = ({ plugin }: { plugin: string }) => `state ${plugin}`;
  return {
    "account.ensure": { run: (input) => accounts.ensure(input), serialised: account },
    "account.remove": { run: (input) => accounts.remove(input), serialised: account },
    "account.matches": { run: (input) => accounts.matches(input), serialised: account },
    "account.make-directory": {
      run: (input) => accounts.makeDirectory(input),
      serialised: (input) => account(input.account),
    },
    "account.usage": { run: (input) => accounts.usage(input), serialised: account },
    "archive.prune": { run: (input) => accounts.prune(input) },
    "state.seed": { run: (input) => stateFiles.seed(input), serialised: state },
    "state.remove": { run: (input) => stateFiles.remove(input), serialised: state },
    "package.install": { run: (input) => packages.install(input), serialised: () => "packages" },
    "package.versions": { run: (input) => packages.versions(input) },
  };
}

async function actOn(
  supervisor: Supervisor,
  action: PrivilegedInput<"service.act">["action"],
  name: Omit<PrivilegedInput<"service.act">, "action">,
): Promise<PrivilegedOutput<"service.act">> {
  if (action === "start") await supervisor.start(name);
  else if (action === "stop") await supervisor.stop(name);
  else await supervisor.restart(name);
  return { state: supervisor.isRunning(name) ? "running" : "stopped" };
}

// The schema lets dots through, and two of them are a directory.
function socketPath(runDir: string, socket: string): string {
  const [plugin = "", file = ""] = socket.split("/");
  if (plugin.startsWith(".")) throw new HelperError("terminal", "the socket is not below the run directory");
  return join(runDir, plugin, file);
}
