import { type Logger, ProviderError } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import type { Host } from "../host/types.ts";
import type { Activation } from "./activation.ts";
import { Abandoned, type ReconcileCrashPoint } from "./crash-points.ts";
import type { FileChange } from "./merge.ts";
import { failedProbes, type ProbeTiming, type Sight } from "./probes.ts";

/** What one transaction of the helper brings about. */
export interface Application {
  readonly tx: string;
  readonly files: readonly FileChange[];
  /** What happens to daemons, one after the other. */
  readonly phases: readonly Activation[];
  /** What must hold at the end. */
  readonly probes: readonly Sight[];
  /** How many units the daemons serve. Asked only when one takes long. */
  size(): Promise<number>;
  /** What has to be back after the second phase has begun, before everything is rolled back. */
  readonly comeback: Activation | undefined;
}

export interface ApplicationDeps {
  readonly host: Host;
  readonly logger: Logger;
  readonly timing: ProbeTiming;
  crashPoint(name: ReconcileCrashPoint): void;
  /** Called after the tests and before the swap: writes down what is about to be put in place. */
  record(): Promise<void>;
}

/** Everything was put in place, but these of `probes` do not hold. It has been rolled back. */
export class ProbesFailed extends Error {
  readonly indexes: readonly number[];
  constructor(indexes: readonly number[]) {
    super("probes failed");
    this.name = "ProbesFailed";
    this.indexes = indexes;
  }
}

/** A daemon did not take its new configuration, although its test passed. It has been rolled back. */
export class ReloadFailed extends Error {
  /** True when the daemon ended. */
  readonly died: boolean;
  constructor(died: boolean) {
    super("the reload had no effect");
    this.name = "ReloadFailed";
    this.died = died;
  }
}

/** Rolling back failed: nobody knows what is in place until the helper has been asked again. */
export class Unresolved extends Error {
  readonly tx: string;
  constructor(tx: string, cause: unknown) {
    super("a transaction could not be rolled back", { cause });
    this.name = "Unresolved";
    this.tx = tx;
  }
}

/**
 * Stage, test, swap, activate, probe, commit. When a step fails everything is rolled back and the reason is thrown:
 * ProviderError from the helper, ReloadFailed, ProbesFailed; Unresolved when rolling back failed too.
 */
export async function applyTransaction(deps: ApplicationDeps, application: Application): Promise<void> {
  const progress = { phase: 0 };
  try {
    await runSteps(deps, application, progress);
  } catch (error) {
    if (error instanceof Abandoned) throw error;
    if (progress.phase > 0) await comeBack(deps, application);
    try {
      await deps.host.helper.call("apply.rollback", { tx: application.tx });
    } catch (second) {
      deps.logger.error("a transaction could not be rolled back", { tx: application.tx, error: second, reason: error });
      throw new Unresolved(application.tx, second);
    }
    throw error;
  }
}

async function runSteps(deps: ApplicationDeps, application: Application, progress: { phase: number }): Promise<void> {
  const { host, timing, crashPoint, record } = deps;
  const { tx, phases } = application;
  for (const message of toMessages(application)) await host.helper.call("apply.stage", { tx, ...message });
  crashPoint("reconcile:staged");
  const reload = phases.flatMap((phase) => phase.reload);
  if (reload.length > 0) await host.helper.call("apply.test", { tx, services: reload });
  crashPoint("reconcile:tested");
  await record();
  crashPoint("reconcile:recorded");
  await host.helper.call("apply.swap", { tx });
  crashPoint("reconcile:swapped");
  for (const [at, phase] of phases.entries()) {
    if (at > 0) crashPoint("reconcile:handed");
    progress.phase = at;
    await activate(deps, application, phase);
  }
  const failed = await failedProbes(host, application.probes, patience(host, timing, reload));
  if (failed.length > 0) throw new ProbesFailed(failed);
  crashPoint("reconcile:probed");
  await host.helper.call("apply.commit", { tx });
  crashPoint("reconcile:committed");
}

