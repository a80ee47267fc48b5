import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  ConfigError,
  type InstanceConfig,
  instanceConfig,
  instanceOptions,
  readFlags,
  servicePorts,
} from "./config.ts";
import { runHelper } from "./main.ts";
import type { ManifestLike } from "./options.ts";

/** What a running instance says about itself in `DIR/instance.json`. */
export interface InstanceFile {
  readonly pid: number;
  readonly version: string;
  readonly host: string;
  readonly panel: { readonly user: string; readonly reseller: string; readonly admin: string };
  readonly services: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  readonly admin: { readonly username: "admin"; readonly passwordFile: string | null };
}

/** `patchbay up`: runs an instance until it is told to stop. Ends the process with 0, 1, or 2 for wrong usage. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const known = [...instanceOptions.map((option) => option.flag), "config"];
    const { flags, words } = readFlags(argv, known);
    if (words.length > 0) throw new ConfigError(`unexpected ${words[0]}`);
    process.exit(await up(instanceConfig(flags, process.env)));
  } catch (error) {
    process.stderr.write(`patchbay: ${(error as Error).message}\n`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
}

async function up(config: InstanceConfig): Promise<number> {
  const blocked = process.getuid?.() === 0 ? blockedBy(config.data) : undefined;
  if (blocked !== undefined) {
    throw new ConfigError(`--data ${config.data}: other users cannot pass through ${blocked}; chmod o+x it`);
  }
  const dist = dirname(dirname(fileURLToPath(import.meta.url)));
  const root = dirname(dist);
  const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
  const instanceFile = join(config.data, "instance.json");
  const code = await runHelper({
    dataDir: config.data,
    host: config.host,
    manifests: readManifests(join(root, "plugins")),
    tenantEntry: join(dist, "helper", "tenant.js"),
    guests: { program: join(dist, "isolation", "guest.js"), bundled: join(dist, "plugins") },
    kernel: {
      argv: [process.execPath, join(dist, "kernel", "main.js")],
      env: { PATCHBAY_INSTANCE: JSON.stringify({ ...config, root, version }), ...crashPlan(process.env) },
    },
    beforeKernel: (owner) => prepareFirstAdmin(config.data, owner),
    onReady: () => {
      const instance = describe(config, version);
      writeFileSync(`${instanceFile}.new`, `${JSON.stringify(instance, null, 2)}\n`, { mode: 0o644 });
      renameSync(`${instanceFile}.new`, instanceFile);
      announce(instance);
    },
  });
  rmSync(instanceFile, { force: true });
  return code;
}

/** The kernel has crash points too. */
function crashPlan({ PATCHBAY_CRASH_AT: plan }: NodeJS.ProcessEnv): Record<string, string> {
  return plan === undefined ? {} : { PATCHBAY_CRASH_AT: plan };
}

/** The first directory above the instance that the panel's user and the accounts cannot pass through. */
function blockedBy(data: string): string | undefined {
  for (let dir = dirname(data); ; dir = dirname(dir)) {
    if (existsSync(dir) && (statSync(dir).mode & 0o001) === 0) return dir;
    if (dir === dirname(dir)) return undefined;
  }
}

function readManifests(folder: string): ManifestLike[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .map((name) => JSON.parse(readFileSync(join(folder, name, "package.json"), "utf8")) as { patchbay?: ManifestLike })
    .flatMap((manifest) => (manifest.patchbay ? [manifest.patchbay] : []));
}

/**
 * Leaves the first admin's password for the kernel, which takes it once and keeps only its hash. It comes from
 * PATCHBAY_ADMIN_PASSWORD; otherwise a random one is made and kept in `DIR/admin-password`.
 */
function prepareFirstAdmin(data: string, owner: { uid: number; gid: number } | undefined): void {
  const panel = join(data, "panel");
  const handOver = join(panel, "first-admin");
  if (existsSync(join(panel, "panel.db")) || existsSync(handOver)) return;
  mkdirSync(panel, { recursive: true, mode: 0o700 });
  const given = process.env["PATCHBAY_ADMIN_PASSWORD"];
  const password = given ?? randomBytes(18).toString("base64url");
  if (given === undefined) writeFileSync(join(data, "admin-password"), `${password}\n`, { mode: 0o600 });
  // The directory is the kernel's own: `wx` follows no link it may have left there.
  const file = openSync(handOver, "wx", 0o600);
  writeSync(file, password);
  if (owner) fchownSync(file, owner.uid, owner.gid);
  closeSync(file);
  if (given === undefined) process.stdout.write(`First admin: admin  password: ${password}\n`);
}

function describe(config: InstanceConfig, version: string): InstanceFile {
  const at = (port: number) => `https://${config.bind.includes(":") ? `[${config.bind}]` : config.bind}:${port}/`;
  const passwordFile = join(config.data, "admin-password");
  const services = Object.entries(servicePorts(config)).map(([name, port]) => [name, { host: config.bind, port }]);
  return {
    pid: process.pid,
    version,
    host: config.host,
    panel: { user: at(config.port), reseller: at(config.port + 1), admin: at(config.port + 2) },
    services: Object.fromEntries(services) as InstanceFile["services"],
    admin: { username: "admin", passwordFile: existsSync(passwordFile) ? passwordFile : null },
  };
}

function announce({ panel }: InstanceFile): void {
  process.stdout.write(
    `Patchbay is ready\n  user      ${panel.user}\n  reseller  ${panel.reseller}\n  admin     ${panel.admin}\n`,
  );
}
