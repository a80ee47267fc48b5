import { join } from "node:path";
import type { ServiceGrant } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import { HelperError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import type { GrantLike, ManifestLike } from "./options.ts";
import { strayRules } from "./plugin-rules.ts";

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
  /** The plugin's tree, in which it is started. */
  readonly tree: string;
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

/**
 * What the plugins may have run and own: nothing that is not written in a manifest is done. Those of the plugins that come
 * with the panel hold always; those of installed ones while they are admitted.
 */
export class Grants {
  readonly #bundled: ReadonlyMap<string, ManifestLike>;
  readonly #admitted = new Map<string, ManifestLike>();
  readonly #layout: Layout;

  constructor(manifests: readonly ManifestLike[], layout: Layout) {
    this.#layout = layout;
    this.#bundled = new Map(manifests.map((manifest) => [manifest.id, manifest]));
  }

  /** Plugins that were granted a tree: they have directories. */
  plugins(): string[] {
    return this.manifests().flatMap(({ id }) => (this.#hasTree(id) ? [id] : []));
  }

  /** Of every plugin whose grants hold. */
  manifests(): readonly ManifestLike[] {
    return [...this.#bundled.values(), ...this.#admitted.values()];
  }

  isBundled(plugin: string): boolean {
    return this.#bundled.has(plugin);
  }

  isAdmitted(plugin: string): boolean {
    return this.#admitted.has(plugin);
  }

  /** Grants of an installed plugin hold from now on, instead of those it had. They were judged by `reviewGrants` before. */
  admit(manifest: ManifestLike): void {
    if (this.isBundled(manifest.id)) throw new HelperError("terminal", `${manifest.id} comes with the panel`);
    this.#admitted.set(manifest.id, manifest);
  }

  /** Takes the grants of an installed plugin back. */
  forget(plugin: string): void {
    this.#admitted.delete(plugin);
  }

  /** True when a daemon of the plugin is started as the web user: then its working directories belong to that user. */
  runsAsWeb(plugin: string): boolean {
    return Object.values(this.#services(plugin)).some((grant) => grant.user === "web");
  }

  /** The plugin's configuration tree. Throws `terminal` for a plugin without a grant. */
  tree(plugin: string): string {
    if (!this.#hasTree(plugin)) throw new HelperError("terminal", `the plugin ${plugin} has no grant`);
    return join(this.#layout.etc, plugin);
  }

  #services(plugin: string): Readonly<Record<string, GrantLike>> {
    return (this.#bundled.get(plugin) ?? this.#admitted.get(plugin))?.grants?.services ?? {};
  }

  #hasTree(plugin: string): boolean {
    const grants = (this.#bundled.get(plugin) ?? this.#admitted.get(plugin))?.grants;
    return grants?.tree === true || Object.keys(grants?.services ?? {}).length > 0;
  }

  /** Throws `terminal` when the service is not granted or the instance is not called as its pattern says. */
  service(name: ServiceName): GrantedService {
    const services = this.#services(name.plugin);
    const grant = Object.hasOwn(services, name.service) ? services[name.service] : undefined;
    if (grant === undefined) throw new HelperError("terminal", `the service ${serviceKey(name)} is not granted`);
    const groups = instanceGroups(grant, name);
    const tree = this.tree(name.plugin);
    const fill = (argv: readonly string[], at: string) =>
      argv.map((word) => this.#fillPaths(this.#fillInstance(word, name, groups), name.plugin, at));
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
      tree,
      outFile: join(this.#layout.log, name.plugin, `${serviceLabel(name)}.out`),
    };
  }

  #fillInstance(word: string, name: ServiceName, groups: readonly string[]): string {
    const values: Readonly<Record<string, string>> = {
      instance: name.instance ?? "",
      1: groups[0] ?? "",
      2: groups[1] ?? "",
    };
    const filled = word.replace(/\{(instance|1|2)\}/g, (_, key: string) => values[key] ?? "");
    if (filled === word || this.isBundled(name.plugin) || strayRules(filled, this.#layout).length === 0) return filled;
    throw new HelperError("terminal", `the service ${name.plugin}/${name.service} may have no such instance`);
  }

  #fillPaths(word: string, plugin: string, tree: string): string {
    const { run, log, state } = this.#layout;
    const values: Readonly<Record<string, string>> = {
      tree,
      run: join(run, plugin),
      log: join(log, plugin),
      state: join(state, plugin),
    };
    return word.replace(/\{(tree|run|log|state)\}/g, (_, key: string) => values[key] ?? "");
  }
}

function instanceGroups(grant: GrantLike, name: ServiceName): readonly string[] {
  if (grant.instance === undefined) {
    if (name.instance === undefined) return [];
    throw new HelperError("terminal", `the service ${name.plugin}/${name.service} has no instances`);
  }
  const match = new RegExp(`^(?:${grant.instance})$`).exec(name.instance ?? "");
  const groups = match?.slice(1).map((group) => group ?? "");
  // A group that names a parent directory would lead out of the folder it is put behind.
  if (groups !== undefined && name.instance !== undefined && !groups.some((group) => /^\.+$/.test(group)))
    return groups;
  throw new HelperError("terminal", `the service ${name.plugin}/${name.service} has no such instance`);
}
