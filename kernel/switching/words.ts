/** `1 unit`, `1,200 units`. */
export function units(count: number): string {
  return `${number(count)} unit${count === 1 ? "" : "s"}`;
}

export function number(count: number): string {
  return count.toLocaleString("en-US");
}

/** The first of many, and how many more there are: `a.test, b.test and 12 more`. */
export function some(names: readonly string[], most: number, separator = ", "): string {
  const left = names.length - most;
  return `${names.slice(0, most).join(separator)}${left > 0 ? ` and ${number(left)} more` : ""}`;
}
