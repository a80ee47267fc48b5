import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "../harness/client.ts";
import { freePorts, type InstancePorts } from "../harness/ports.ts";
import { partArgv, root } from "./programs.ts";

export interface PanelOptions {
  /** Directory of an instance that is there already. */
  readonly dir?: string;
  readonly flags?: readonly string[];
  /** True: with the kernel of `traced-kernel.ts`, which says after each change where its time went. */
  readonly traced?: boolean;
  /** A copy of the checkout to run, as `copyCheckout` makes it. */
  readonly checkout?: string;
}

/** The built panel, with an instance of its own on loopback. */
export class BenchPanel {
  readonly dir: string;
  readonly ports: InstancePorts;
  readonly #options: PanelOptions;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(dir: string, ports: InstancePorts, options: PanelOptions) {
    this.dir = dir;
    this.ports = ports;
    this.#options = options;
  }

  /** An instance that does not run yet. */
  static async prepare(options: PanelOptions = {}): Promise<BenchPanel> {
    const dir = options.dir ?? mkdtempSync(join(tmpdir(), "patchbay-bench-"));
    // Kernel, web server and accounts run as other users, who must get there.
    chmodSync(dir, 0o755);
    return new BenchPanel(dir, await freePorts(), options);
  }

  static async start(options: PanelOptions = {}): Promise<BenchPanel> {
    const panel = await BenchPanel.prepare(options);
    await panel.up();
    return panel;
  }

  get data(): string {
    return join(this.dir, "var");
  }

  /** Pid of the helper. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the panel does not run");
    return pid;
  }

  /** What it printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Starts it and does not wait. */
  spawn(): ChildProcess {
    const flags = [
      "--data",
      this.data,
      "--port",
      String(this.ports.panel),
      "--services-port",
      String(this.ports.services),
      // Limits that are never reached, so that counting them is part of what is measured.
      "--rate-standard",
      "9999999",
      "--rate-login",
      "9999999",
      ...(this.#options.flags ?? []),
    ];
    const argv = this.#options.traced === true ? partArgv("helper", ...flags) : [...this.#program(), ...flags];
    const env = {
      PATH: process.env["PATH"] ?? "",
      PATCHBAY_ADMIN_PASSWORD: "not used by anybody",
    };
    const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk: Buffer) => {
      this.#output += chunk.toString("utf8");
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    this.#child = child;
    return child;
  }

  #program(): readonly string[] {
    const { checkout } = this.#options;
    if (checkout === undefined) return [join(root, "bin/patchbay.mjs"), "up"];
    return [join(checkout, "run.mjs"), checkout, "helper/main"];
  }

  /** Starts it and waits until it is ready. */
  async up(): Promise<void> {
    const child = this.spawn();
    const before = this.#output.length;
    while (!this.#output.slice(before).includes("Patchbay is ready")) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the panel ended:\n${this.#output}`);
      await sleep(5);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGTERM");
    while (child.exitCode === null && child.signalCode === null) await sleep(10);
    this.#child = undefined;
  }

  /** Stops it and removes what it wrote. */
  async destroy(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The API token of the command line, which is an admin's. */
  token(): string {
    return readFileSync(join(this.data, "panel", "cli-token"), "utf8").trim();
  }

  /** A caller with the rights of an admin. */
  admin(): Client {
    const client = new Client(this.ports.panel + 2);
    client.token = this.token();
    return client;
  }

  /** Pids of the kernel: children of the helper that run Node. */
  kernelPid(): number {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8").trim().split(" ");
    const kernel = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("kernel"));
    if (kernel === undefined) throw new Error("no kernel runs");
    return Number(kernel);
  }
}

/** Adds an account and returns what `accounts.create` answers. */
export async function addAccount(panel: BenchPanel, username: string): Promise<{ id: number; home_dir: string }> {
  const client = panel.admin();
  const password = "a password that nobody uses 1";
  const email = `${username}@example.com`;
  const answer = await client.post("accounts/create", { username, password, email, domain: `${username}.example.com` });
  client.close();
  if (answer.status !== 200) throw new Error(`no account: ${answer.text}\n${panel.output}`);
  return answer.body.data;
}

/** Processes whose command line holds a text. */
export function processesWith(text: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return command.includes(text) ? [{ pid: Number(pid), command }] : [];
      } catch {
        return [];
      }
    });
}
