import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type PrivilegedInput, privilegedOps } from "@patchbay/sdk/privileged";
import * as v from "valibot";
import { readJson, writeDurable } from "./durable.ts";
import { HelperError } from "./errors.ts";
import type { Grants } from "./grants.ts";
import type { Identity } from "./identity.ts";
import { ensurePluginDirectories, type Layout } from "./layout.ts";
import { type AskedManifest, reviewGrants } from "./plugin-rules.ts";
import { runProgram } from "./program.ts";
import type { Supervisor } from "./supervisor.ts";

type Nothing = Record<string, never>;

interface AdmissionParts {
  readonly grants: Grants;
  readonly layout: Layout;
  readonly identity: Identity;
}

const removalMs = 60_000;
/** Names of directories that other parts of the panel have beside those of the plugins. */
const reserved = new Set(["plugins", "kernel", "panel", "helper"]);

/** Folder of the admitted plugins' manifests, and that of root's approvals, below the helper's own directory. */
export const admittedFolder = "plugins";
export const approvedFolder = "approved";

/**
 * Names exactly these grants of exactly this plugin: whoever approves it approves no other. Neither its version nor what it
 * asks the kernel for is in it.
 */
export function grantsDigest({ id, grants }: AskedManifest): string {
  const services = Object.entries(grants.services)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { title: _, ...service }]) => [name, Object.entries(service).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return createHash("sha256")
    .update(JSON.stringify([id, grants.tree, services]))
    .digest("hex");
}

/** Which installed plugins' grants hold. Remembered for the next helper. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Brings back what was admitted before. Judged again: what is there now decides, and what is refused stays out. */
  restore(): void {
    const folder = join(this.#parts.layout.helper, admittedFolder);
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith(".json"))) {
      const parsed = v.safeParse(privilegedOps["plugin.admit"].input, readJson(join(folder, name)));
      if (!parsed.success || `${parsed.output.manifest.id}.json` !== name) continue;
      try {
        this.#check(parsed.output.manifest);
        this.#parts.grants.admit(parsed.output.manifest);
      } catch (error) {
        const message = `the grants of ${parsed.output.manifest.id} do not hold any more`;
        const line = { level: "error", message, cause: (error as Error).message };
        process.stderr.write(`${JSON.stringify(line)}\n`);
      }
    }
  }

  /**
   * The grants hold, and the directories are there, when this resolves; daemons that are not granted any more have ended.
   * Throws `terminal` for what may not be granted.
   */
  async admit({ manifest, version }: PrivilegedInput<"plugin.admit">, supervisor: Supervisor): Promise<Nothing> {
    const { grants, layout, identity } = this.#parts;
    this.#check(manifest);
    writeDurable(this.#fileOf(manifest.id), JSON.stringify({ manifest, version }));
    grants.admit(manifest);
    if (grants.plugins().includes(manifest.id)) ensurePluginDirectories({ layout, identity, grants }, manifest.id);
    await supervisor.endUngranted();
    return {};
  }

  /**
   * Takes the grants, ends its daemons and removes its directories. `end` ends what else runs for the plugin. Can be repeated
   * until it succeeds. Throws `terminal` for a plugin that comes with the panel.
   */
  async forget(id: string, supervisor: Supervisor, end: () => Promise<void>): Promise<Nothing> {
    const { grants, layout } = this.#parts;
    if (grants.isBundled(id) || reserved.has(id)) throw new HelperError("terminal", `${id} comes with the panel`);
    grants.forget(id);
    await Promise.all([supervisor.endUngranted(), end()]);
    for (const parent of [layout.etc, layout.run, layout.log, layout.state]) await removeTree(join(parent, id));
    rmSync(this.#fileOf(id), { force: true });
    rmSync(join(layout.helper, approvedFolder, `${id}.json`), { force: true });
    return {};
  }

  #check(manifest: AskedManifest): void {
    const { grants, layout } = this.#parts;
    const { id } = manifest;
    if (grants.isBundled(id))
      throw new HelperError("terminal", `${id} is the id of a plugin that comes with the panel`);
    if (reserved.has(id)) throw new HelperError("terminal", `${id} is a name of the panel's own`);
    const { refusals, root } = reviewGrants(manifest, layout);
    if (refusals.length > 0) throw new HelperError("terminal", `${id}: ${refusals.join("; ")}`);
    if (root.length === 0 || this.#approvedByRoot(manifest)) return;
    throw new HelperError("terminal", `${id}: ${root.join("; ")}: approve it on the server as root, with --as-root`);
  }

  // The digest is made of what is to be granted, here: a kernel cannot say that it is another.
  #approvedByRoot(manifest: AskedManifest): boolean {
    const approval = readJson(join(this.#parts.layout.helper, approvedFolder, `${manifest.id}.json`));
    return (approval as { digest?: unknown } | undefined)?.digest === grantsDigest(manifest);
  }

  #fileOf(id: string): string {
    return join(this.#parts.layout.helper, admittedFolder, `${id}.json`);
  }
}

// Below it are files of daemons that may be in a stranger's hands: rm(1) walks by descriptor and follows no link.
async function removeTree(path: string): Promise<void> {
  const argv = ["/usr/bin/rm", "-rf", "--one-file-system", "--", path];
  const { code, errors } = await runProgram(argv, { timeoutMs: removalMs });
  if (code !== 0) throw new HelperError("unavailable", "a directory of the plugin cannot be removed", errors);
}
