import { definePlugin } from "@patchbay/sdk";
import { migrations } from "./migrations.ts";
import { auditLog } from "./operations/audit-log.ts";
import { saveOption, serverOptions } from "./operations/server-options.ts";
import { serviceAction } from "./operations/service-action.ts";
import { serverStats, systemStats } from "./operations/stats.ts";
import { version } from "./operations/version.ts";
import { settings } from "./options.ts";
import { collectSamples } from "./samples.ts";

/** The server itself: version, load, services, options and the audit log. */
export default definePlugin((to) => {
  to.migrations(migrations);
  to.schedule(collectSamples);
  for (const setting of settings) to.setting(setting);
  for (const operation of [version, systemStats, serverStats, serverOptions, saveOption, serviceAction, auditLog]) {
    to.operation(operation);
  }
});
