import { Clock, definePlugin, HostAccounts, Logger } from "@patchbay/sdk";
import { accountsSlot } from "./account-slot.ts";
import { DiskUsage, DiskUsageToken } from "./disk-usage.ts";
import { hostProvider } from "./host-provider.ts";
import { diskMeter, packageLimits } from "./limits.ts";
import { migrations } from "./migrations.ts";
import { accountStats, accountUsage } from "./operations/account-usage.ts";
import { changeAccountPassword } from "./operations/change-account-password.ts";
import { createAccount } from "./operations/create-account.ts";
import { getAccount } from "./operations/get-account.ts";
import { impersonateAccount } from "./operations/impersonate-account.ts";
import { listAccounts } from "./operations/list-accounts.ts";
import { createPackage, deletePackage, listPackages, updatePackage } from "./operations/packages.ts";
import { createReseller, deleteReseller, listResellers, updateReseller } from "./operations/resellers.ts";
import { suspendAccount, unsuspendAccount } from "./operations/suspend-account.ts";
import { terminateAccount } from "./operations/terminate-account.ts";
import { updateAccount } from "./operations/update-account.ts";
import { accountOfUser, accountType } from "./ownership.ts";
import { archiveDays, archivePrune, diskRefresh } from "./schedules.ts";

const operations = [
  listAccounts,
  getAccount,
  createAccount,
  updateAccount,
  suspendAccount,
  unsuspendAccount,
  terminateAccount,
  changeAccountPassword,
  impersonateAccount,
  accountUsage,
  accountStats,
  listPackages,
  createPackage,
  updatePackage,
  deletePackage,
  listResellers,
  createReseller,
  updateReseller,
  deleteReseller,
];

/** Hosting accounts, resellers and packages. */
export default definePlugin((to) => {
  to.migrations(migrations);
  to.object(accountType);
  to.accountOfUser(accountOfUser);
  to.limits(packageLimits);
  to.meter(diskMeter);
  to.slot(accountsSlot);
  to.provider(hostProvider);
  to.setting(archiveDays);
  to.service(DiskUsageToken, (use) => new DiskUsage(use(HostAccounts), use(Clock), use(Logger)));
  to.schedule(diskRefresh);
  to.schedule(archivePrune);
  for (const operation of operations) to.operation(operation);
});
