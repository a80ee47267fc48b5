import { accountDeprovision, accountStateChanged } from "@patchbay/accounts/contract";
import { definePlugin, defineProvider, HostInfo } from "@patchbay/sdk";
import { PhpPools, type PhpPoolUnit, phpSlotId } from "./contract.ts";
import { phpMigrations } from "./migrations.ts";
import { createPhpPools } from "./pools.ts";
import { createFpmProvider } from "./provider.ts";
import { phpSlot, poolKey } from "./slot.ts";

export default definePlugin((to) => {
  to.migrations(phpMigrations);
  to.slot(phpSlot);
  to.provider(
    defineProvider<PhpPoolUnit>({
      slot: phpSlotId,
      id: "php-fpm",
      title: "PHP-FPM",
      create: (use) => createFpmProvider(use(HostInfo)),
    }),
  );
  to.service(PhpPools, (use) => createPhpPools(use(HostInfo)));
  to.tap(accountDeprovision, async ({ account, change }) => {
    const pools = change.use(PhpPools);
    for (const version of await pools.versions(change.read, account.id))
      await pools.release(change, account.id, version);
  });
  to.tap(accountStateChanged, async ({ account, change }) => {
    for (const version of await change.use(PhpPools).versions(change.read, account.id)) {
      change.intents.touch(phpSlotId, poolKey(account.username, version));
    }
  });
});
