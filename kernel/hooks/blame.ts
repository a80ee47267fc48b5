import type { Clock } from "@patchbay/sdk";

/** So many failures within so many milliseconds, and a plugin counts as broken. */
const tolerated = { failures: 5, within: 60_000 } as const;

export interface BlameLedger {
  /** Records one failure of a plugin's tap. The fifth within a minute degrades the plugin, once. */
  blame(plugin: string, hookId: string, error: unknown): void;
  isDegraded(plugin: string): boolean;
  /** Forgets what a plugin did: it was enabled again or replaced. */
  forgive(plugin: string): void;
}

export interface BlameLedgerOptions {
  readonly clock: Clock;
  /** Called once when a plugin becomes degraded, with its latest failure. Must not throw. */
  onDegraded(plugin: string, hookId: string, error: unknown): void;
}

/** Counts who fails how often. */
export function createBlameLedger(options: BlameLedgerOptions): BlameLedger {
  const failures = new Map<string, number[]>();
  const degraded = new Set<string>();
  return {
    blame: (plugin, hookId, error) => {
      const now = options.clock.now();
      const recent = (failures.get(plugin) ?? []).filter((at) => at > now - tolerated.within);
      recent.push(now);
      failures.set(plugin, recent.slice(-tolerated.failures));
      if (recent.length < tolerated.failures || degraded.has(plugin)) return;
      degraded.add(plugin);
      options.onDegraded(plugin, hookId, error);
    },
    isDegraded: (plugin) => degraded.has(plugin),
    forgive: (plugin) => {
      failures.delete(plugin);
      degraded.delete(plugin);
    },
  };
}
