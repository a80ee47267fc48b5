import { bundleIsFresh, ensureBundle } from "./bundle.mjs";
import { dependenciesAreFresh, ensureDependencies } from "./dependencies.mjs";
import { withSetupLock } from "./setup-lock.mjs";
import { ensureSystemPackages, listMissingPackages, listMissingTools } from "./system-packages.mjs";

/**
 * Brings the checkout up to date and returns at once when it is. `daemons: true` also installs the system packages the
 * plugins need, `tools: true` those of the tests too. Throws SetupError.
 */
export async function setUp({ daemons = false, tools = false } = {}) {
  const installs = (daemons && listMissingPackages().length > 0) || (tools && listMissingTools().length > 0);
  if (!installs && dependenciesAreFresh() && bundleIsFresh()) return;
  await withSetupLock(async () => {
    // Asked again: whoever held the lock may have done it.
    if (!dependenciesAreFresh()) await ensureDependencies();
    if (!bundleIsFresh()) await ensureBundle();
    if (daemons) await ensureSystemPackages({ tools });
  });
}
