import type { Db, Hook } from "@patchbay/sdk";

/** The hook room as the pipeline uses it. */
export interface HookRunner {
  veto<P>(hook: Hook<"veto", P>, payload: P): Promise<void>;
  transform<P>(hook: Hook<"transform", P>, value: P, revalidate: (value: P) => P): Promise<P>;
  guarded<P>(hook: Hook<"guarded", P>, payload: P): Promise<void>;
  emit<P>(db: Db, hook: Hook<"notify", P>, payload: P): Promise<void>;
}
