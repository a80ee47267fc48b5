import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Tenant, tenants, web } from "./homes.ts";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).patchbay;
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? web : {};

/** Apache as the manifest says. */
export interface ApacheDaemon {
  /** Runs the manifest's test. */
  test(): { status: number | null; output: string };
  launch(): void;
  reload(): void;
  /** Resolves when it has ended after this signal. */
  ends(signal: NodeJS.Signals): Promise<void>;
}

export function createApache(root: string): ApacheDaemon {
  const grant = manifest.grants.services.apache as { argv: string[]; test: string[]; reload: NodeJS.Signals };
  const fill = (argv: readonly string[]) => argv.map((word) => word.replace("{tree}", join(root, "etc/web-apache")));
  let child: ChildProcess | undefined;
  return {
    test: () => {
      const [program = "", ...words] = fill(grant.test);
      const run = spawnSync(program, words, { encoding: "utf8", ...identity });
      return { status: run.status, output: run.stderr };
    },
    launch: () => {
      const [program = "", ...words] = fill(grant.argv);
      child = spawn(program, words, { stdio: "ignore", ...identity });
    },
    reload: () => void child?.kill(grant.reload),
    ends: async (signal) => {
      if (child !== undefined) await ended(child, signal);
    },
  };
}

/** Resolves when a process has ended after this signal, or had before. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}

/** Socket of a tenant's pool, as a unit names it. */
export const phpSocketOf = (tenant: Tenant) => `php/${tenant}-8.2.sock`;

/** Starts the PHP pool of a tenant. */
export async function startPhp(root: string, tenant: Tenant): Promise<ChildProcess> {
  const socket = join(root, "run", phpSocketOf(tenant));
  const file = join(root, `${tenant}-fpm.conf`);
  const user = isRoot ? `user=${tenants[tenant]}\ngroup=${web.gid}\nlisten.owner=${web.uid}\n` : "";
  const pool = `listen=${socket}\npm=ondemand\npm.max_children=4\n`;
  writeFileSync(file, `[global]\nerror_log=${root}/${tenant}-fpm.log\n[${tenant}]\n${user}${pool}`);
  const child = spawn("/usr/sbin/php-fpm8.2", ["-F", "-O", "-y", file], { stdio: "ignore" });
  await until(async () => existsSync(socket));
  return child;
}

/** Polls until `check` holds; fails after ten seconds. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await check().catch(() => false))) {
    if (Date.now() > end) throw new Error("the daemon did not come to the expected state");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
