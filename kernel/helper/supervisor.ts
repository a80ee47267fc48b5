import { setTimeout as sleep } from "node:timers/promises";
import type { PrivilegedOutput, ServiceName } from "@patchbay/sdk/privileged";
import type { OnStep } from "./crash-points.ts";
import { adoptDaemon, type Daemon, endDaemon, findOrphan, logSize, logTail, spawnDaemon, within } from "./daemon.ts";
import type { Owner } from "./durable.ts";
import { HelperError, toHelperError } from "./errors.ts";
import { type GrantedService, type Grants, serviceKey } from "./grants.ts";
import type { Identity } from "./identity.ts";
import { catches, childrenOf, isRunning, killGroup, sendSignal, titleOf } from "./processes.ts";
import type { Registry, ServiceRecord } from "./registry.ts";
import { Serial } from "./serial.ts";

interface Entry {
  /** As it was granted when it was last asked for. */
  service: GrantedService;
  daemon: Daemon | undefined;
  starting: boolean;
  desired: "running" | "stopped";
  fastDeaths: number;
  timer: NodeJS.Timeout | undefined;
  /** Workers from before the last reload that may still take connections. */
  formerWorkers: readonly number[];
}

type ListedService = PrivilegedOutput<"service.list">["services"][number];

const settleMs = 150;
const fastDeathMs = 5000;
const firstDelayMs = 200;
const longestDelayMs = 10_000;
const deathsUntilFailed = 5;
const handlerWaitMs = 10_000;
const drainMs = 10_000;
const drainPauseMs = 3;

/** Keeps the daemons running that should run, and only those. */
export class Supervisor {
  readonly #grants: Grants;
  readonly #registry: Registry;
  readonly #identity: Identity;
  readonly #step: OnStep;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<string, number>();
  readonly #serial = new Serial();
  #ending = false;

  constructor(grants: Grants, registry: Registry, identity: Identity, step: OnStep) {
    this.#grants = grants;
    this.#registry = registry;
    this.#identity = identity;
    this.#step = step;
  }

  /** Takes over the daemons of an earlier helper. Those that died meanwhile are left to the kernel. */
  adopt(): void {
    for (const record of this.#registry.load()) {
      const entry = this.#adoptable(record);
      if (entry === undefined) continue;
      const known = record.pid === null ? undefined : adoptDaemon(record.pid, record.startTime);
      entry.daemon = known ?? (record.starting ? findOrphan(entry.service.outFile) : undefined);
      entry.desired = entry.daemon === undefined ? "stopped" : record.desired;
      if (entry.daemon === undefined && record.pid !== null) killGroup(record.pid, record.startTime);
      if (entry.daemon !== undefined) this.#watch(entry, entry.daemon);
    }
    this.#save();
  }

