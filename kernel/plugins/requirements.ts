import type { FoundPlugin } from "./manifest.ts";

/** Plugins in the order they are loaded, and why others cannot be. */
export interface Arranged<P extends FoundPlugin> {
  /** Each after those it requires. */
  readonly sorted: readonly P[];
  /** By id. */
  readonly problems: ReadonlyMap<string, readonly string[]>;
}

/**
 * Puts plugins after those they require. What requires something that is not among them, or itself in a circle, is left out,
 * and so is what requires that. `absent` says why a plugin is not among them, for people.
 */
export function arrange<P extends FoundPlugin>(
  plugins: readonly P[],
  absent: (id: string) => string = () => "is not there",
): Arranged<P> {
  const byId = new Map(plugins.map((plugin) => [plugin.manifest.id, plugin]));
  const sorted: P[] = [];
  const problems = new Map<string, string[]>();
  const done = new Set<string>();
  const blame = (id: string, problem: string) => problems.set(id, [...(problems.get(id) ?? []), problem]);
  const visit = (plugin: P, path: readonly string[]) => {
    const { id, requires } = plugin.manifest;
    if (done.has(id)) return;
    const circle = path.indexOf(id);
    if (circle !== -1) {
      const members = path.slice(circle);
      for (const member of members) blame(member, `plugins require each other: ${[...members, id].join(" → ")}`);
      return;
    }
    for (const needed of requires) {
      const other = byId.get(needed);
      if (!other) blame(id, `${id} requires ${needed}, which ${absent(needed)}`);
      else {
        visit(other, [...path, id]);
        const inCircle = path.includes(needed) || needed === id;
        if (problems.has(needed) && !inCircle && !problems.has(id)) {
          blame(id, `${id} requires ${needed}, which cannot be loaded`);
        }
      }
    }
    done.add(id);
    if (!problems.has(id)) sorted.push(plugin);
  };
  // Whatever order they were found or enabled in, the same plugins make the same generation.
  const ids = [...byId.keys()].sort();
  for (const id of ids) visit(byId.get(id) as P, []);
  return { sorted, problems };
}

/** The plugins among `plugins` that require this one, directly or through others, in their order. */
export function dependentsOf<P extends FoundPlugin>(plugins: readonly P[], id: string): readonly P[] {
  const needed = new Set([id]);
  const found = plugins.filter(({ manifest }) => {
    const depends = manifest.requires.some((required) => needed.has(required));
    if (depends) needed.add(manifest.id);
    return depends;
  });
  return found;
}
