/** True for what the database throws when its disk is full, gone or read-only. */
export function isDiskError(error: unknown): boolean {
  return /^SQLITE_(?:FULL|IOERR|READONLY|CANTOPEN)/.test(String((error as { code?: unknown } | undefined)?.code));
}
