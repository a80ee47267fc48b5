import * as v from "valibot";
import type { Owner } from "./durable.ts";
import { HelperError } from "./errors.ts";
import { runProgram } from "./program.ts";
import { type TenantDone, type TenantJob, tenantResult } from "./tenant-jobs.ts";

const refusals: Readonly<Record<string, string>> = {
  ENOTDIR: "a part of the path is not a directory",
  EACCES: "the account may not write there",
  EPERM: "the account may not write there",
  ENAMETOOLONG: "the path is too long",
};
const shortages = new Set(["ENOSPC", "EDQUOT", "EIO", "EROFS", "ENOMEM"]);

/**
 * Runs one job in a home, in a process that is the account. `as` undefined: as the helper's own user. Throws `invalid` for
 * what the contents of the home forbid, `unavailable` when the disk is full or the job does not end in time.
 */
export async function runTenant(
  entry: string,
  at: { readonly home: string; readonly as: Owner | undefined },
  job: TenantJob,
  timeoutMs: number,
): Promise<TenantDone> {
  const input = JSON.stringify(job);
  const { output, errors } = await runProgram([process.execPath, entry], { as: at.as, cwd: at.home, input, timeoutMs });
  const parsed = v.safeParse(tenantResult, parseJson(output));
  if (!parsed.success) throw new HelperError("unavailable", "the worker of the account did not answer", errors);
  if ("ok" in parsed.output) return parsed.output.ok;
  const { code, message } = parsed.output.error;
  throw refusal(code, message);
}

const complaints: readonly (readonly [string, string])[] = [
  ["Not a directory", "ENOTDIR"],
  ["File exists", "ENOTDIR"],
  ["Permission denied", "EACCES"],
  ["Operation not permitted", "EPERM"],
  ["File name too long", "ENAMETOOLONG"],
  ["No space left", "ENOSPC"],
  ["quota exceeded", "EDQUOT"],
  ["Read-only file system", "EROFS"],
];

/**
 * Makes a directory below a home, and its parents with 0755, as the account, by the system's own programs: they are there twenty times
 * as fast as a process of ours. A path with a link in it is refused; one that is put there just then leads only to where
 * the account may write anyway. Throws as `runTenant`.
 */
export async function makeDirectories(
  at: { readonly home: string; readonly as: Owner | undefined },
  path: string,
  { mode, timeoutMs }: { readonly mode: string; readonly timeoutMs: number },
): Promise<void> {
  const run = (argv: readonly string[]) =>
    runProgram(argv, { as: at.as, cwd: at.home, env: { LC_ALL: "C" }, timeoutMs });
  const real = await run(["/usr/bin/realpath", "-m", "-z", "--relative-to=.", "--", path]);
  if (real.output !== `${path}\0`) throw refusal("ENOTDIR", real.errors);
  const { code, errors } = await run(["/bin/mkdir", "-p", "-m", mode, "--", path]);
  if (code === 0) return;
  throw refusal(complaints.find(([words]) => errors.includes(words))?.[1] ?? "", errors);
}

function refusal(code: string, message: string): HelperError {
  if (shortages.has(code))
    return new HelperError("unavailable", "the disk of the account is full or does not work", message);
  return new HelperError("invalid", refusals[code] ?? "the work in the home failed", message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
