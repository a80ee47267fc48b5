import { defineProvider, type ExecutingProvider, executeEach, HostAccounts, type UnitDrift } from "@patchbay/sdk";
import type { AccountUnit } from "./account-slot.ts";
import { accountsSlotId } from "./contract.ts";

/** Serves the accounts slot with users of the host. */
export const hostProvider = defineProvider<AccountUnit>({
  slot: accountsSlotId,
  id: "host",
  title: "Users of this host",
  create: (use) => createHostProvider(use(HostAccounts)),
});

/** Removal moves the home into the archive, so that nothing of a tenant is lost by a mistake. */
export function createHostProvider(host: HostAccounts): ExecutingProvider<AccountUnit> {
  return {
    kind: "execute",
    audit: () => [],
    execute: executeEach({
      apply: async (_key, unit, previous) => {
        // Another uid under the same name is another tenant: it must not inherit the files of the one before.
        if (previous && previous.uid !== unit.uid) await host.remove(previous);
        await host.ensure(unit);
      },
      remove: (_key, previous) => host.remove(previous),
    }),
    drifted: async (units, signal) => {
      const different: UnitDrift[] = [];
      for (const [key, unit] of units) {
        signal.throwIfAborted();
        if (!(await host.matches(unit))) different.push({ key, wanted: toText(unit), actual: "something else\n" });
      }
      return different;
    },
  };
}

function toText({ home, suspended, uid, username }: AccountUnit): string {
  return `user ${username}\nuid ${uid}\nhome ${home}\n${suspended ? "suspended" : "active"}\n`;
}
