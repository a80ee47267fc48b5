import type { HostAccounts } from "@patchbay/sdk";
import type { HelperClient } from "./types.ts";

const longMs = 45 * 60_000;

/** OS accounts through the helper. Archiving and counting a home take as long as the home is large. */
export function createHostAccounts(client: HelperClient): HostAccounts {
  return {
    ensure: async (account) => {
      await client.call("account.ensure", { ...account });
    },
    remove: async (account) => {
      await client.call("account.remove", { ...account }, { timeoutMs: longMs });
    },
    matches: async (account) => (await client.call("account.matches", { ...account })).matches,
    makeDirectory: async (account, path) => {
      await client.call("account.make-directory", { account: { ...account }, path });
    },
    usage: (account) => client.call("account.usage", { ...account }, { timeoutMs: longMs }),
    pruneArchive: async (days) => (await client.call("archive.prune", { days })).removed,
  };
}
