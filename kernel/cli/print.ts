import type { Reply } from "./client.ts";

/** Prints an answer, or why there is none. Answers the exit code. */
export function report(reply: Reply, json: boolean): number {
  if (!reply.success) {
    const fields = reply.errors.map((error) => `\n  ${error.field}: ${error.message}`).join("");
    process.stderr.write(json ? `${JSON.stringify(reply)}\n` : `${reply.message}${fields}\n`);
    return 1;
  }
  const text = json ? JSON.stringify(reply.data) : toText(reply.data) || reply.message;
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Writes an answer for a person: rows as a table, an object as `key: value` lines. */
export function toText(data: unknown): string {
  if (data === null || data === undefined) return "";
  if (Array.isArray(data)) return toTable(data);
  if (typeof data !== "object") return String(data);
  const record = data as Record<string, unknown>;
  if (Array.isArray(record["items"])) return toTable(record["items"]);
  return Object.entries(record)
    .map(([key, value]) => `${key}: ${cell(value)}`)
    .join("\n");
}

function toTable(rows: readonly unknown[]): string {
  if (rows.length === 0) return "none";
  if (typeof rows[0] !== "object" || rows[0] === null) return rows.map(String).join("\n");
  const columns = Object.keys(rows[0]);
  const cells = [
    columns,
    ...rows.map((row) => columns.map((column) => cell((row as Record<string, unknown>)[column]))),
  ];
  const widths = columns.map((_, index) => Math.min(40, Math.max(...cells.map((line) => line[index]?.length ?? 0))));
  return cells
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
