import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LiveHost, until } from "./live-host.ts";

/** Socket of the pool, as a unit names it. */
export const phpSocket = "php/john-8.2.sock";

/** A real PHP pool for the sites of a host. Returns what ends it. */
export async function startPhp(host: LiveHost): Promise<() => void> {
  const socket = join(host.info.paths.run, phpSocket);
  const file = join(host.root, "fpm.conf");
  const { uid, gid } = host.info.web;
  const identity = host.info.multiUser ? `user=${uid}\ngroup=${gid}\nlisten.owner=${uid}\n` : "";
  const pool = `[global]\nerror_log=${host.root}/fpm.log\n[john]\n${identity}listen=${socket}\npm=ondemand\npm.max_children=2\n`;
  writeFileSync(file, pool);
  const child = spawn("/usr/sbin/php-fpm8.2", ["-F", "-O", "-y", file], { stdio: "ignore" });
  await until(async () => existsSync(socket));
  return () => void child.kill("SIGTERM");
}
