import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Rendered, ServerCertificate } from "@patchbay/sdk";
import { makeCertificate } from "@patchbay/sdk/conformance";

const { patchbay } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const { argv, test } = patchbay.grants.services.lighttpd as { argv: string[]; test: string[] };

const own = makeCertificate(["own.invalid"]);
/** The certificate that is shown for names that nobody has. */
export const ownCertificate: ServerCertificate = { privateKey: own.private_key, certificate: own.certificate };

/** A directory of its own with real lighttpd, run as the manifest says. */
export class TestLighttpd {
  readonly root = mkdtempSync(join(tmpdir(), "patchbay-lighttpd-"));
  /** Where the panel starts and tests it. */
  readonly #tree = join(this.root, "etc/web-lighttpd");
  #end: () => Promise<unknown> = async () => {};

  constructor() {
    for (const path of ["log", "state", "etc"]) mkdirSync(join(this.root, path, "web-lighttpd"), { recursive: true });
  }

  /** Writes a new certificate for this name where `testSite` has it. */
  certify(name: string): void {
    const { certificate, private_key } = makeCertificate([name]);
    this.#put(`certificates/00/${name}.pem`, `${private_key}\n${certificate}`);
  }

  write(...rendered: readonly Rendered[]): void {
    for (const { files = [] } of rendered)
      for (const { path, content } of files) this.#put(`web-lighttpd/${path}`, content);
  }

  #put(path: string, content: string): void {
    mkdirSync(dirname(join(this.root, "etc", path)), { recursive: true });
    writeFileSync(join(this.root, "etc", path), content);
  }

  /** Runs the manifest's test. */
  test(): { status: number | null; output: string } {
    const [program = "", ...words] = test;
    const { status, stdout, stderr } = spawnSync(program, words, { cwd: this.#tree, encoding: "utf8" });
    return { status, output: `${stdout}${stderr}` };
  }

  /** Resolves when `isUp` does so with true. */
  async start(isUp: () => Promise<boolean>): Promise<void> {
    const [program = "", ...words] = argv;
    const child = spawn(program, words, { cwd: this.#tree, stdio: "ignore" });
    const gone = new Promise((resolve) => child.once("exit", resolve));
    this.#end = () => {
      child.kill("SIGTERM");
      return gone;
    };
    for (const end = Date.now() + 10_000; !(await isUp().catch(() => false)); await sleep(20))
      if (Date.now() > end) throw new Error("lighttpd did not come up");
  }

  async stop(): Promise<void> {
    await this.#end();
    rmSync(this.root, { recursive: true });
  }
}
