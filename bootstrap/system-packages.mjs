import { join } from "node:path";
import { canInstallPackages, installPackages, parsePackageNames } from "./apt.mjs";
import { listPlugins, readPackage, root, say } from "./checkout.mjs";
import { findBinary } from "./find-binary.mjs";

/** What the plugins of the checkout need and the machine does not have: `{ plugin, apt, binary, reason }`. */
export function listMissingPackages(base = root, find = findBinary) {
  const missing = [];
  for (const plugin of listPlugins(base)) {
    const needs = readPackage(join("plugins", plugin), base).patchbay?.packages ?? [];
    for (const need of needs) if (find(need.binary) === undefined) missing.push({ plugin, ...need });
  }
  return missing;
}

/**
 * Installs what is missing, or says how. Never fails the set-up: a backend without its daemon is reported by the panel
 * as not installed, and everything else works.
 */
export async function ensureSystemPackages() {
  const missing = listMissingPackages();
  if (missing.length === 0) return;
  for (const need of missing) say(`${need.plugin} needs ${need.apt}: ${need.reason}`);
  const names = [...new Set(missing.flatMap((need) => parsePackageNames(need.apt)))];
  if (!canInstallPackages()) {
    say(`going on without. As root: apt-get install --no-install-recommends ${names.join(" ")}`);
    return;
  }
  const failed = await installPackages(names);
  if (failed.length > 0) say(`could not be installed: ${failed.join(" ")}. What needs it stays unavailable.`);
}
