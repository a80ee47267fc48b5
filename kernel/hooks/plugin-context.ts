import { AsyncLocalStorage } from "node:async_hooks";

/** Tells on whose behalf code runs, across awaits: for the log, and for rooms that count per plugin. */
export interface PluginContext {
  run<T>(plugin: string, work: () => T): T;
  /** The plugin whose tap is running, or undefined outside of one. */
  current(): string | undefined;
}

export function createPluginContext(): PluginContext {
  const running = new AsyncLocalStorage<string>();
  return { run: (plugin, work) => running.run(plugin, work), current: () => running.getStore() };
}
