const label = /^(?:\*|[a-z0-9_-]{1,63})$/;
const longestWire = 255;

/**
 * Why a name cannot be used, undefined when it can. Names are canonical: lower case, without a trailing dot. Nothing else
 * ever reaches a message, a file or a command.
 */
export function nameProblem(name: string): string | undefined {
  const labels = name.split(".");
  if (!labels.every((one, at) => label.test(one) && (one !== "*" || at === 0))) {
    return "must have labels of lower-case letters, digits, hyphens and underscores";
  }
  return name.length + 2 > longestWire ? "must have at most 253 characters" : undefined;
}

/** named 9.18 has 255 bytes for a key's path, `zones/ab/K<zone>.+013+12345.private`, and cannot sign beyond them. */
const longestSigned = 225;

/** As `nameProblem`, for the name of a zone. */
export function zoneNameProblem(zone: string, signed: boolean): string | undefined {
  const problem = nameProblem(zone);
  if (problem !== undefined) return problem;
  if (zone.includes("*")) return "must not be a wildcard";
  if (signed && zone.length > longestSigned) return `must have at most ${longestSigned} characters to be signed`;
  return undefined;
}

/** True when `name` is the zone's or below it. */
export function isInside(zone: string, name: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}
