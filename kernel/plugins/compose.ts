import type { Generation } from "./generation.ts";
import type { LoadedPlugin } from "./load.ts";
import { PluginProblems } from "./manifest.ts";
import { arrange, dependentsOf } from "./requirements.ts";

/** Builds a generation of these plugins, in this order. Throws PluginProblems. */
export type Build = (plugins: readonly LoadedPlugin[]) => Generation;

export interface ComposeOptions {
  readonly build: Build;
  /** Why a plugin that is not among them is not there, for people. */
  absent(id: string): string;
  /** Of two plugins that collide the one that ranks higher stays; of equals the one whose id comes first. */
  rank(plugin: LoadedPlugin): number;
}

export interface Composed {
  readonly generation: Generation;
  /** Why plugins were left out, by id. */
  readonly left: ReadonlyMap<string, readonly string[]>;
}

/**
 * Builds a generation of as many of these plugins as fit together: one that does not, and what requires it, is left out. Throws
 * when leaving plugins out does not help.
 */
export function composeWhatFits(plugins: readonly LoadedPlugin[], options: ComposeOptions): Composed {
  const { absent, build } = options;
  const left = new Map<string, readonly string[]>();
  for (let trying = plugins; ; ) {
    const { sorted, problems } = arrange(trying, (id) => (left.has(id) ? "cannot be loaded" : absent(id)));
    for (const [id, why] of problems) left.set(id, why);
    try {
      return { generation: build(sorted), left };
    } catch (error) {
      if (!(error instanceof PluginProblems)) throw error;
      const culprit = culpritAmong(sorted, error.problems, options);
      if (!culprit) throw error;
      left.set(culprit.id, culprit.problems);
      trying = sorted.filter(({ manifest }) => manifest.id !== culprit.id);
    }
  }
}

/** The plugin without which something is no problem any more. */
function culpritAmong(
  sorted: readonly LoadedPlugin[],
  problems: readonly string[],
  { build, rank }: ComposeOptions,
): { id: string; problems: readonly string[] } | undefined {
  const suspects = [...sorted].reverse().sort((a, b) => rank(a) - rank(b));
  for (const { manifest } of suspects) {
    const { id } = manifest;
    const gone = new Set([id, ...dependentsOf(sorted, id).map((dependent) => dependent.manifest.id)]);
    const rest = problemsOf(
      sorted.filter((plugin) => !gone.has(plugin.manifest.id)),
      build,
    );
    const mended = problems.filter((problem) => !rest.includes(problem));
    if (mended.length > 0 && rest.length < problems.length) return { id, problems: mended };
  }
  return undefined;
}

function problemsOf(plugins: readonly LoadedPlugin[], build: Build): readonly string[] {
  try {
    build(plugins);
    return [];
  } catch (error) {
    if (error instanceof PluginProblems) return error.problems;
    throw error;
  }
}
