import { type AuditFilter, type AuditRecord, type Read, type SqlValue, toIso } from "@patchbay/sdk";
import type { AuditRow } from "./record.ts";

const columns = "id, user_id, username, impersonator, action, resource, outcome, detail, ip_address, created_at";

/** One page of the log, newest first. `user` also finds what was done by an admin acting as somebody else. */
export async function queryLog(
  read: Read,
  filter: AuditFilter,
): Promise<{ items: readonly AuditRecord[]; total: number }> {
  const { where, params } = conditions(filter);
  const counted = await read.get<{ total: number }>(`SELECT count(*) AS total FROM audit_log${where}`, params);
  const rows = await read.all<AuditRow>(`SELECT ${columns} FROM audit_log${where} ORDER BY id DESC LIMIT ? OFFSET ?`, [
    ...params,
    filter.perPage,
    (filter.page - 1) * filter.perPage,
  ]);
  return { items: rows.map(toRecord), total: counted?.total ?? 0 };
}

function conditions(filter: AuditFilter): { where: string; params: SqlValue[] } {
  const parts: string[] = [];
  const params: SqlValue[] = [];
  const add = (sql: string, ...values: SqlValue[]) => {
    parts.push(sql);
    params.push(...values);
  };
  if (filter.user) {
    const like = contains(filter.user);
    add("(username LIKE ? ESCAPE '\\' OR impersonator LIKE ? ESCAPE '\\')", like, like);
  }
  if (filter.action) add("action LIKE ? ESCAPE '\\'", contains(filter.action));
  if (filter.from !== undefined) add("created_at >= ?", filter.from);
  if (filter.to !== undefined) add("created_at < ?", filter.to);
  return { where: parts.length > 0 ? ` WHERE ${parts.join(" AND ")}` : "", params };
}

function contains(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

function toRecord(row: AuditRow): AuditRecord {
  const detail = JSON.parse(row.detail) as Record<string, unknown>;
  return {
    id: row.id,
    user_id: row.user_id,
    username: row.username,
    action: row.action,
    resource: row.resource,
    detail: {
      ...detail,
      ...(row.outcome === "ok" ? {} : { outcome: row.outcome }),
      ...(row.impersonator === null ? {} : { impersonator: row.impersonator }),
    },
    ip_address: row.ip_address,
    created_at: toIso(row.created_at),
  };
}
