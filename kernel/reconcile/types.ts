import type { Issue } from "@patchbay/sdk";
import type { Mark } from "../storage/types.ts";

/** Why a unit could not be made live. Safe for the person who asked: no daemon output, no paths. */
export interface UnitFailure extends Mark {
  readonly kind: "unsupported" | "invalid" | "conflict" | "unavailable" | "terminal";
  readonly message: string;
  readonly issues: readonly Issue[];
}

/** One step a reconcile would take, or took. */
export interface PlanStep {
  readonly slot: string;
  /** Unit key; empty for what belongs to the slot as a whole. */
  readonly unit: string;
  readonly action: "create" | "update" | "remove" | "write" | "delete" | "start" | "stop" | "reload";
  /** File, service or unit it is about. */
  readonly target: string;
  /** Unified diff of a file, where there is one. */
  readonly diff?: string;
}

/**
 * How a change ended. `undone`: its rows are as before. `failed`: it could not be applied, and other changes that are
 * final hang on its rows, so that it could not be taken back either; its units are tried again.
 */
export type ChangeResult =
  | { readonly state: "done" }
  | { readonly state: "undone" | "failed"; readonly failures: readonly UnitFailure[] };

/** One difference between what was applied and what is there. */
export interface Drift {
  /** Stable while the difference is the same. */
  readonly id: string;
  readonly slot: string;
  readonly plugin: string;
  /** File of the plugin's tree, or unit key for a provider without files. */
  readonly target: string;
  readonly kind: "changed" | "missing";
  readonly diff: string;
}

export interface Reconciler {
  /** Wakes the loop after marks were committed. */
  wake(): void;
  /**
   * Resolves when every mark of this change has been applied or the change has been undone. Rejects only when the kernel is
   * stopping.
   */
  settled(changeId: string): Promise<ChangeResult>;
  /** What applying these marks would do, in the state `read` sees. Nothing is changed. */
  plan(
    read: import("@patchbay/sdk").Read,
    marks: readonly Mark[] | "all",
  ): Promise<{ steps: PlanStep[]; warnings: string[] }>;
  /** Marks everything and applies it. `confirmRemovals` overrides the guard against mass removal. */
  run(options?: { confirmRemovals?: boolean }): Promise<{ steps: PlanStep[]; failures: readonly UnitFailure[] }>;
  drift(): Promise<readonly Drift[]>;
  /** `mend` writes our version again; `adopt` accepts what is there until the unit next changes. */
  resolve(id: string, action: "mend" | "adopt"): Promise<void>;
}
