import { mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import type { PrivilegedOutput } from "@patchbay/sdk/privileged";
import { Accounts } from "./accounts.ts";
import { Apply } from "./apply.ts";
import { serveChannel } from "./channel.ts";
import { crashAt, type OnStep } from "./crash-points.ts";
import { ensureDirectory } from "./durable.ts";
import { EpochFence } from "./epoch.ts";
import { Grants } from "./grants.ts";
import { type Identity, rangeFileOf, sandboxIdentity, systemIdentity } from "./identity.ts";
import { Journals } from "./journal.ts";
import { KernelProcess } from "./kernel-process.ts";
import {
  ensureKernelDirectory,
  ensureLayout,
  type Layout,
  openDataDirectory,
  sandboxLayout,
  systemLayout,
} from "./layout.ts";
import { acquireLock } from "./lock.ts";
import { Session } from "./operations.ts";
import type { HelperOptions } from "./options.ts";
import { ensureSystemUser } from "./os-users.ts";
import { Packages } from "./packages.ts";
import { Admission, admittedFolder, approvedFolder } from "./plugin-admit.ts";
import { PluginUids } from "./plugin-uids.ts";
import { Registry } from "./registry.ts";
import { Serial } from "./serial.ts";
import { recoverServicePolicy } from "./service-policy.ts";
import { StateFiles } from "./state-files.ts";
import { Supervisor } from "./supervisor.ts";

export type { HelperOptions, ManifestLike } from "./options.ts";

const stopBudgetMs = 4300;

/**
 * Runs an instance until it is told to end: starts the kernel, serves its requests, keeps the daemons. Resolves with the
 * exit code: 0 after SIGTERM or SIGINT, 1 when the kernel cannot be kept alive (daemons then stay). Rejects with
 * `already running (pid N)` when another helper serves the data directory.
 */
export async function runHelper(options: HelperOptions): Promise<number> {
  process.umask(0o022);
  // Whoever reads the output may go away; that must not end the helper.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const step = options.onStep ?? crashAt(process.env["PATCHBAY_CRASH_AT"]);
  const layout = openLayout(options);
  const unlock = acquireLock(join(layout.helper, "lock"));
  try {
    if (options.host === "system" && process.getuid?.() === 0) await ensureSystemUser("patchbay");
    return await serve(options, layout, step);
  } finally {
    unlock();
  }
}

function openLayout(options: HelperOptions): Layout {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o755 });
  const dataDir = realpathSync(options.dataDir);
  const layout = options.host === "sandbox" ? sandboxLayout(dataDir) : systemLayout(dataDir);
  mkdirSync(dirname(layout.state), { recursive: true, mode: 0o755 });
  for (const directory of new Set([dataDir, dirname(layout.state)])) openDataDirectory(directory);
  for (const directory of ["", "tx", "accounts", admittedFolder, approvedFolder])
    ensureDirectory(join(layout.helper, directory), 0o700, undefined);
  return layout;
}

async function serve(options: HelperOptions, layout: Layout, step: OnStep): Promise<number> {
  const dataDir = dirname(layout.helper);
  const identity = options.host === "sandbox" ? sandboxIdentity(dataDir, rangeFileOf(layout.helper)) : systemIdentity();
  ensureKernelDirectory(layout, identity);
  const signalled = awaitSignal();
  const as = identity.multiUser ? identity.kernel : undefined;
  options.beforeKernel?.(as);
  const waiting: (() => void)[] = [];
  const connect = (stream: Duplex, lost: () => void) => {
    if (parts === undefined) waiting.push(() => connect(stream, lost));
    else session = openSession(options, parts, stream, lost);
  };
  const kernel = new KernelProcess({ ...options.kernel, as, connect });
  let parts: Parts | undefined;
  let session: Session | undefined;
  // The kernel takes longest to come up: everything else is made ready while it does.
  kernel.start();
  try {
    parts = createParts(options, layout, identity, step);
  } catch (error) {
    await kernel.stop();
    throw error;
  }
  for (const run of waiting) run();
  const reason = await Promise.race([signalled, kernel.gaveUp.then(() => "gave up" as const)]);
  if (reason === "gave up") return 1;
  await kernel.stop();
  session?.end();
  await parts.supervisor.stopAll(stopBudgetMs);
  return 0;
}

type Parts = ConstructorParameters<typeof Session>[0];

function createParts(options: HelperOptions, layout: Layout, identity: Identity, step: OnStep): Parts {
  const grants = new Grants(options.manifests, layout);
  const admission = new Admission({ grants, layout, identity });
  admission.restore();
  ensureLayout(layout, identity, grants);
  const supervisor = new Supervisor(grants, new Registry(join(layout.helper, "services.json")), identity, step);
  const journals = new Journals(join(layout.helper, "tx"));
  const apply = new Apply({ grants, layout, identity, journals, supervisor, step });
  supervisor.adopt();
  const { tenantEntry, host: kind } = options;
  const accounts = new Accounts({ layout, identity, kind, tenantEntry, step, now: Date.now });
  const fence = new EpochFence(join(layout.helper, "epoch"));
  const facts = factsOf(options, layout, identity);
  if (process.getuid?.() === 0) recoverServicePolicy();
  const stateFiles = new StateFiles({ grants, layout, identity });
  const packages = new Packages(() => grants.manifests());
  const runDir = layout.run;
  const guests = guestsOf(options, layout, identity);
  return {
    grants,
    apply,
    supervisor,
    accounts,
    stateFiles,
    packages,
    admission,
    fence,
    serial: new Serial(),
    runDir,
    facts,
    guests,
  };
}

function guestsOf({ guests }: HelperOptions, layout: Layout, identity: Identity): Parts["guests"] {
  const sockets = join(layout.run, "plugins");
  ensureDirectory(sockets, 0o711, identity.multiUser ? identity.kernel : undefined);
  const uids = new PluginUids(join(layout.helper, "plugin-uids.json"), identity);
  return { ...guests, installed: layout.plugins, sockets, uids };
}

function openSession(options: HelperOptions, parts: Parts, stream: Duplex, lost: () => void): Session {
  const session = new Session(parts, () => options.onReady?.());
  const closed = () => {
    session.end();
    lost();
  };
  serveChannel(stream, (op, input) => session.handle(op, input), closed);
  return session;
}

function factsOf(options: HelperOptions, layout: Layout, identity: Identity): PrivilegedOutput<"hello"> {
  const { etc, run, log, state, homes, archive } = layout;
  return {
    kind: options.host,
    multiUser: identity.multiUser,
    pid: process.pid,
    web: identity.web,
    accounts: identity.accounts,
    paths: { etc, run, log, state, homes, archive },
  };
}

function awaitSignal(): Promise<"signal"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve("signal"));
  });
}
