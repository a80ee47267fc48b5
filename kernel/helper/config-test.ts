import type { Owner } from "./durable.ts";
import { HelperError } from "./errors.ts";
import { type GrantedService, serviceLabel } from "./grants.ts";
import { runProgram } from "./program.ts";

const timeoutMs = 60_000;

/**
 * Lets a daemon judge a tree with its own configuration test, which is run in that tree. Throws `invalid` with what it
 * printed when it refuses, and `unavailable` when the program is missing or does not end.
 */
export async function testConfiguration(service: GrantedService, tree: string, as: Owner | undefined): Promise<void> {
  const { code, output, errors } = await runProgram(service.testArgv(tree), { as, cwd: tree, timeoutMs });
  if (code === 0) return;
  const printed = `${output}${errors}`.slice(-8192);
  throw new HelperError("invalid", `${serviceLabel(service.name)} refuses the configuration`, printed);
}
