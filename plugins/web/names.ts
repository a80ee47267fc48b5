/** The labels of a name backwards, `com.example.shop`. */
export function toBackwards(name: string): string {
  return name.split(".").reverse().join(".");
}

/** All names above a name, nearest first: `example.com` and `com` for `shop.example.com`. */
export function namesAbove(name: string): string[] {
  const labels = name.split(".");
  return labels.slice(1).map((_, at) => labels.slice(at + 1).join("."));
}

/** Bounds, exclusive, of the backwards form of all names below a name. A slash sorts right after a dot. */
export function rangeBelow(name: string): readonly [from: string, to: string] {
  const backwards = toBackwards(name);
  return [`${backwards}.`, `${backwards}/`];
}

/** True when the names are equal or one is below the other. */
export function areRelated(a: string, b: string): boolean {
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}
