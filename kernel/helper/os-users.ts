import { readFileSync } from "node:fs";
import { HelperError } from "./errors.ts";
import { findUser } from "./identity.ts";
import { runProgram } from "./program.ts";

/** The parts of an account that a user of the machine has. */
export interface OsUser {
  readonly username: string;
  readonly uid: number;
  readonly home: string;
  readonly suspended: boolean;
}

const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C" };
const userMissing = 6;
// Day 1 of 1970 is long over: no login, no cron, no FTP.
const suspendedSince = "1";

/** Creates the user, or mends its expiry. Throws `conflict` when the name or the uid belongs to somebody else. */
export async function ensureOsUser(user: OsUser): Promise<void> {
  const found = findUser(user.username);
  if (found !== undefined && (found.uid !== user.uid || found.home !== user.home)) {
    throw new HelperError("conflict", `the system user ${user.username} is not the panel's`);
  }
  if (found === undefined) {
    const identity = ["-M", "-U", "-u", String(user.uid), "-s", "/usr/sbin/nologin", "-d", user.home];
    await runUserTool(["/usr/sbin/useradd", ...identity, user.username]);
  }
  if (isExpired(user.username) === user.suspended) return;
  await runUserTool(["/usr/sbin/usermod", "-e", user.suspended ? suspendedSince : "", user.username]);
}

/** Removes the user and its group; succeeds when there is none. The home stays. */
export async function removeOsUser(user: OsUser): Promise<void> {
  const found = findUser(user.username);
  if (found === undefined) return;
  if (found.uid !== user.uid) throw new HelperError("conflict", `the system user ${user.username} is not the panel's`);
  await runUserTool(["/usr/sbin/userdel", user.username], [userMissing]);
}

/** True when the user is there as wanted. */
export function matchesOsUser(user: OsUser): boolean {
  const found = findUser(user.username);
  return found?.uid === user.uid && found.home === user.home && isExpired(user.username) === user.suspended;
}

/** A system user for the panel itself, without login. */
export async function ensureSystemUser(username: string): Promise<void> {
  if (findUser(username) !== undefined) return;
  await runUserTool([
    "/usr/sbin/useradd",
    "--system",
    "-M",
    "-U",
    "-s",
    "/usr/sbin/nologin",
    "-d",
    "/nonexistent",
    username,
  ]);
}

function isExpired(username: string): boolean {
  const line = readFileSync("/etc/shadow", "utf8")
    .split("\n")
    .find((text) => text.startsWith(`${username}:`));
  return line?.split(":")[7] === suspendedSince;
}

async function runUserTool(argv: readonly string[], also: readonly number[] = []): Promise<void> {
  const { code, errors } = await runProgram(argv, { env: environment, timeoutMs: 60_000 });
  if (code === 0 || (code !== null && also.includes(code))) return;
  throw new HelperError("unavailable", "the system user cannot be changed", errors);
}
