import { accountsSlotId } from "@patchbay/accounts/contract";
import { defineSlot, type ExecutingProvider, executeEach, type HostAccounts } from "@patchbay/sdk";
import * as v from "valibot";

export const webRootSlotId = "web-root";

const unit = v.strictObject({
  account: v.strictObject({ username: v.string(), uid: v.number(), home: v.string(), suspended: v.boolean() }),
  /** Document root, relative to the home. */
  path: v.string(),
});

export type WebRootUnit = v.InferOutput<typeof unit>;

interface RootRow {
  readonly name: string;
  readonly document_root: string;
  readonly username: string;
  readonly uid: number;
  readonly home: string;
  readonly status: string;
}

const loadSql = `SELECT d.name, d.document_root, a.username, a.uid, a.home, a.status
FROM domains d JOIN accounts a ON a.id = d.account_id
WHERE d.document_root IS NOT NULL AND d.name IN (SELECT value FROM json_each(?))`;

const keysSql = "SELECT name FROM domains WHERE document_root IS NOT NULL AND name > ? ORDER BY name LIMIT ?";

/** The directory of each site, keyed by its domain. It must be there before a web server serves it. */
export const webRootSlot = defineSlot<WebRootUnit>({
  id: webRootSlotId,
  title: "Directories of sites",
  option: null,
  unit,
  after: [accountsSlotId],
  load: async (read, keys) => {
    const rows = await read.all<RootRow>(loadSql, [JSON.stringify(keys)]);
    return new Map(rows.map((row) => [row.name, toUnit(row)]));
  },
  keys: async (read, after, limit) => {
    const rows = await read.all<{ name: string }>(keysSql, [after, limit]);
    return rows.map((row) => row.name);
  },
});

function toUnit({ document_root: root, home, status, uid, username }: RootRow): WebRootUnit {
  return {
    account: { username, uid, home, suspended: status === "suspended" },
    path: root.slice(home.length + 1),
  };
}

/** Makes the directories, as the account. It never takes one away: what is in it is the tenant's. */
export function createHomeProvider(accounts: HostAccounts): ExecutingProvider<WebRootUnit> {
  return {
    kind: "execute",
    audit: () => [],
    execute: executeEach({
      apply: (_key, { account, path }) => accounts.makeDirectory(account, path),
      remove: async () => {},
    }),
    // A directory that the tenant moved away is the tenant's choice.
    drifted: async () => [],
  };
}
