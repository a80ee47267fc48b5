import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { SetupError, say } from "./checkout.mjs";
import { findBinary } from "./find-binary.mjs";
import { runOrStop } from "./run.mjs";
import { withoutServiceStarts } from "./service-policy.mjs";

const lists = "/var/lib/apt/lists";
const listsMaxAgeMs = 24 * 3600 * 1000;
const lockWait = "DPkg::Lock::Timeout=120";

/** True when packages can be installed here without asking anybody: root, on Debian or Ubuntu. */
export function canInstallPackages() {
  if (process.getuid?.() !== 0 || findBinary("apt-get") === undefined) return false;
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

/** Names as apt-get takes them. Throws SetupError for what is no package name, so nothing can pose as an option. */
export function parsePackageNames(text) {
  const names = text.split(/\s+/).filter((name) => name !== "");
  const wrong = names.find((name) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name));
  if (wrong !== undefined || names.length === 0) throw new SetupError(`not a package name in a manifest: ${wrong}`);
  return names;
}

function listsAreOld() {
  if (!existsSync(lists)) return true;
  const files = readdirSync(lists).filter((name) => /(_Packages|_InRelease|_Release)(\.\w+)?$/.test(name));
  if (files.length === 0) return true;
  return Date.now() - Math.max(...files.map((name) => statSync(`${lists}/${name}`).mtimeMs)) > listsMaxAgeMs;
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_MODE: "l" };
  return runOrStop("apt-get", ["-o", lockWait, "-q", ...args], { env });
}

const install = (names) => aptGet("install", "-y", "--no-install-recommends", "--", ...names);

/**
 * Installs packages without letting them start their services. Returns the names that could not be installed: when the
 * whole set fails, each is tried alone, so that one missing package does not take the others with it.
 */
export function installPackages(names) {
  return withoutServiceStarts(async () => {
    const refresh = async () => {
      say("refreshing the package lists");
      if ((await aptGet("update")) !== 0) say("apt-get update failed; going on with the lists there are");
    };
    const old = listsAreOld();
    if (old) await refresh();
    say(`installing ${names.join(" ")}`);
    if ((await install(names)) === 0) return [];
    if (!old) await refresh();
    if (!old && (await install(names)) === 0) return [];
    const failed = [];
    for (const name of names) if ((await install([name])) !== 0) failed.push(name);
    return failed;
  });
}
