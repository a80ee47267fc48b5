import { definePlugin } from "@patchbay/sdk";
import { migrations } from "./migrations.ts";
import { auditLog } from "./operations/audit-log.ts";
import { detect, installBackend, switchPreview } from "./operations/backends.ts";
import { saveOption, serverOptions } from "./operations/server-options.ts";
import { serviceAction } from "./operations/service-action.ts";
import { serverStats, systemStats } from "./operations/stats.ts";
import { version } from "./operations/version.ts";
import { settings } from "./options.ts";
import { collectSamples } from "./samples.ts";

const operations = [
  version,
  systemStats,
  serverStats,
  serverOptions,
  saveOption,
  switchPreview,
  detect,
  installBackend,
  serviceAction,
  auditLog,
];

/** The server itself: version, load, services, options with the backends they choose, and the audit log. */
export default definePlugin((to) => {
  to.migrations(migrations);
  to.schedule(collectSamples);
  for (const setting of settings) to.setting(setting);
  for (const operation of operations) to.operation(operation);
});
