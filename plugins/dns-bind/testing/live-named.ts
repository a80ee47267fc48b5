import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DnsUnit } from "@patchbay/dns/contract";
import type { ExecutingProvider, HostInfo, Rendered, UnitChange, Vault } from "@patchbay/sdk";
import { freePorts } from "../../../test/harness/ports.ts";
import { createWire, probeDns } from "../../../test/harness/wire.ts";
import { type Keys, keyStatement, keysFrom } from "../keys.ts";
import { createBindProvider } from "../provider.ts";
import { createTestStateFiles } from "./state-files.ts";

const grant = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).patchbay.grants.services
  .named;

const vault: Vault = {
  seal: (_context, text) => text,
  open: (_context, sealed) => sealed,
  derive: (label) => createHash("sha256").update(label).digest(),
};

/** A named of a test, configured by the provider and run as its grant says. */
export class LiveNamed {
  readonly root = mkdtempSync(join(tmpdir(), "patchbay-named-"));
  readonly info: HostInfo;
  readonly keys: Keys = keysFrom(vault);
  readonly provider: ExecutingProvider<DnsUnit>;
  /** Milliseconds the panel's clock is ahead. */
  ahead = 0;
  secondaries = "";
  #generation = 0;
  #process: ChildProcess | undefined;

  constructor(ports: HostInfo["ports"]) {
    const path = (name: string) => join(this.root, name);
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    this.info = {
      kind: "sandbox",
      address: "127.0.0.1",
      ports,
      paths: {
        etc: path("etc"),
        run: path("run"),
        log: path("log"),
        state: path("state"),
        homes: path("homes"),
        archive: path("archive"),
      },
      multiUser: false,
      accounts: { firstUid: 0, count: 0 },
      web: own,
      phpVersions: [],
    };
    for (const name of ["etc", "run", "log", "state"]) mkdirSync(path(`${name}/dns-bind`), { recursive: true });
    this.provider = createBindProvider({
      info: this.info,
      keys: this.keys,
      wire: createWire(this.info),
      clock: { now: () => Date.now() + this.ahead },
      state: createTestStateFiles(this.directory("state")),
      secondaries: () => this.secondaries,
    });
  }

  static async create(): Promise<LiveNamed> {
    const { services } = await freePorts();
    const unused = { http: 0, https: 0, smtp: 0, submission: 0, imap: 0, imaps: 0, ftp: 0, mysql: 0, postgresql: 0 };
    return new LiveNamed({ ...unused, dns: services + 53, "dns-control": services + 953 });
  }

  directory(kind: "etc" | "run" | "log" | "state"): string {
    return join(this.info.paths[kind], "dns-bind");
  }

  /** Writes base and generation, has them tested, and starts or reloads. Resolves when the probe holds. */
  async apply(): Promise<void> {
    this.#generation += 1;
    const base = this.provider.base?.({ role: "front", ports: { http: 0, https: 0 } }) ?? {};
    const generation = this.provider.generation?.(this.#generation) ?? {};
    this.write(base, generation);
    const tested = this.test(this.directory("etc"));
    if (tested.status !== 0) throw new Error(`named-checkconf: ${tested.stdout}`);
    if (this.#process === undefined) this.#start();
    else this.hup();
    await this.until(async () => (await this.probe(generation)) === true);
  }

  hup(): void {
    this.#process?.kill("SIGHUP");
  }

  /** The probe of what `generation` rendered, asked as the kernel does. */
  async probe({ probes }: Rendered): Promise<boolean> {
    const [probe] = probes ?? [];
    if (probe?.kind !== "dns") throw new Error("no probe of DNS");
    return probeDns(this.info, probe, new AbortController().signal);
  }

  test(tree: string) {
    const [program, words] = this.#fill(grant.test, tree);
    return spawnSync(program, words, { encoding: "utf8", cwd: "/" });
  }

  execute(...changes: readonly UnitChange<DnsUnit>[]) {
    return this.provider.execute(changes, new AbortController().signal);
  }

  /** What `dig` prints. */
  dig(...words: readonly string[]): string {
    const { stdout } = this.run("dig", ["@127.0.0.1", "-p", `${this.info.ports.dns}`, "+norec", "+tries=1", ...words]);
    return stdout.trim();
  }

  short(name: string, type: string): string[] {
    return this.dig("+short", name, type).split("\n").filter(Boolean).sort();
  }

  /** A command of BIND's own tool for the control channel. */
  rndc(...words: readonly string[]) {
    const file = join(this.root, "rndc.conf");
    const { name } = this.keys.control;
    const server = `default-server 127.0.0.1; default-port ${this.info.ports["dns-control"]};`;
    writeFileSync(file, `${keyStatement(this.keys.control)}options { default-key "${name}"; ${server} };\n`);
    return this.run("rndc", ["-c", file, ...words]);
  }

  /** A key as the tools take it, `hmac-sha256:name:secret`. */
  keyWord(use: keyof Keys): string {
    const { name, secret } = this.keys[use];
    return `hmac-sha256:${name}:${Buffer.from(secret).toString("base64")}`;
  }

  run(program: string, words: readonly string[], input = "") {
    return spawnSync(program, words, { encoding: "utf8", input });
  }

  async until(check: () => Promise<boolean> | boolean, ms = 20_000): Promise<void> {
    const end = Date.now() + ms;
    while (!(await Promise.resolve(check()).catch(() => false))) {
      if (Date.now() > end) throw new Error(`named did not come to the expected state\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  log(): string {
    return readFileSync(join(this.directory("log"), "named.log"), "utf8");
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await gone;
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.root, { recursive: true, force: true });
  }

  #start(): void {
    const [program, words] = this.#fill(grant.argv, this.directory("etc"));
    this.#process = spawn(program, words, { stdio: "ignore", env: {}, cwd: "/" });
  }

  #fill(argv: readonly string[], tree: string): [string, string[]] {
    const [program = "", ...words] = argv.map((word) =>
      word.replace("{tree}", tree).replace("{log}", this.directory("log")),
    );
    return [program, words];
  }

  /** Puts files into the tree, untested. */
  write(...rendered: readonly Rendered[]): void {
    for (const file of rendered.flatMap(({ files }) => files ?? [])) {
      const path = join(this.directory("etc"), file.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file.content);
    }
  }
}
