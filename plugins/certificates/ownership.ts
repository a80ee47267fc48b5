import type { ObjectOwner, ObjectType } from "@patchbay/sdk";

/** Object type of a certificate, for `access.object`. */
export const certificateObject = "certificate";

/** Whose a certificate is: that of its account's holder and reseller. */
export const certificateType: ObjectType = {
  type: certificateObject,
  title: "certificate",
  tables: ["certificates", "accounts"],
  owner: (read, id) =>
    read.get<ObjectOwner>(
      `SELECT a.id AS accountId, a.user_id AS userId, a.reseller_id AS resellerId
       FROM certificates c JOIN accounts a ON a.id = c.account_id WHERE c.id = ?`,
      [id],
    ),
};
