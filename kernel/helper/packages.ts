import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { PrivilegedInput, PrivilegedOutput } from "@patchbay/sdk/privileged";
import { HelperError } from "./errors.ts";
import type { ManifestLike } from "./options.ts";
import { type ProgramResult, runProgram } from "./program.ts";
import { withoutServiceStarts } from "./service-policy.ts";

const aptGet = "/usr/bin/apt-get";
const dpkgQuery = "/usr/bin/dpkg-query";
const lists = "/var/lib/apt/lists";
const listsMaxAgeMs = 24 * 3600 * 1000;
const longestMs = 9 * 60_000;
const keepBytes = 64 * 1024;
const environment = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  DEBIAN_FRONTEND: "noninteractive",
  NEEDRESTART_MODE: "l",
};

/** System packages of the plugins, and of nobody else: only names that stand in a manifest reach apt-get. */
export class Packages {
  readonly #manifests: () => readonly ManifestLike[];

  /** `manifests`: of the plugins whose grants hold now. */
  constructor(manifests: () => readonly ManifestLike[]) {
    this.#manifests = manifests;
  }

  /** Takes up to nine minutes. What is installed already is not upgraded. */
  async install({ plugin }: PrivilegedInput<"package.install">): Promise<Record<string, never>> {
    const names = this.#needed(plugin);
    if (names.length === 0) throw new HelperError("terminal", `the plugin ${plugin} needs no packages`);
    if (!canInstall()) throw new HelperError("unavailable", "it takes root and apt-get to install packages here");
    const until = Date.now() + longestMs;
    await withoutServiceStarts(async () => {
      const old = listsAreOld();
      if (old) await refresh(until);
      let done = await install(names, until);
      // The lists may name versions that the mirror has no more.
      if (done.code !== 0 && !old) {
        await refresh(until);
        done = await install(names, until);
      }
      if (done.code === 0) return;
      const printed = `${done.output}${done.errors}`.slice(-8192);
      throw new HelperError("unavailable", `apt-get could not install ${names.join(", ")}`, printed);
    });
    return {};
  }

  async versions({ plugins }: PrivilegedInput<"package.versions">): Promise<PrivilegedOutput<"package.versions">> {
    const names = [...new Set(plugins.flatMap((plugin) => this.#needed(plugin)))];
    const installed = names.length === 0 ? new Map<string, string>() : await installedVersions(names);
    return {
      versions: Object.fromEntries(names.map((name) => [name, installed.get(name) ?? null])),
      installable: canInstall(),
    };
  }

  #needed(plugin: string): readonly string[] {
    const manifest = this.#manifests().find(({ id }) => id === plugin);
    return [...new Set((manifest?.packages ?? []).flatMap(namesOf))];
  }
}

/** Whatever else stands in a manifest could pose as an option or a pattern: it names no package. */
function namesOf({ apt }: { readonly apt: string }): string[] {
  return apt.split(/\s+/).filter((name) => /^[a-z0-9][a-z0-9+.-]+$/.test(name));
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync(aptGet);
}

function listsAreOld(): boolean {
  if (!existsSync(lists)) return true;
  const files = readdirSync(lists).filter((name) => /(_Packages|_InRelease|_Release)(\.\w+)?$/.test(name));
  if (files.length === 0) return true;
  return Date.now() - Math.max(...files.map((name) => statSync(join(lists, name)).mtimeMs)) > listsMaxAgeMs;
}

/** Without the network the lists there are must do. */
async function refresh(until: number): Promise<void> {
  await apt(["update"], until);
}

function install(names: readonly string[], until: number): Promise<ProgramResult> {
  return apt(["install", "-y", "--no-install-recommends", "--no-upgrade", "--", ...names], until);
}

function apt(args: readonly string[], until: number): Promise<ProgramResult> {
  const argv = [aptGet, "-o", "DPkg::Lock::Timeout=120", "-q", ...args];
  return runProgram(argv, { env: environment, timeoutMs: Math.max(1000, until - Date.now()), keepBytes });
}

/** Of those that are installed. Where there is no dpkg nothing is. */
async function installedVersions(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (!existsSync(dpkgQuery)) return new Map();
  const format = "-f=${Package}\t${db:Status-Status}\t${Version}\n";
  const argv = [dpkgQuery, "-W", format, "--", ...names];
  const { output } = await runProgram(argv, { env: environment, timeoutMs: 30_000, keepBytes });
  const rows = output.split("\n").map((line) => line.split("\t"));
  return new Map(
    rows.flatMap(([name = "", state, version]) =>
      state === "installed" && version !== undefined ? [[name, version] as const] : [],
    ),
  );
}
