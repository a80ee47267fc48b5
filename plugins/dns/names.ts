import { hostName, invalid } from "@patchbay/sdk";
import * as v from "valibot";

/** Longest name in presentation form, without the trailing dot (RFC 1035, 2.3.4). */
const longestName = 253;
const printable = /^[\x21-\x7e]+$/;
/** A label with underscores, which name services and policies and never hosts (RFC 8552). */
const underscored = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** One label in canonical form: lower case, international letters as `xn--`. Undefined when it is none. */
function toLabel(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (text.includes("_")) return printable.test(text) && underscored.test(lower) ? lower : undefined;
  if (text === "" || text.length > 63) return undefined;
  // The sdk knows what a label of a host name is, of all scripts: ask it with a name around the label.
  const result = v.safeParse(hostName, `${text}.test`);
  return result.success ? result.output.slice(0, -".test".length) : undefined;
}

function toLabels(field: string, text: string): string[] {
  if (text.length > 1024) throw invalid(field, "length", "must have at most 253 characters");
  return text.split(".").map((label) => {
    const canonical = toLabel(label);
    if (canonical !== undefined) return canonical;
    throw invalid(field, "format", "must have labels of 1 to 63 letters, digits, underscores and inner hyphens");
  });
}

function join(field: string, labels: readonly string[]): string {
  const name = labels.join(".");
  if (name.length > longestName) throw invalid(field, "length", `must have at most ${longestName} characters`);
  return name;
}

/** True when a name is the zone's or below it. Both canonical, without a trailing dot. */
export function isInside(zone: string, name: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/**
 * The absolute owner that a request means: `@`, labels relative to the zone, or a full name inside the zone, with or
 * without a trailing dot. `*` may be the first label. Throws INVALID_INPUT that names the field `name`.
 */
export function toOwner(zone: string, text: string): string {
  if (text === "@") return zone;
  const isAbsolute = text.endsWith(".");
  const plain = isAbsolute ? text.slice(0, -1) : text;
  const wildcard = plain === "*" || plain.startsWith("*.");
  const rest = wildcard ? plain.slice(2) : plain;
  const labels = wildcard && rest === "" ? [] : toLabels("name", rest);
  const name = [...(wildcard ? ["*"] : []), ...labels].join(".");
  if (isInside(zone, name)) return join("name", [name]);
  if (isAbsolute) throw invalid("name", "range", "must lie inside the zone");
  return join("name", [name, zone]);
}

/** The owner as answers show it: `@`, or what `toOwner` makes the same name of. */
export function toRelative(zone: string, name: string): string {
  if (name === zone) return "@";
  const relative = name.slice(0, -zone.length - 1);
  return isInside(zone, relative) ? `${name}.` : relative;
}

/** True when the name may be a host's (RFC 1123), or a wildcard for hosts. */
export function isHost(name: string): boolean {
  return !name.includes("_");
}

export interface TargetRules {
  readonly zone: string;
  /** A name that no host has is fine too. */
  readonly underscores?: boolean;
  /** `.` is fine: there is no such service. */
  readonly root?: boolean;
}

/**
 * The absolute name, with a trailing dot, that the value of a record refers to. One label is relative to the zone, more are
 * absolute; with a trailing dot every name is absolute. Throws INVALID_INPUT that names the field `value`.
 */
export function toTarget(text: string, { zone, underscores, root }: TargetRules): string {
  if (text === "@") return `${zone}.`;
  if (text === "." && root === true) return ".";
  const isAbsolute = text.endsWith(".");
  const labels = toLabels("value", isAbsolute ? text.slice(0, -1) : text);
  const full = isAbsolute || labels.length > 1 ? labels : [...labels, zone];
  if (/^\d+$/.test(full.at(-1) ?? "")) throw invalid("value", "format", "must be a name, not an address");
  const name = join("value", full);
  if (underscores !== true && !isHost(name)) throw invalid("value", "format", "must be the name of a host");
  return `${name}.`;
}

/** A target as answers show it: what `toTarget` makes the same name of. */
export function showTarget(name: string): string {
  return name.indexOf(".") < name.length - 1 ? name.slice(0, -1) : name;
}
