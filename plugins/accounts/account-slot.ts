import { defineSlot, type Read } from "@patchbay/sdk";
import * as v from "valibot";
import { type AccountRow, accountsSlotId, hostAccount } from "./contract.ts";

const unit = v.strictObject({
  username: v.string(),
  uid: v.number(),
  home: v.string(),
  suspended: v.boolean(),
});

/** Desired state of one OS account. */
export type AccountUnit = v.InferOutput<typeof unit>;

/** OS accounts, one per row of `accounts`, keyed by user name. */
export const accountsSlot = defineSlot<AccountUnit>({
  id: accountsSlotId,
  title: "OS accounts",
  option: null,
  unit,
  after: [],
  load: loadUnits,
  keys: async (read, after, limit) => {
    const rows = await read.all<{ username: string }>(
      "SELECT username FROM accounts WHERE username > ? ORDER BY username LIMIT ?",
      [after, limit],
    );
    return rows.map((row) => row.username);
  },
});

async function loadUnits(read: Read, keys: readonly string[]): Promise<ReadonlyMap<string, AccountUnit>> {
  const rows = await read.all<AccountRow>("SELECT * FROM accounts WHERE username IN (SELECT value FROM json_each(?))", [
    JSON.stringify(keys),
  ]);
  return new Map(rows.map((row) => [row.username, hostAccount(row)]));
}
