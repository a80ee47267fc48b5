import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { canInstallPackages, installPackages } from "./apt.mjs";
import { say } from "./checkout.mjs";
import { findBinary } from "./find-binary.mjs";

const tools = { python3: "python3", make: "make", "g++": "g++" };

/** Compiler tools that are not there. SQLite is compiled where no ready binary can be had for this machine. */
export function listMissingTools(find = findBinary) {
  return Object.keys(tools).filter((tool) => find(tool) === undefined);
}

/** Installs the compiler tools when that is possible; otherwise says what may be missing. */
export async function ensureToolchain() {
  const missing = listMissingTools();
  if (missing.length === 0) return;
  if (canInstallPackages()) await installPackages(missing.map((tool) => tools[tool]));
  else say(`${missing.join(", ")} not found; should SQLite have to be compiled, install ${missing.join(" ")} first`);
}

/**
 * Where the C headers of this very Node are, or undefined. Naming them lets the native modules compile without
 * fetching headers.
 */
export function findNodeHeaders(node = process.execPath) {
  const prefix = dirname(dirname(node));
  const file = join(prefix, "include", "node", "node_version.h");
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  const number = (name) => text.match(new RegExp(`#define NODE_${name}_VERSION (\\d+)`))?.[1];
  const version = ["MAJOR", "MINOR", "PATCH"].map(number).join(".");
  return version === process.versions.node ? prefix : undefined;
}
