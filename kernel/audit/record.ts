import type { Sealer } from "../storage/types.ts";

/** One row of `audit_log`. */
export interface AuditRow {
  readonly id: number;
  readonly uuid: string;
  readonly user_id: number | null;
  readonly username: string;
  readonly impersonator: string | null;
  readonly action: string;
  readonly resource: string;
  readonly outcome: string;
  /** JSON text. */
  readonly detail: string;
  readonly ip_address: string;
  readonly user_agent: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly hash: string;
}

/** The newest record somebody knows of. `id` 0: the log is empty. */
export interface Head {
  readonly id: number;
  readonly hash: string;
}

export const emptyLog: Head = { id: 0, hash: "" };

/** What chains a record to the one before it. Covers every column. */
export function hashRecord(sealer: Pick<Sealer, "mac">, previous: string, row: Omit<AuditRow, "hash">): string {
  const canonical = JSON.stringify([
    row.id,
    row.uuid,
    row.user_id,
    row.username,
    row.impersonator,
    row.action,
    row.resource,
    row.outcome,
    row.detail,
    row.ip_address,
    row.user_agent,
    row.created_at,
  ]);
  return sealer.mac("audit_log.hash", `${previous}\n${canonical}`);
}
