import * as v from "valibot";
import { type Owner, readJson, writeDurable } from "./durable.ts";
import { HelperError } from "./errors.ts";
import type { Identity } from "./identity.ts";

const table = v.record(v.string(), v.pipe(v.number(), v.safeInteger()));

/** Which user each plugin's own process runs as. Kept on disk: a plugin has the same one for as long as it is there. */
export class PluginUids {
  readonly #file: string;
  readonly #range: Identity["plugins"];
  readonly #uids: Map<string, number>;

  constructor(file: string, { plugins }: Pick<Identity, "plugins">) {
    this.#file = file;
    this.#range = plugins;
    const stored = v.safeParse(table, readJson(file));
    const known = stored.success ? Object.entries(stored.output) : [];
    this.#uids = new Map(known.filter(([, uid]) => this.#isOurs(uid)));
  }

  /** Undefined where there is one user for everything. Throws `unavailable` when no user is left. */
  of(plugin: string): Owner | undefined {
    if (this.#range.count === 0) return undefined;
    const uid = this.#uids.get(plugin) ?? this.#take(plugin);
    return { uid, gid: uid };
  }

  /** The plugin was removed: its user may become another's. */
  forget(plugin: string): void {
    if (this.#uids.delete(plugin)) this.#save();
  }

  #take(plugin: string): number {
    const { count, firstUid } = this.#range;
    const taken = new Set(this.#uids.values());
    const free = Array.from({ length: count }, (_, at) => firstUid + at).find((uid) => !taken.has(uid));
    if (free === undefined) throw new HelperError("unavailable", "there are no users left for another plugin");
    this.#uids.set(plugin, free);
    this.#save();
    return free;
  }

  #isOurs(uid: number): boolean {
    return uid >= this.#range.firstUid && uid < this.#range.firstUid + this.#range.count;
  }

  #save(): void {
    writeDurable(this.#file, JSON.stringify(Object.fromEntries(this.#uids)));
  }
}
