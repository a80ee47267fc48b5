/**
 * Entry of the tenant worker: a short-lived process that already is the account, with the home as its directory and an
 * empty environment. One job as JSON on standard input, one answer as JSON on standard output. Root never works inside a
 * home, so no link that is planted there can lead root anywhere.
 */
import { readFileSync, writeSync } from "node:fs";
import * as v from "valibot";
import { runTenantJob, tenantJob } from "./tenant-jobs.ts";

function answer(): object {
  try {
    return { ok: runTenantJob(v.parse(tenantJob, JSON.parse(readFileSync(0, "utf8")))) };
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return { error: { code: code ?? "", message: message ?? "" } };
  }
}

process.umask(0o022);
writeSync(1, JSON.stringify(answer()));
