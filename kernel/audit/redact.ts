const longestString = 500;
const deepest = 6;
const mostItems = 100;

/** Names that are never written in the clear, even when an operation forgot to declare them. */
const alwaysSecret = /(^|[_-])(passw(or)?d|passphrase|secret|token|(private|api)_?key)$/i;

/**
 * Input as the audit log may keep it: JSON-safe, secret fields at any depth as `***`, strings cut at 500 characters, at most
 * six levels deep and 100 entries wide.
 */
export function redact(input: unknown, secrets: readonly string[]): unknown {
  const hidden = new Set(secrets);
  const visit = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return cut(value, longestString);
    if (typeof value === "bigint") return String(value);
    if (value instanceof Date) return value.toJSON();
    if (typeof value !== "object" || value === null) return value;
    if (depth >= deepest) return "…";
    if (Array.isArray(value)) return bounded(value).map((item) => visit(item, depth + 1));
    const entries = bounded(Object.entries(value)).map(([key, part]) => [
      cut(key, longestString),
      hidden.has(key) || alwaysSecret.test(key) ? "***" : visit(part, depth + 1),
    ]);
    return Object.fromEntries(entries) as unknown;
  };
  return visit(input, 0);
}

/** The first `length` characters of a text, as a text that survives UTF-8: a lone half of a pair would not. */
export function cut(text: string, length: number): string {
  const wellFormed = text.slice(0, length).toWellFormed();
  return text.length > length ? `${wellFormed}…` : wellFormed;
}

function bounded<T>(items: readonly T[]): readonly T[] {
  return items.length > mostItems ? items.slice(0, mostItems) : items;
}