/** How much longer than usual a daemon may take to load, for each unit it serves: a certificate costs Apache 3 ms. */
const loadingMsPerUnit = 6;

/** Throws ReloadFailed when a daemon does not show that it took over what it was told. */
async function activate(
  { host, timing, crashPoint }: ApplicationDeps,
  { size, tx }: Application,
  phase: Activation,
): Promise<void> {
  const { reload, stop, proofs } = phase;
  await host.helper.call("apply.activate", { tx, reload: [...reload], stop: [...stop] });
  crashPoint("reconcile:activated");
  const isLoaded = async (deadlineMs: number) =>
    (await failedProbes(host, proofs, patience(host, { ...timing, deadlineMs }, reload))).length === 0;
  if (!(await isLoaded(timing.deadlineMs)) && !(await isLoaded((await size()) * loadingMsPerUnit))) {
    throw new ReloadFailed(await hasEnded(host, reload));
  }
  // The new configuration answers, but perhaps not alone: workers from before go on for a while.
  const drained = await Promise.all(reload.map((service) => host.helper.call("service.drained", service)));
  if (!drained.every((service) => service.drained)) throw new ReloadFailed(false);
}

/** Nobody starts a daemon again while the transaction is open, so one that has ended is not worth waiting for. */
function patience(host: Host, timing: ProbeTiming, services: readonly ServiceName[]): ProbeTiming {
  return { ...timing, isHopeless: () => hasEnded(host, services) };
}

/** Waits, within reason, until who let go of the front answers again. Rolling back mends the rest either way. */
async function comeBack({ host, logger, timing }: ApplicationDeps, { tx, comeback }: Application): Promise<void> {
  if (!comeback) return;
  const { reload, stop, proofs } = comeback;
  try {
    await host.helper.call("apply.activate", { tx, reload: [...reload], stop: [...stop] });
    await failedProbes(host, proofs, patience(host, timing, reload));
  } catch (error) {
    logger.warn("who had the front did not come back at once", { tx, error });
  }
}

/** False also when the helper does not say: then it is waited for. */
async function hasEnded(host: Host, names: readonly ServiceName[]): Promise<boolean> {
  const { services } = await host.helper.call("service.list", {}).catch(() => ({ services: [] }));
  const isSame = (a: ServiceName, b: ServiceName) =>
    a.plugin === b.plugin && a.service === b.service && a.instance === b.instance;
  return names.some((name) => services.some((known) => isSame(known, name) && known.state !== "running"));
}

/** The line to the helper takes 1 MiB a message; JSON escapes and the envelope need the rest. */
const messageBytes = 900 * 1024;

interface StageMessage {
  readonly plugin: string;
  readonly files: { path: string; content: string | null; expect: string | null }[];
}

function toMessages({ files, phases }: Application): readonly StageMessage[] {
  // Staging is what begins a transaction, also one that only starts or stops daemons.
  const service = phases.flatMap(({ reload, stop }) => [...reload, ...stop])[0];
  if (files.length === 0 && service) return [{ plugin: service.plugin, files: [] }];
  const messages: StageMessage[] = [];
  const open = new Map<string, { message: StageMessage; bytes: number }>();
  for (const { record, content, expect } of files) {
    const bytes = Buffer.byteLength(JSON.stringify(content)) + record.path.length + 150;
    if (bytes > messageBytes)
      throw new ProviderError("terminal", `a file of ${record.plugin} is too large to be staged`);
    let part = open.get(record.plugin);
    if (!part || part.bytes + bytes > messageBytes) {
      part = { message: { plugin: record.plugin, files: [] }, bytes: 0 };
      open.set(record.plugin, part);
      messages.push(part.message);
    }
    part.message.files.push({ path: record.path, content, expect });
    part.bytes += bytes;
  }
  return messages;
}
