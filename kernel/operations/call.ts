import type { Operation, Principal } from "@patchbay/sdk";

/** One call of an operation, whichever door it came through. */
export interface Call {
  readonly operation: Operation;
  readonly principal: Principal;
  /** Input as it came, not yet parsed. Own, plain keys only. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly idempotencyKey?: string | undefined;
  readonly dryRun?: boolean;
  /** `Prefer: respond-async`: answer 202 at once. */
  readonly respondAsync?: boolean;
}

export interface Answer {
  readonly status: 200 | 202;
  readonly message: string;
  readonly data: unknown;
  /** A session cookie to set, null to clear it, undefined to leave it alone. */
  readonly session?: { readonly value: string; readonly maxAgeSeconds: number } | null | undefined;
}
