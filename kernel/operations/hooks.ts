import type { Db, Hook } from "@patchbay/sdk";

/** The hook room as the pipeline uses it. */
export interface HookRunner {
  veto<P>(hook: Hook<"veto", P>, payload: P): Promise<void>;
  transform<P>(hook: Hook<"transform", P>, value: P, revalidate: (value: P) => P): Promise<P>;
  guarded<P>(hook: Hook<"guarded", P>, payload: P): Promise<void>;
  /** With `heldBy` it is delivered when that change is final, and never when it is undone. */
  emit<P>(db: Db, hook: Hook<"notify", P>, payload: P, heldBy?: string): Promise<void>;
}
