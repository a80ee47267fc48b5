import type { Issue, Read, UnitIssue } from "@patchbay/sdk";
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
  /** `extra`: a file of the tree that nobody has rendered. */
  readonly kind: "changed" | "missing" | "extra";
  /** From what was applied to what is there. Of a secret file only that it differs. */
  readonly diff: string;
  /** When the panel saw it first since it was started, ISO 8601. */
  readonly since: string;
}

export interface Reconciler {
  /** Wakes the loop after marks were committed. */
  wake(): void;
  /**
   * Resolves when every mark of this change has been applied or the change has been undone. Rejects only when the kernel is
   * stopping.
   */
  settled(changeId: string): Promise<ChangeResult>;
  /** As `settled`, for a change that has not been committed yet: `forget` when nobody waits for it any more, or it never is. */
  expect(changeId: string): { readonly end: Promise<ChangeResult>; forget(): void };
  /** What applying these marks would do, in the state `read` sees. Nothing is changed. */
  plan(read: Read, marks: readonly Mark[] | "all"): Promise<{ steps: PlanStep[]; warnings: string[] }>;
  /** Marks everything and applies it. `confirmRemovals` overrides the guard against mass removal. */
  run(options?: { confirmRemovals?: boolean }): Promise<{ steps: PlanStep[]; failures: readonly UnitFailure[] }>;
  drift(): Promise<readonly Drift[]>;
  /**
   * `mend` writes our version again and removes what is extra; `adopt` accepts what is there until the unit next changes, and
   * what is extra for good.
   */
  resolve(id: string, action: "mend" | "adopt"): Promise<void>;
  /** Looks for files that were changed by another hand and logs what is new. Called by a schedule; cheap while all is well. */
  watchDrift(): Promise<void>;
  /**
   * Puts a provider to the side with every unit that goes with the choice, and keeps it there until `dropCandidate` or the
   * end of the panel. Resolves with what it refused; a failure of the key '' means that it did not come up at all. Changes
   * that come meanwhile are not brought to it. Throws BACKEND_NOT_INSTALLED (409).
   */
  prepareCandidate(
    slot: string,
    providerId: string,
    onProgress: (share: number) => void,
  ): Promise<readonly UnitFailure[]>;
  /** Forgets the candidate of a slot, and ends its daemon when it stands for nobody else. */
  dropCandidate(slot: string): Promise<void>;
  /** What a provider says of every unit that would come to it. Changes nothing. Throws BACKEND_NOT_INSTALLED (409). */
  auditCandidate(
    slot: string,
    providerId: string,
    read: Read,
  ): Promise<{ readonly units: number; readonly refused: readonly UnitIssue[]; readonly lost: readonly UnitIssue[] }>;
  /** Keys of units whose world at an executing candidate is not what it was told. Throws BACKEND_NOT_INSTALLED (409). */
  compareCandidate(slot: string, providerId: string): Promise<readonly string[]>;
}