  list(): ListedService[] {
    return [...this.#entries.values()].map((entry) => ({
      ...entry.service.name,
      state: stateOf(entry),
      pid: entry.daemon?.pid ?? null,
    }));
  }

  isRunning(name: ServiceName): boolean {
    return this.#entries.get(this.#grants.service(name).key)?.daemon !== undefined;
  }

  /** Resolves when the daemon is up and stays up; throws `unavailable` with what it printed otherwise. */
  start(name: ServiceName): Promise<void> {
    return this.#exclusively(name, (entry) => this.#start(entry));
  }

  /** Resolves when the daemon is gone. */
  stop(name: ServiceName, longestMs = Number.POSITIVE_INFINITY): Promise<void> {
    return this.#exclusively(name, (entry) => this.#stop(entry, longestMs));
  }

  restart(name: ServiceName): Promise<void> {
    return this.#exclusively(name, (entry) => this.#restart(entry));
  }

  /** Tells the daemon to read its configuration again; starts it when it does not run. */
  reload(name: ServiceName): Promise<void> {
    return this.#exclusively(name, async (entry) => {
      const { daemon, service } = entry;
      if (daemon === undefined || !isRunning(daemon.pid, daemon.startTime)) return this.#start(entry);
      if (service.reload === "restart") return this.#restart(entry);
      await awaitHandler(daemon, service.reload);
      entry.formerWorkers = service.draining === undefined ? [] : childrenOf(daemon.pid);
      sendSignal(daemon.pid, service.reload);
    });
  }

  /** Resolves when no worker from before the last reload takes connections: true, or false when some still do after 10 s. */
  async drained(name: ServiceName): Promise<boolean> {
    const entry = this.#entry(name);
    const { draining } = entry.service;
    if (draining === undefined) return true;
    for (const end = Date.now() + drainMs; Date.now() < end; await sleep(drainPauseMs)) {
      const pid = entry.daemon?.pid;
      if (pid === undefined) return false;
      const workers = new Set(childrenOf(pid));
      entry.formerWorkers = entry.formerWorkers.filter((worker) => workers.has(worker) && !isDrained(worker, draining));
      if (entry.formerWorkers.length === 0) return true;
    }
    return false;
  }

  /** From here on a daemon of the plugin that dies is not started again until `release`. */
  hold(plugin: string): void {
    this.#held.set(plugin, (this.#held.get(plugin) ?? 0) + 1);
  }

  release(plugin: string): void {
    const left = (this.#held.get(plugin) ?? 0) - 1;
    if (left > 0) {
      this.#held.set(plugin, left);
      return;
    }
    this.#held.delete(plugin);
    for (const entry of this.#entries.values()) if (entry.service.name.plugin === plugin) this.#mend(entry);
  }

  /** Ends the daemons whose grant is gone, and knows nothing of them any more. */
  async endUngranted(): Promise<void> {
    const gone = [...this.#entries].filter(([, { service }]) => !this.#isGranted(service.name));
    await Promise.all(
      gone.map(([key, entry]) => this.#serial.run(key, () => this.#stop(entry, Number.POSITIVE_INFINITY))),
    );
    for (const [key] of gone) this.#entries.delete(key);
    this.#save();
  }

  /** Ends all daemons side by side, within `budgetMs`. */
  async stopAll(budgetMs: number): Promise<void> {
    this.#ending = true;
    const names = [...this.#entries.values()].map((entry) => entry.service.name);
    const stops = names.map((name) =>
      this.stop(name, budgetMs).catch((error) => report(`stop ${serviceKey(name)}`, error)),
    );
    await within(Promise.all(stops), budgetMs + 500);
  }

  #exclusively(name: ServiceName, work: (entry: Entry) => Promise<void>): Promise<void> {
    const entry = this.#entry(name);
    return this.#serial.run(entry.service.key, () => work(entry));
  }

  #entry(name: ServiceName): Entry {
    const service = this.#grants.service(name);
    const known = this.#entries.get(service.key);
    if (known !== undefined) {
      known.service = service;
      return known;
    }
    const entry: Entry = {
      service,
      daemon: undefined,
      starting: false,
      desired: "stopped",
      fastDeaths: 0,
      timer: undefined,
      formerWorkers: [],
    };
    this.#entries.set(service.key, entry);
    return entry;
  }

  #isGranted(name: ServiceName): boolean {
    try {
      this.#grants.service(name);
      return true;
    } catch {
      return false;
    }
  }

  // A grant may be gone since: then the daemon must go too, and nothing watches over it.
  #adoptable(record: ServiceRecord): Entry | undefined {
    try {
      return this.#entry(record.name);
    } catch {
      if (record.pid !== null && isRunning(record.pid, record.startTime)) killGroup(record.pid, record.startTime);
      return undefined;
    }
  }

  async #start(entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    if (entry.daemon !== undefined && isRunning(entry.daemon.pid, entry.daemon.startTime)) return;
    entry.desired = "running";
    const { outFile, key } = entry.service;
    const from = logSize(outFile);
    const daemon = await this.#spawn(entry);
    if (!(await within(daemon.exited, settleMs))) return;
    throw new HelperError("unavailable", `${key} does not stay up`, logTail(outFile, from));
  }

  async #spawn(entry: Entry): Promise<Daemon> {
    const { service } = entry;
    entry.starting = true;
    this.#save();
    this.#step("service.start:before-spawn");
    try {
      const daemon = await spawnDaemon(service, this.#ownerOf(service));
      this.#step("service.start:after-spawn");
      entry.daemon = daemon;
      this.#watch(entry, daemon);
      return daemon;
    } finally {
      entry.starting = false;
      this.#save();
    }
  }

  async #stop(entry: Entry, longestMs: number): Promise<void> {
    clearTimeout(entry.timer);
    entry.desired = "stopped";
    entry.fastDeaths = 0;
    const { daemon, service } = entry;
    if (daemon !== undefined) await endDaemon(daemon, service.stop, Math.min(service.stopTimeoutMs, longestMs));
    entry.daemon = undefined;
    this.#save();
  }

  async #restart(entry: Entry): Promise<void> {
    await this.#stop(entry, Number.POSITIVE_INFINITY);
    await this.#start(entry);
  }

  #watch(entry: Entry, daemon: Daemon): void {
    void daemon.exited.then(() => {
      if (entry.daemon !== daemon) return;
      entry.daemon = undefined;
      killGroup(daemon.pid, daemon.startTime);
      entry.fastDeaths = performance.now() - daemon.since < fastDeathMs ? entry.fastDeaths + 1 : 0;
      this.#save();
      this.#mend(entry);
    });
  }

  // Brings a daemon back that died by itself.
  #mend(entry: Entry): void {
    clearTimeout(entry.timer);
    if (this.#ending || entry.desired !== "running" || entry.daemon !== undefined) return;
    if (this.#held.has(entry.service.name.plugin)) return;
    const failed = entry.fastDeaths >= deathsUntilFailed;
    const delay = failed
      ? longestDelayMs
      : Math.min(firstDelayMs * 2 ** Math.max(0, entry.fastDeaths - 1), longestDelayMs);
    entry.timer = setTimeout(() => void this.#serial.run(entry.service.key, () => this.#retry(entry)), delay);
  }

  async #retry(entry: Entry): Promise<void> {
    if (this.#ending || entry.desired !== "running" || entry.daemon !== undefined) return;
    try {
      await this.#spawn(entry);
    } catch (error) {
      report(`start ${entry.service.key}`, error);
      entry.fastDeaths += 1;
      this.#mend(entry);
    }
  }

  #ownerOf(service: GrantedService): Owner | undefined {
    if (!this.#identity.multiUser) return undefined;
    return service.user === "web" ? this.#identity.web : { uid: 0, gid: 0 };
  }

  #save(): void {
    const records = [...this.#entries.values()].map((entry) => ({
      name: entry.service.name,
      pid: entry.daemon?.pid ?? null,
      startTime: entry.daemon?.startTime ?? "",
      starting: entry.starting,
      desired: entry.desired,
    }));
    try {
      this.#registry.save(records);
    } catch (error) {
      // A full disk is no reason to let go of the daemons: the next change writes the list again.
      report("remember the daemons", error);
    }
  }
}

function stateOf(entry: Entry): ListedService["state"] {
  if (entry.daemon !== undefined) return "running";
  return entry.desired === "running" ? "failed" : "stopped";
}

// A daemon that is still reading its configuration has no handler yet, and the signal would end it.
async function awaitHandler(daemon: Daemon, signal: NodeJS.Signals): Promise<void> {
  const until = performance.now() + handlerWaitMs;
  while (!catches(daemon.pid, signal) && performance.now() < until) {
    if (await within(daemon.exited, 20)) return;
  }
}

function report(what: string, error: unknown): void {
  const { kind, message, output } = toHelperError(error);
  process.stderr.write(
    `${JSON.stringify({ level: "error", message: `cannot ${what}`, kind, cause: message, output })}\n`,
  );
}

/** A zombie has no title either: whoever is gone takes no connections. */
function isDrained(worker: number, draining: string): boolean {
  const title = titleOf(worker);
  return title === "" || title.includes(draining);
}
