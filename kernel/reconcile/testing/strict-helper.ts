/** The helper's side of the contract on real files, without daemons: it refuses whatever the real one would refuse. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type Probe, ProviderError, type SidePorts } from "@patchbay/sdk";
import { type PrivilegedInput, type PrivilegedOp, privilegedOps, type ServiceName } from "@patchbay/sdk/privileged";
import * as v from "valibot";
import type { HelperClient } from "../../host/types.ts";

type Tree = Map<string, string>;

interface Transaction {
  readonly staged: Map<string, string | null>;
  backup: Map<string, string | null> | undefined;
  runningBefore: Map<string, Tree> | undefined;
}

export class StrictHelper implements HelperClient {
  readonly #root: string;
  readonly #open = new Map<string, Transaction>();
  /** What each daemon has loaded: the tree of its plugin when it was started or reloaded last. */
  readonly running = new Map<string, Tree>();
  readonly calls: { op: string; input: unknown }[] = [];
  /** Throws for what a daemon's config test would refuse. Called with the staged tree of each plugin. */
  refuses: (tree: Tree) => boolean = () => false;
  /** Called before every operation; may throw. */
  before: (op: PrivilegedOp) => void = () => {};

  constructor(root: string) {
    this.#root = root;
  }

  async call<K extends PrivilegedOp>(op: K, input: PrivilegedInput<K>): Promise<never> {
    const message = v.parse(privilegedOps[op].input, input) as never;
    if (JSON.stringify(input).length > 1024 * 1024) throw new Error("a message is larger than 1 MiB");
    this.calls.push({ op, input });
    this.before(op);
    await new Promise((resolve) => setImmediate(resolve));
    const acts = this.#acts as Partial<Record<string, (input: never) => unknown>>;
    const act = acts[op];
    if (!act) throw new Error(`unexpected ${op}`);
    return v.parse(privilegedOps[op].output, act(message) ?? {}) as never;
  }

  count(op: PrivilegedOp): number {
    return this.calls.filter((call) => call.op === op).length;
  }

  /** Files of a plugin's tree as they are on disk. */
  disk(plugin: string): Tree {
    const dir = join(this.#root, plugin);
    if (!existsSync(dir)) return new Map();
    const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return new Map(
      files.map((f) => join(f.parentPath, f.name)).map((path) => [relative(dir, path), readFileSync(path, "utf8")]),
    );
  }

  write(plugin: string, path: string, content: string | null): void {
    const at = join(this.#root, plugin, path);
    if (content === null) {
      rmSync(at, { force: true });
      return;
    }
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
  }

  /** Whose daemon answers on a side port. */
  sideOf: (port: number) => string | undefined = () => undefined;
  /** True: two daemons with a `main.conf` may hold the public ports together. */
  sharesPorts = true;

  /**
   * True when the daemons that are reached have loaded what the probe asks for. Where several hold the public ports, any of
   * them may be asked, so that all must have it.
   */
  holds(probe: Probe, ports?: SidePorts): boolean {
    if (probe.kind === "dns") return false;
    const { body } = probe;
    if (body === undefined) return false;
    const key = probe.kind === "http" ? probe.host.replace(".test", "") : "";
    const says = (tree: Tree): boolean => {
      const texts = [...tree.values()];
      const via = texts.flatMap((text) => [...text.matchAll(/ (\S+) via (\d+);/g)]).find((match) => match[1] === key);
      if (via) return this.#treesAt(Number(via[2])).some(says);
      return texts.some((text) => text.includes(body));
    };
    if (ports) return this.#treesAt(ports.http).some(says);
    const fronts = this.fronts().map((service) => this.running.get(service) as Tree);
    return fronts.some(says) ? fronts.every(says) : this.#others().some(says);
  }

  /** Daemons that hold the public ports. */
  fronts(): readonly string[] {
    return [...this.running].filter(([, tree]) => isFront(tree)).map(([service]) => service);
  }

  #others(): readonly Tree[] {
    return [...this.running.values()].filter((tree) => !tree.has("main.conf"));
  }

  #treesAt(port: number): readonly Tree[] {
    const plugin = this.sideOf(port);
    return [...this.running].filter(([service]) => service.startsWith(`${plugin}:`)).map(([, tree]) => tree);
  }

  readonly #acts = {
    "apply.stage": ({ tx, plugin, files }: PrivilegedInput<"apply.stage">) => {
      const open: Transaction = this.#open.get(tx) ?? {
        staged: new Map(),
        backup: undefined,
        runningBefore: undefined,
      };
      this.#open.set(tx, open);
      if (open.backup) throw new Error("staging after the swap");
      for (const file of files) {
        if (this.#digest(plugin, file.path) !== file.expect)
          throw new ProviderError("conflict", `${plugin}/${file.path} was changed`);
        const id = `${plugin}/${file.path}`;
        if (open.staged.has(id)) throw new Error("a file is staged twice");
        open.staged.set(id, file.content);
      }
    },
    "apply.test": ({ tx, services }: PrivilegedInput<"apply.test">) => {
      for (const plugin of new Set(services.map((service) => service.plugin))) {
        const tree = this.disk(plugin);
        for (const [id, content] of this.#find(tx).staged) {
          if (!id.startsWith(`${plugin}/`)) continue;
          if (content === null) tree.delete(id.slice(plugin.length + 1));
          else tree.set(id.slice(plugin.length + 1), content);
        }
        if (this.refuses(tree)) throw new ProviderError("invalid", "the daemon refuses", { output: "line 7: secret" });
      }
    },
    "apply.swap": ({ tx }: PrivilegedInput<"apply.swap">) => {
      const open = this.#find(tx);
      open.backup = new Map([...open.staged.keys()].map((id) => [id, this.#content(id)]));
      open.runningBefore = new Map(this.running);
      for (const [id, content] of open.staged) this.#put(id, content);
    },
    "apply.activate": ({ tx, reload, stop }: PrivilegedInput<"apply.activate">) => {
      if (!this.#find(tx).backup) throw new Error("activated before the swap");
      for (const service of stop) this.running.delete(serviceKey(service));
      for (const service of reload) this.running.set(serviceKey(service), this.disk(service.plugin));
      if (!this.sharesPorts && this.fronts().length > 1) throw new ProviderError("unavailable", "the port is taken");
    },
    "apply.commit": ({ tx }: PrivilegedInput<"apply.commit">) => {
      if (!this.#find(tx).backup) throw new Error("committed before the swap");
      this.#open.delete(tx);
    },
    "apply.rollback": ({ tx }: PrivilegedInput<"apply.rollback">) => this.#rollBack(tx),
    "apply.recover": () => {
      const rolledBack = [...this.#open.keys()];
      for (const tx of rolledBack) this.#rollBack(tx);
      return { rolledBack };
    },
    "tree.digest": ({ plugin, paths }: PrivilegedInput<"tree.digest">) => ({
      digests: Object.fromEntries(
        (paths ?? [...this.disk(plugin).keys()].filter((path) => !path.startsWith("local.d/"))).map((path) => [
          path,
          this.#digest(plugin, path),
        ]),
      ),
    }),
    "tree.read": ({ plugin, path }: PrivilegedInput<"tree.read">) => ({ content: this.#content(`${plugin}/${path}`) }),
    "service.list": () => ({
      services: [...this.running.keys()].map((key) => {
        const [, plugin = "", service = "", instance] = /^([^:]+):([^@]+)(?:@(.+))?$/.exec(key) ?? [];
        const name = { plugin, service, ...(instance === undefined ? {} : { instance }) };
        return { ...name, state: "running" as const, pid: 1 };
      }),
    }),
    "service.drained": () => ({ drained: true }),
    "service.act": ({ action, ...service }: PrivilegedInput<"service.act">) => {
      if (action === "stop") this.running.delete(serviceKey(service));
      else if (!this.running.has(serviceKey(service))) this.running.set(serviceKey(service), this.disk(service.plugin));
      return { state: action === "stop" ? "stopped" : "running" };
    },
  };

  #find(tx: string): Transaction {
    const open = this.#open.get(tx);
    if (!open) throw new ProviderError("terminal", "no such transaction");
    return open;
  }

  #rollBack(tx: string): void {
    const open = this.#open.get(tx);
    for (const [id, content] of open?.backup ?? []) this.#put(id, content);
    if (open?.runningBefore) {
      this.running.clear();
      for (const [service, tree] of open.runningBefore) this.running.set(service, tree);
    }
    this.#open.delete(tx);
  }

  #put(id: string, content: string | null): void {
    this.write(id.slice(0, id.indexOf("/")), id.slice(id.indexOf("/") + 1), content);
  }

  #content(id: string): string | null {
    const path = join(this.#root, id);
    return existsSync(path) ? readFileSync(path, "utf8") : null;
  }

  #digest(plugin: string, path: string): string | null {
    const content = this.#content(`${plugin}/${path}`);
    return content === null ? null : createHash("sha256").update(content).digest("hex");
  }
}

function isFront(tree: Tree): boolean {
  return tree.get("main.conf")?.includes("side") === false;
}

export function serviceKey({ plugin, service, instance }: ServiceName): string {
  return `${plugin}:${service}${instance === undefined ? "" : `@${instance}`}`;
}
