import { type ChildProcess, spawn } from "node:child_process";
import { realpathSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { dirname, join, sep } from "node:path";
import type { Readable } from "node:stream";
import type { PrivilegedInput, PrivilegedOutput } from "@patchbay/sdk/privileged";
import type { Owner } from "./durable.ts";
import { HelperError } from "./errors.ts";
import { guestArguments } from "./plugin-command.ts";
import type { PluginUids } from "./plugin-uids.ts";
import { killGroup, memoryByUid, memoryOf, pidsOfUid, readProcess, sendSignal } from "./processes.ts";
import { spawnError } from "./program.ts";

/** Where the code of plugins is, and who they are. */
export interface PluginProcessOptions {
  /** Absolute path of the bundle of the guest program. */
  readonly program: string;
  /** Folder of the plugins that come with the panel, as bundles: `<bundled>/<id>/index.js`. */
  readonly bundled: string;
  /** Folder of the installed ones: `<installed>/<id>/…`. */
  readonly installed: string;
  /** Folder of the kernel's sockets. */
  readonly sockets: string;
  readonly uids: PluginUids;
}

type How = PrivilegedOutput<"plugin.wait">;

interface Guest {
  readonly id: string;
  readonly pid: number;
  readonly startTime: string;
  readonly as: Owner | undefined;
  readonly memoryBytes: number;
  readonly streams: readonly Readable[];
  readonly ended: Promise<How>;
  /** Why it was killed, when it was. */
  reason: "memory" | "killed" | undefined;
  /** Last part of what it printed. */
  printed: string;
  /** Bytes it printed since the last look. */
  fresh: number;
}

const lookMs = 250;
/** Looks between two at everything that runs as a plugin's user. */
const looksPerScan = 8;
const keepCharacters = 8192;
const printedPerLook = 256 * 1024;
const niceness = 10;
const mostGuests = 256;
const mostOver = 64;
const mebibyte = 1024 * 1024;

/** The processes of plugins, of one kernel: they end with the line to it. */
export class PluginProcesses {
  readonly #options: PluginProcessOptions;
  readonly #guests = new Map<number, Guest>();
  /** The last ones that are gone, for whoever asks late. */
  readonly #over = new Map<number, { readonly id: string; readonly how: How }>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #ending = false;

  constructor(options: PluginProcessOptions) {
    this.#options = options;
  }

  /** Starts the guest program for a plugin. Throws `terminal` for an entry that is not the plugin's. */
  async start(input: PrivilegedInput<"plugin.start">): Promise<PrivilegedOutput<"plugin.start">> {
    const { program, sockets, uids } = this.#options;
    const folder = this.#folderOf(input);
    if (this.#ending || this.#guests.size >= mostGuests)
      throw new HelperError("unavailable", "there is no room for another process of a plugin");
    const as = uids.of(input.id);
    this.#endStrangers(as);
    const argv = guestArguments({
      program,
      folder,
      id: input.id,
      memoryMb: input.memory_mb,
      confined: as === undefined,
    });
    const child = spawn(argv[0] ?? "", argv.slice(1), {
      cwd: "/",
      env: {},
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      ...as,
    });
    const guest = await this.#watch(child, input, as);
    child.stdin?.on("error", () => {});
    const order = { socket: join(sockets, input.socket), token: input.token, entry: realpathSync(input.entry) };
    child.stdin?.end(JSON.stringify(order));
    return { pid: guest.pid };
  }

  /** Kills a process and everything it started, and waits until it is gone. Succeeds for one that is gone already. */
  async stop({ id, pid }: PrivilegedInput<"plugin.stop">): Promise<Record<string, never>> {
    const guest = this.#guests.get(pid);
    if (guest === undefined || guest.id !== id) return {};
    this.#kill(guest, "killed");
    await guest.ended;
    return {};
  }

  /** Resolves when the process is gone, with how it ended. */
  async wait({ id, pid }: PrivilegedInput<"plugin.wait">): Promise<How> {
    const guest = this.#guests.get(pid);
    if (guest?.id === id) return guest.ended;
    const over = this.#over.get(pid);
    if (over?.id === id) return over.how;
    throw new HelperError("terminal", `the plugin ${id} has no such process`);
  }

  /** The plugin was removed: ends its processes and takes its user back. */
  async forget(id: string): Promise<void> {
    const own = [...this.#guests.values()].filter((guest) => guest.id === id);
    await Promise.all(own.map(({ pid }) => this.stop({ id, pid })));
    this.#options.uids.forget(id);
  }

  /** Kills all of them. */
  endAll(): void {
    this.#ending = true;
    for (const guest of this.#guests.values()) this.#kill(guest, "killed");
  }

  #folderOf({ id, entry }: PrivilegedInput<"plugin.start">): string {
    const { bundled, installed } = this.#options;
    try {
      const real = realpathSync(entry);
      if (real === realpathSync(join(bundled, id, "index.js"))) return dirname(real);
    } catch {
      // Then it is none of those that come with the panel.
    }
    try {
      const own = join(realpathSync(installed), id);
      if (realpathSync(own) === own && realpathSync(entry).startsWith(own + sep)) return own;
    } catch {
      // Nothing is there.
    }
    throw new HelperError("terminal", `the entry of ${id} is not in the plugin's own folder`);
  }

  async #watch(child: ChildProcess, input: PrivilegedInput<"plugin.start">, as: Owner | undefined): Promise<Guest> {
    const { pid, stdout, stderr } = child;
    if (pid === undefined)
      throw await new Promise<Error>((resolve) => child.once("error", (error) => resolve(spawnError("node", error))));
    const guest: Guest = {
      id: input.id,
      pid,
      startTime: readProcess(pid)?.startTime ?? "",
      as,
      memoryBytes: input.memory_mb * mebibyte,
      streams: [stdout, stderr].filter((stream) => stream !== null),
      ended: new Promise((resolve) => child.once("exit", (code, signal) => resolve(this.#end(guest, code, signal)))),
      reason: undefined,
      printed: "",
      fresh: 0,
    };
    for (const stream of guest.streams) keepLast(guest, stream);
    this.#guests.set(pid, guest);
    this.#over.delete(pid);
    yieldToOthers(pid);
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref();
    return guest;
  }

  #end(guest: Guest, code: number | null, signal: NodeJS.Signals | null): How {
    killGroup(guest.pid, guest.startTime);
    this.#guests.delete(guest.pid);
    this.#endStrangers(guest.as);
    if (this.#guests.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    const overflowed = signal === "SIGABRT" && /heap out of memory|Allocation failed/.test(guest.printed);
    const how: How = {
      // Whoever ended by itself before the signal came was not killed.
      how: overflowed ? "memory" : signal === "SIGKILL" ? (guest.reason ?? "exited") : "exited",
      detail: signal ?? `exit code ${code}`,
      output: guest.printed,
    };
    this.#over.set(guest.pid, { id: guest.id, how });
    if (this.#over.size > mostOver) this.#over.delete([...this.#over.keys()][0] ?? 0);
    return how;
  }

  #kill(guest: Guest, reason: "memory" | "killed"): void {
    guest.reason ??= reason;
    sendSignal(guest.pid, "SIGKILL");
    killGroup(guest.pid, guest.startTime);
  }

  /** What runs as a plugin's user although none of its processes does: left by another kernel, or let go of by a guest. */
  #endStrangers(as: Owner | undefined): void {
    if (as === undefined || [...this.#guests.values()].some((guest) => guest.as?.uid === as.uid)) return;
    for (const pid of pidsOfUid(as.uid)) sendSignal(pid, "SIGKILL");
  }

  #look(): void {
    for (const guest of this.#guests.values()) {
      if (memoryOf(guest.pid) > guest.memoryBytes) this.#kill(guest, "memory");
      guest.fresh = 0;
      for (const stream of guest.streams) if (stream.isPaused()) stream.resume();
    }
    this.#looks += 1;
    if (this.#looks % looksPerScan === 0) this.#scan();
  }

  /** A guest may have started others, which count as its own. */
  #scan(): void {
    const guests = [...this.#guests.values()].filter((guest) => guest.as !== undefined);
    if (guests.length === 0) return;
    const used = memoryByUid();
    for (const uid of new Set(guests.map((guest) => guest.as?.uid ?? 0))) {
      const own = guests.filter((guest) => guest.as?.uid === uid);
      const allowed = own.reduce((sum, guest) => sum + guest.memoryBytes, 0);
      if ((used.get(uid) ?? 0) > allowed) for (const guest of own) this.#kill(guest, "memory");
    }
  }
}

// Whoever prints without end waits until the next look.
function keepLast(guest: Guest, stream: Readable): void {
  stream.on("data", (chunk: Buffer) => {
    guest.printed = (guest.printed + chunk.toString("utf8")).slice(-keepCharacters);
    guest.fresh += chunk.length;
    if (guest.fresh > printedPerLook) stream.pause();
  });
  stream.on("error", () => {});
}

/** When the machine is short of something, a plugin is the first to go without. */
function yieldToOthers(pid: number): void {
  try {
    setPriority(pid, niceness);
    writeFileSync(`/proc/${pid}/oom_score_adj`, "1000");
  } catch {
    // It is gone already, or the machine forbids it.
  }
}
