import { dirname, join } from "node:path";
import { HelperError } from "../helper/errors.ts";
import { type ProgramResult, runProgram } from "../helper/program.ts";

/**
 * Why npm did not do it. `missing`: it is not installed. `late`: it took too long. `large`: what it fetched is over the limit.
 * `unknown`: the registry has no such package or version. `foreign`: it depends on a folder, a git repository or an address. `registry`: the registry cannot be reached. `failed`: anything else.
 */
export type NpmFailure = "missing" | "late" | "large" | "unknown" | "foreign" | "registry" | "failed";

export class NpmError extends Error {
  readonly reason: NpmFailure;
  /** What npm printed, its end. For the log. */
  readonly output: string;

  constructor(reason: NpmFailure, output = "") {
    super(`npm: ${reason}`);
    this.name = "NpmError";
    this.reason = reason;
    this.output = output;
  }
}

export interface NpmInstallOptions {
  /** Folder with a package.json of its own, in which `node_modules` is made. */
  readonly folder: string;
  /** npm's home: its configuration (`.npmrc`, which registry) and its cache are there. */
  readonly home: string;
  /** Asked twice a second; true ends npm with `large`. */
  readonly isTooLarge: () => Promise<boolean>;
}

/** What is named on the command line may be a folder or a tarball; what it depends on comes from the registry. */
const fromRegistry = ["--allow-git=none", "--allow-remote=none", "--allow-file=root", "--allow-directory=root"];
const installMs = 100_000;
const listMs = 30_000;
const keepBytes = 64 * 1024;
const watchMs = 500;

/**
 * Puts a package and what it needs into a folder, and runs nothing of it. `spec`: an absolute path of a folder or tarball, or
 * a name with an optional version. Takes at most 100 s. Rejects with NpmError.
 */
export async function npmInstall(spec: string, { folder, home, isTooLarge }: NpmInstallOptions): Promise<void> {
  const flags = ["--ignore-scripts", "--install-links", "--omit=dev", "--legacy-peer-deps", "--no-audit", "--no-fund"];
  const quiet = ["--no-bin-links", "--no-package-lock", "--no-update-notifier", "--loglevel=error"];
  const ending = new AbortController();
  const watch = setInterval(() => {
    isTooLarge().then(
      (tooLarge) => tooLarge && ending.abort(),
      () => {},
    );
  }, watchMs);
  try {
    await npm(["install", ...flags, ...quiet, ...fromRegistry, "--", spec], {
      cwd: folder,
      timeoutMs: installMs,
      env: { ...environment(), HOME: home, npm_config_cache: join(home, "npm-cache") },
      signal: ending.signal,
    });
  } finally {
    clearInterval(watch);
  }
}

/** Paths of the files npm would put into the package of this folder. Runs nothing of it. Rejects with NpmError. */
export async function npmPackList(folder: string): Promise<readonly string[]> {
  const home = process.env["HOME"];
  const { output } = await npm(["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"], {
    cwd: folder,
    timeoutMs: listMs,
    env: { ...environment(), ...(home === undefined ? {} : { HOME: home }) },
    keepBytes: 8 * 1024 * 1024,
  });
  const [packed] = JSON.parse(output) as { files: { path: string }[] }[];
  return (packed?.files ?? []).map(({ path }) => path);
}

function environment(): Record<string, string> {
  return { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`, LANG: "C", NO_COLOR: "1" };
}

async function npm(args: readonly string[], options: Parameters<typeof runProgram>[1]): Promise<ProgramResult> {
  const result = await runProgram(["npm", ...args], { keepBytes, ...options }).catch((error: unknown) => {
    if (options.signal?.aborted) throw new NpmError("large");
    if (!(error instanceof HelperError)) throw error;
    throw new NpmError(error.message.endsWith("is not installed") ? "missing" : "late");
  });
  if (result.code === 0) return result;
  throw new NpmError(reasonOf(result.errors), `${result.output}${result.errors}`.slice(-8192));
}

/** npm says in a word of its own what went wrong. */
function reasonOf(errors: string): NpmFailure {
  const code = /^npm (?:error|ERR!) code (\S+)/m.exec(errors)?.[1] ?? "";
  if (["E404", "ETARGET", "ENOVERSIONS"].includes(code)) return "unknown";
  if (code.startsWith("EALLOW")) return "foreign";
  return /^(?:ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|E5\d\d|ERR_SOCKET|E401|E403|CERT_|UNABLE_)/.test(code)
    ? "registry"
    : "failed";
}
