import { join } from "node:path";
import { canInstallPackages, installPackages, parsePackageNames } from "./apt.mjs";
import { listPlugins, readPackage, root, say } from "./checkout.mjs";
import { findBinary } from "./find-binary.mjs";

/** What the tests look at the daemons with, from outside. */
const testTools = [
  {
    plugin: "the tests",
    apt: "bind9-dnsutils",
    binary: "/usr/bin/dig",
    reason: "dig, delv and nsupdate ask the name server.",
  },
  { plugin: "the tests", apt: "curl", binary: "/usr/bin/curl", reason: "The plugin guide visits sites with it." },
  { plugin: "the tests", apt: "openssl", binary: "/usr/bin/openssl", reason: "Certificates are made with it." },
];

/** What only the tests need and the machine does not have: their tools, and the daemons of the examples. */
export function listMissingTools(base = root, find = findBinary) {
  return [...testTools.filter((tool) => find(tool.binary) === undefined), ...missingBelow("examples", base, find)];
}

/** What the plugins of the checkout need and the machine does not have: `{ plugin, apt, binary, reason }`. */
export function listMissingPackages(base = root, find = findBinary) {
  return missingBelow("plugins", base, find);
}

function missingBelow(folder, base, find) {
  const missing = [];
  for (const plugin of listPlugins(base, folder)) {
    const needs = readPackage(join(folder, plugin), base).patchbay?.packages ?? [];
    for (const need of needs) if (find(need.binary) === undefined) missing.push({ plugin, ...need });
  }
  return missing;
}

/**
 * Installs what is missing, or says how. Never fails the set-up: a backend without its daemon is reported by the panel
 * as not installed, and everything else works.
 */
export async function ensureSystemPackages({ tools = false } = {}) {
  const missing = [...listMissingPackages(), ...(tools ? listMissingTools() : [])];
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
