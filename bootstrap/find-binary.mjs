import { existsSync, readdirSync } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";

const systemFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

function matchIn(folder, pattern) {
  if (!pattern.includes("*")) return existsSync(join(folder, pattern)) ? join(folder, pattern) : undefined;
  if (!existsSync(folder)) return undefined;
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join("[^/]*")}$`);
  const name = readdirSync(folder).find((entry) => expression.test(entry));
  return name === undefined ? undefined : join(folder, name);
}

/**
 * Where a program is, or undefined. `binary` is an absolute path or a name; its last part may hold `*` for a version
 * (`php-fpm*`). A name is looked for in PATH and in the system's folders, because daemons are not in a user's PATH.
 */
export function findBinary(binary, path = process.env.PATH ?? "") {
  if (isAbsolute(binary)) return matchIn(dirname(binary), basename(binary));
  for (const folder of new Set([...path.split(delimiter).filter(isAbsolute), ...systemFolders])) {
    const found = matchIn(folder, binary);
    if (found !== undefined) return found;
  }
  return undefined;
}
