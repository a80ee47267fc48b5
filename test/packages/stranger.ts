import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { checkout } from "../harness/checkout.ts";

/** How a command of a stranger ended. */
export interface Ran {
  readonly code: number | string;
  /** Both outputs. */
  readonly text: string;
}

/** Modules with code that is compiled on the machine. */
const compiled = ["sqlite3", "better-sqlite3"];

/** Somebody on another machine: an empty directory, the two packed tarballs, and npm. */
export class Stranger {
  readonly dir: string;
  readonly sdk: string;
  readonly kernel: string;

  private constructor(dir: string, tarballs: { readonly sdk: string; readonly kernel: string }) {
    this.dir = dir;
    this.sdk = tarballs.sdk;
    this.kernel = tarballs.kernel;
  }

  /** Packs the checkout, and gives the tarballs to a stranger. */
  static async arrive(): Promise<Stranger> {
    const packed = await run(checkout, process.execPath, ["bootstrap/main.mjs", "pack"]);
    if (packed.code !== 0) throw new Error(`the checkout cannot be packed:\n${packed.text}`);
    const dir = mkdtempSync(join(tmpdir(), "patchbay-stranger-"));
    // As root the panel runs as users of its own, who must get to its files.
    chmodSync(dir, 0o755);
    const take = (name: string) => {
      const file = tarball(name);
      copyFileSync(join(checkout, "dist/packages", file), join(dir, file));
      return join(dir, file);
    };
    return new Stranger(dir, { sdk: take("sdk"), kernel: take("kernel") });
  }

  /** Runs a program in a folder of the stranger. */
  run(folder: string, program: string, ...args: readonly string[]): Promise<Ran> {
    return run(join(this.dir, folder), program, args);
  }

  /** As `run`; rejects with the outputs when it fails. */
  async must(folder: string, program: string, ...args: readonly string[]): Promise<string> {
    const { code, text } = await this.run(folder, program, ...args);
    if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${text}`);
    return text;
  }

  /** Copies the sources of one of our examples, and installs what it needs. Resolves with its folder. */
  async takeExample(name: string): Promise<string> {
    const folder = join(this.dir, name);
    // What a build or an installation leaves is not part of an example.
    const isSource = (path: string) => !["node_modules", "dist", "package-lock.json"].includes(basename(path));
    cpSync(join(checkout, "examples", name), folder, { recursive: true, filter: isSource });
    await this.install(name, this.sdk, this.kernel);
    return folder;
  }

  /**
   * npm install, without compiling: what the install scripts of the database drivers would compile within two minutes is taken
   * from the checkout, where they ran. That they work on a new machine is seen by whoever sets up the checkout.
   */
  async install(folder: string, ...packages: readonly string[]): Promise<void> {
    await this.must(
      folder,
      "npm",
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      ...packages,
    );
    for (const name of compiled) {
      const [from, to] = [checkout, join(this.dir, folder)].map((base) => join(base, "node_modules", name));
      if (from === undefined || to === undefined || !existsSync(to)) continue;
      const built = "build/Release";
      mkdirSync(join(to, built), { recursive: true });
      const files = existsSync(join(from, built)) ? readdirSync(join(from, built)) : [];
      for (const file of files.filter((one) => one.endsWith(".node"))) {
        copyFileSync(join(from, built, file), join(to, built, file));
      }
    }
  }

  /**
   * The environment of a terminal in which the stranger types commands. Its `npm install` compiles nothing either: what the
   * database drivers need is copied, as by `install`.
   */
  terminal(): NodeJS.ProcessEnv {
    const bin = join(this.dir, ".bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "npm"), npmWithoutCompiler(environment().PATH ?? ""), { mode: 0o755 });
    return { ...environment(), PATH: `${bin}:${environment().PATH}` };
  }

  leave(): void {
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function tarball(name: string): string {
  const found = readdirSync(join(checkout, "dist/packages")).filter(
    (file) => file.startsWith(`patchbay-${name}-`) && file.endsWith(".tgz"),
  );
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} tarballs of ${name}`);
  return found[0];
}

function run(cwd: string, program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd, env: environment(), maxBuffer: 32 * 2 ** 20 };
    const child = execFile(program, args, options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? child.signalCode ?? -1, text: `${stdout}${stderr}` }),
    );
  });
}

/** Nothing of the run this test is part of may reach the stranger's own. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME, npm_config_registry: registry } = process.env;
  return { PATH, HOME, ...(registry === undefined ? {} : { npm_config_registry: registry }) };
}

/** The `npm` of a terminal. `path`: where the real one is found. */
function npmWithoutCompiler(path: string): string {
  const copies = compiled.map((name) => {
    const [from, to] = [join(checkout, "node_modules", name), join("node_modules", name)].map(
      (at) => `${at}/build/Release`,
    );
    return `if [ -d "node_modules/${name}" ] && [ -d "${from}" ]; then mkdir -p "${to}" && cp "${from}"/*.node "${to}/"; fi`;
  });
  return `#!/bin/sh
set -e
PATH="${path}"
[ "$1" = install ] || exec npm "$@"
npm "$@" --ignore-scripts --no-audit --no-fund --prefer-offline
${copies.join("\n")}
`;
}
