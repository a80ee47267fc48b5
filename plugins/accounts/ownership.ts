import type { AccountOfUser, ObjectType } from "@patchbay/sdk";
import { accountObject } from "./contract.ts";

/** Whose an account is. */
export const accountType: ObjectType = {
  type: accountObject,
  title: "account",
  tables: ["accounts"],
  owner: async (read, id) => {
    const row = await read.get<{ user_id: number; reseller_id: number | null }>(
      "SELECT user_id, reseller_id FROM accounts WHERE id = ?",
      [id],
    );
    return row && { accountId: id, userId: row.user_id, resellerId: row.reseller_id };
  },
};

/** For which account a login of the role `user` works. */
export const accountOfUser: AccountOfUser = {
  tables: ["accounts"],
  find: async (read, userId) => {
    const row = await read.get<{ id: number; status: string; suspend_reason: string | null }>(
      "SELECT id, status, suspend_reason FROM accounts WHERE user_id = ?",
      [userId],
    );
    return row && { accountId: row.id, suspended: row.status === "suspended", reason: row.suspend_reason };
  },
};
