/** Runs the real helper as a process of its own, with a kernel that only passes its line on to the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PrivilegedOutput } from "@patchbay/sdk/privileged";
import { rolldown } from "rolldown";
import { readJson } from "../../helper/durable.ts";
import type { HelperOptions, ManifestLike } from "../../helper/options.ts";
import { killGroup } from "../../helper/processes.ts";
import { connectHelper } from "../helper-client.ts";
import type { HelperClient } from "../types.ts";

export interface RunningHelper {
  readonly client: HelperClient;
  readonly hello: PrivilegedOutput<"hello">;
  readonly pid: number;
  /** Line of the kernel, to write what no kernel writes. */
  readonly line: Socket;
  /** Exit code, or the signal. */
  readonly exited: Promise<number | string>;
  /** What it printed on standard error so far. */
  printed(): string;
  /** SIGTERM, and waits. */
  stop(): Promise<number | string>;
}

interface Registered {
  readonly services: readonly { readonly pid: number | null; readonly startTime: string }[];
}

/** One data directory, in which helpers are started one after the other. */
export class HelperRig {
  readonly base: string;
  readonly dataDir: string;
  readonly #manifests: readonly ManifestLike[];
  readonly #server: Server;
  readonly #helpers: ChildProcess[] = [];
  #epoch = 0;

  private constructor(base: string, manifests: readonly ManifestLike[], server: Server) {
    this.base = base;
    this.dataDir = join(base, "data");
    this.#manifests = manifests;
    this.#server = server;
  }

  static async create(manifests: readonly ManifestLike[]): Promise<HelperRig> {
    const base = mkdtempSync(join(tmpdir(), "patchbay-helper-"));
    chmodSync(base, 0o711);
    await bundle(base);
    const server = createServer();
    server.listen(join(base, "kernel.sock"));
    await once(server, "listening");
    chmodSync(join(base, "kernel.sock"), 0o777);
    return new HelperRig(base, manifests, server);
  }

  /** Starts a helper and says hello as the next kernel. `uid`: as this user instead of root. */
  async start(env: Readonly<Record<string, string>> = {}, uid?: number): Promise<RunningHelper> {
    const child = this.spawn(env, uid);
    const exited = exitOf(child);
    const printed = keepPrinted(child);
    const died = exited.then((code) => Promise.reject(new Error(`the helper ended (${code}): ${printed()}`)));
    died.catch(() => {});
    const line = await Promise.race([this.nextKernel(), died]);
    const { client, hello } = await this.hello(line);
    const stop = () => {
      child.kill("SIGTERM");
      return exited;
    };
    return { client, hello, pid: child.pid ?? 0, line, exited, printed, stop };
  }

  /** The line of the next kernel that starts. */
  async nextKernel(): Promise<Socket> {
    const [socket] = (await once(this.#server, "connection")) as [Socket];
    return socket;
  }

  hello(line: Socket): ReturnType<typeof connectHelper> {
    this.#epoch += 1;
    return connectHelper(line, { epoch: this.#epoch });
  }

  spawn(env: Readonly<Record<string, string>> = {}, uid?: number): ChildProcess {
    const options: HelperOptions = {
      dataDir: this.dataDir,
      host: "sandbox",
      manifests: this.#manifests,
      tenantEntry: join(this.base, "code", "tenant.mjs"),
      guests: {
        program: join(this.base, "code", "isolation", "guest.js"),
        bundled: join(this.base, "code", "plugins"),
      },
      kernel: {
        argv: [process.execPath, join(this.base, "code", "kernel.mjs")],
        env: { RIG_SOCKET: join(this.base, "kernel.sock") },
      },
    };
    const argv = [join(this.base, "code", "run.mjs"), JSON.stringify(options)];
    const child = spawn(process.execPath, argv, {
      stdio: ["ignore", "inherit", "pipe"],
      env: { ...process.env, ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#helpers.push(child);
    return child;
  }

  async stopHelpers(): Promise<void> {
    for (const child of this.#helpers) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  }

  /** Ends every helper with its daemons and removes all files. */
  async end(): Promise<void> {
    await this.stopHelpers();
    // Daemons outlive a helper that gave up.
    const { services } = (readJson(join(this.dataDir, "helper", "services.json")) ?? { services: [] }) as Registered;
    for (const { pid, startTime } of services) if (pid !== null) killGroup(pid, startTime);
    this.#server.close();
    rmSync(this.base, { recursive: true, force: true });
  }
}

export function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal ?? "")));
}

function keepPrinted(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  return () => text;
}

const kernel = `
import { Socket, connect } from "node:net";
const helper = new Socket({ fd: 3, readable: true, writable: true });
const test = connect(process.env.RIG_SOCKET);
helper.pipe(test);
test.pipe(helper);
for (const end of [helper, test]) end.on("error", () => process.exit(0)).on("close", () => process.exit(0));
`;

const run = `
import { runHelper } from "./main.mjs";
runHelper(JSON.parse(process.argv[2])).then(
  (code) => process.exit(code),
  (error) => { process.stderr.write(error.message + "\\n"); process.exit(3); },
);
`;

async function bundle(base: string): Promise<void> {
  const code = join(base, "code");
  mkdirSync(code);
  const helper = fileURLToPath(new URL("../../helper/", import.meta.url));
  for (const name of ["main", "tenant"]) {
    const input = join(helper, `${name}.ts`);
    const build = await rolldown({
      input,
      platform: "node",
      resolve: { conditionNames: ["source", "node", "import"] },
    });
    await build.write({ file: join(code, `${name}.mjs`), format: "esm" });
    await build.close();
  }
  writeFileSync(join(code, "kernel.mjs"), kernel);
  writeFileSync(join(code, "run.mjs"), run);
}
