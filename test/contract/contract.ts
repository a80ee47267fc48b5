import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A shape as the contract writes it: a type in words, or an object of shapes. */
export type Shape = string | null | { readonly [field: string]: Shape };

export interface Endpoint {
  readonly id: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly input: Readonly<Record<string, "required" | "optional">>;
  readonly shape: { readonly data: Shape };
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, name), "utf8"));

const types = read("novacpx-types.json") as Readonly<Record<string, Shape>>;

/** The endpoints of the standard API that this version serves. */
export const endpoints: readonly Endpoint[] = readdirSync(import.meta.dirname)
  .filter((name) => /^novacpx-(?!types)\w+\.json$/.test(name))
  .flatMap((name) => read(name) as Endpoint[]);

export function endpoint(id: string): Endpoint {
  const found = endpoints.find((one) => one.id === id);
  if (!found) throw new Error(`the contract has no ${id}`);
  return found;
}

/** Fields that answers have beyond the contract, by type or endpoint. */
const beyond: Readonly<Record<string, readonly string[]>> = {
  "auth.me": ["account_id", "suspended", "suspend_reason", "two_factor", "impersonator"],
  Package: ["php_max_children", "php_memory_mb"],
  Domain: ["force_https", "hsts_max_age", "web_server"],
  DnsZone: ["dnssec", "provider"],
  DnsRecord: ["managed_by"],
};

/** Where a value is not as a shape says: names, types, and no field more. Empty when it is. */
export function deviations(value: unknown, shape: Shape, at = "data", name = ""): string[] {
  if (typeof shape === "object" && shape !== null) return objectDeviations(value, shape, at, name);
  const text = shape ?? "null";
  const alternatives = /^enum\([^)]*\)$/.test(text) ? [text] : text.split(/\|(?![^(]*\))/);
  const found = alternatives.map((one) => typeDeviations(value, one, at));
  return found.some((list) => list.length === 0) ? [] : (found[0] ?? []);
}

function objectDeviations(
  value: unknown,
  shape: { readonly [field: string]: Shape },
  at: string,
  name: string,
): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is no object`];
  const { "...": base, ...own } = shape;
  const fields = { ...(typeof base === "string" ? (types[base] as object) : {}), ...own } as Record<string, Shape>;
  const known = new Set([...Object.keys(fields), ...(beyond[name] ?? [])]);
  const missing = Object.keys(fields).filter((field) => !(field in value));
  const unknown = Object.keys(value).filter((field) => !known.has(field));
  return [
    ...missing.map((field) => `${at}.${field} is missing`),
    ...unknown.map((field) => `${at}.${field} is not in the contract`),
    ...Object.entries(value).flatMap(([field, inner]) => deviations(inner, fields[field] ?? "any", `${at}.${field}`)),
  ];
}

function typeDeviations(value: unknown, type: string, at: string): string[] {
  const list = /^(.*)\[(\d*)\]$/.exec(type);
  if (list) {
    if (!Array.isArray(value)) return [`${at} is no list`];
    const short = list[2] !== "" && value.length !== Number(list[2]);
    const inner = value.flatMap((item, index) => deviations(item, list[1] ?? "any", `${at}[${index}]`, list[1]));
    return short ? [`${at} has ${value.length} items`, ...inner] : inner;
  }
  const known = types[type];
  if (known !== undefined) return deviations(value, known, at, type);
  return isOf(value, type) ? [] : [`${at} is no ${type}: ${JSON.stringify(value)}`];
}

const isText = (value: unknown, pattern: RegExp) => typeof value === "string" && pattern.test(value);

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  any: () => true,
  null: (value) => value === null,
  string: (value) => typeof value === "string",
  "string(url)": (value) => isText(value, /^https:\/\//),
  "string(email)": (value) => isText(value, /^[^@\s]+@[^@\s]+$/),
  "string(masked)": (value) => isText(value, /^(?:|.*\*.*)$/),
  int: (value) => Number.isSafeInteger(value),
  float: (value) => typeof value === "number" && Number.isFinite(value),
  bool: (value) => typeof value === "boolean",
  datetime: (value) => isText(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/),
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "map<service,bool>": (value) =>
    typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "boolean"),
};

function isOf(value: unknown, type: string): boolean {
  const choices = /^enum\((.*)\)$/.exec(type)?.[1];
  if (choices !== undefined) return choices.split(",").includes(String(value));
  const check = checks[type];
  if (!check) throw new Error(`the contract has a type that nobody knows: ${type}`);
  return check(value);
}
