/**
 * A frozen copy of a payload's plain objects and arrays, to the bottom: a tap that may only say yes or no must not be able
 * to change what it is asked about. Anything that is not plain data is passed on as it is.
 */
export function frozenCopy<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  if (!isPlain(value)) return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, frozenCopy(part)]))) as T;
}

/** The same for the top level alone: for payloads that carry live services beside data. */
export function frozenTop<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze([...value]) as T;
  return isPlain(value) ? (Object.freeze({ ...value }) as T) : value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
