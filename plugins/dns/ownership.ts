import type { ObjectOwner, ObjectType } from "@patchbay/sdk";
import { recordObject, zoneObject } from "./contract.ts";

const owner = "SELECT a.id AS accountId, a.user_id AS userId, a.reseller_id AS resellerId";

/** Whose a zone is: that of its account's holder and reseller. */
export const zoneType: ObjectType = {
  type: zoneObject,
  title: "zone",
  tables: ["dns_zones", "accounts"],
  owner: (read, id) =>
    read.get<ObjectOwner>(`${owner} FROM dns_zones z JOIN accounts a ON a.id = z.account_id WHERE z.id = ?`, [id]),
};

/** A record belongs to whom its zone does. */
export const recordOwnerType: ObjectType = {
  type: recordObject,
  title: "record",
  tables: ["dns_records", "dns_zones", "accounts"],
  owner: (read, id) =>
    read.get<ObjectOwner>(
      `${owner} FROM dns_records r JOIN dns_zones z ON z.id = r.zone_id JOIN accounts a ON a.id = z.account_id
       WHERE r.id = ?`,
      [id],
    ),
};
