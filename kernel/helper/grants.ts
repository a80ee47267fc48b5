import { join } from "node:path";
import type { ServiceGrant } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import { HelperError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import type { GrantLike, ManifestLike } from "./options.ts";

/** A service as its grant says, for one instance. */
export interface GrantedService {
  readonly name: ServiceName;
  /** `<plugin>/<service>` or `<plugin>/<service>@<instance>`. */
  readonly key: string;
  readonly user: ServiceGrant["user"];
  readonly reload: ServiceGrant["reload"];
  /** Words in the title of a worker that takes no new connections any more. */
  readonly draining: string | undefined;
  /** It may hold its public ports together with another daemon. */
  readonly sharesPorts: boolean;
  readonly stop: ServiceGrant["stop"];
  readonly stopTimeoutMs: number;
  readonly argv: readonly string[];
  /** The configuration test against another tree. */
  testArgv(tree: string): readonly string[];
  /** File its output goes to. */
  readonly outFile: string;
}

/** `<service>` or `<service>@<instance>`. */
export function serviceLabel(name: ServiceName): string {
  return name.instance === undefined ? name.service : `${name.service}@${name.instance}`;
}

/** `<plugin>/<label>`. */
export function serviceKey(name: ServiceName): string {
  return `${name.plugin}/${serviceLabel(name)}`;
}

/** What the plugins may have run and own: nothing that is not written in a manifest is done. */
export class Grants {
  readonly #services: ReadonlyMap<string, ReadonlyMap<string, GrantLike>>;
  readonly #layout: Layout;

  constructor(manifests: readonly ManifestLike[], layout: Layout) {
    this.#layout = layout;
    const granted = manifests.map(({ id, grants }) => [id, new Map(Object.entries(grants?.services ?? {}))] as const);
    const withTree = new Set(manifests.filter(({ grants }) => grants?.tree === true).map(({ id }) => id));
    this.#services = new Map(granted.filter(([id, services]) => services.size > 0 || withTree.has(id)));
  }

  plugins(): string[] {
    return [...this.#services.keys()];
  }

  /** True when a daemon of the plugin is started as the web user: then its working directories belong to that user. */
  runsAsWeb(plugin: string): boolean {
    return [...(this.#services.get(plugin)?.values() ?? [])].some((grant) => grant.user === "web");
  }

  /** The plugin's configuration tree. Throws `terminal` for a plugin without a grant. */
  tree(plugin: string): string {
    if (!this.#services.has(plugin)) throw new HelperError("terminal", `the plugin ${plugin} has no grant`);
    return join(this.#layout.etc, plugin);
  }

  /** Throws `terminal` when the service is not granted or the instance is not called as its pattern says. */
  service(name: ServiceName): GrantedService {
    const grant = this.#services.get(name.plugin)?.get(name.service);
    if (grant === undefined) throw new HelperError("terminal", `the service ${serviceKey(name)} is not granted`);
    const groups = instanceGroups(grant, name);
    const tree = this.tree(name.plugin);
    const fill = (argv: readonly string[], at: string) => argv.map((word) => this.#fill(word, name, groups, at));
    return {
      name,
      key: serviceKey(name),
      user: grant.user,
      reload: grant.reload,
      draining: grant.draining,
      sharesPorts: grant.sharesPorts === true,
      stop: grant.stop,
      stopTimeoutMs: grant.stopTimeoutMs ?? 5000,
      argv: fill(grant.argv, tree),
      testArgv: (other) => fill(grant.test, other),
      outFile: join(this.#layout.log, name.plugin, `${serviceLabel(name)}.out`),
    };
  }

  #fill(word: string, name: ServiceName, groups: readonly string[], tree: string): string {
    const values: Readonly<Record<string, string>> = {
      tree,
      run: join(this.#layout.run, name.plugin),
      log: join(this.#layout.log, name.plugin),
      state: join(this.#layout.state, name.plugin),
      instance: name.instance ?? "",
      1: groups[0] ?? "",
      2: groups[1] ?? "",
    };
    return word.replace(/\{(tree|run|log|state|instance|1|2)\}/g, (_, key: string) => values[key] ?? "");
  }
}

function instanceGroups(grant: GrantLike, name: ServiceName): readonly string[] {
  if (grant.instance === undefined) {
    if (name.instance === undefined) return [];
    throw new HelperError("terminal", `the service ${name.plugin}/${name.service} has no instances`);
  }
  const match = new RegExp(`^(?:${grant.instance})$`).exec(name.instance ?? "");
  if (match !== null && name.instance !== undefined) return match.slice(1).map((group) => group ?? "");
  throw new HelperError("terminal", `the service ${name.plugin}/${name.service} has no such instance`);
}
