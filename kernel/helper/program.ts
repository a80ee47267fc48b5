import { type ChildProcess, spawn } from "node:child_process";
import type { Owner } from "./durable.ts";
import { errorCode, HelperError } from "./errors.ts";
import { killGroup, readProcess } from "./processes.ts";

/** How a short-lived program is run. The environment is never inherited. */
export interface ProgramOptions {
  /** Identity; undefined: that of the helper. */
  readonly as?: Owner | undefined;
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Text for its standard input. */
  readonly input?: string;
  /** File descriptor for its standard output instead of `output`. */
  readonly stdout?: number;
  /** Bytes of output that are kept, the last ones. Default 8 KiB. */
  readonly keepBytes?: number;
  /** Ends it early, as if its time were over. */
  readonly signal?: AbortSignal;
}

export interface ProgramResult {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  /** Standard output. */
  readonly output: string;
  /** Standard error. */
  readonly errors: string;
}

/**
 * Runs a program to its end. Throws `unavailable` when it is not installed or does not end in time; then it and its
 * children are killed.
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new HelperError("terminal", "no program is named");
  const child = spawn(program, args, {
    cwd: options.cwd ?? "/",
    env: { ...options.env },
    stdio: ["pipe", options.stdout ?? "pipe", "pipe"],
    detached: true,
    ...(options.as === undefined ? {} : options.as),
  });
  const keep = options.keepBytes ?? 8192;
  const output = collect(child.stdout, keep);
  const errors = collect(child.stderr, keep);
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  const code = await ended(child, program, options);
  return { code, output: output(), errors: errors() };
}

function ended(child: ChildProcess, program: string, { timeoutMs, signal }: ProgramOptions): Promise<number | null> {
  const startTime = readProcess(child.pid ?? 0)?.startTime;
  return new Promise((resolve, reject) => {
    let late = false;
    const kill = () => {
      late = true;
      if (child.pid !== undefined && startTime !== undefined) killGroup(child.pid, startTime);
    };
    const timer = setTimeout(kill, timeoutMs);
    signal?.addEventListener("abort", kill, { once: true });
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(spawnError(program, error));
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", kill);
      if (late) reject(new HelperError("unavailable", `${program} did not end in time`));
      else resolve(code);
    });
  });
}

/** The answer to a program that could not be started. */
export function spawnError(program: string, error: unknown): Error {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "EACCES") return new HelperError("unavailable", `${program} is not installed`);
  return error instanceof Error ? error : new Error(String(error));
}

function collect(stream: NodeJS.ReadableStream | null, keep: number): () => string {
  let kept = Buffer.alloc(0);
  stream?.on("data", (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    if (kept.length > keep) kept = kept.subarray(kept.length - keep);
  });
  return () => kept.toString("utf8");
}
