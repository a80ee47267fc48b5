import { conflict, forbidden, PanelError } from "@patchbay/sdk";

/** Codes of this plugin besides the pipeline's own. */
export const codes = {
  notInstalled: "BACKEND_NOT_INSTALLED",
  addressUnknown: "DNS_ADDRESS_UNKNOWN",
  unavailable: "DNS_SERVER_UNAVAILABLE",
  nameServersReserved: "NAME_SERVERS_RESERVED",
  recordConflict: "RECORD_CONFLICT",
  delegated: "RECORD_DELEGATED",
  recordExists: "RECORD_EXISTS",
  managed: "RECORD_MANAGED",
  needed: "RECORD_NEEDED",
  tooManyRecords: "TOO_MANY_RECORDS",
  tooManyZones: "TOO_MANY_ZONES",
  belongsToOther: "ZONE_BELONGS_TO_OTHER",
  zoneExists: "ZONE_EXISTS",
  zoneOfDomain: "ZONE_OF_DOMAIN",
} as const;

/** Every code that writing a record may answer. */
export const recordCodes = [
  codes.nameServersReserved,
  codes.recordConflict,
  codes.delegated,
  codes.recordExists,
  codes.managed,
  codes.needed,
  codes.tooManyRecords,
] as const;

export const notInstalled = () =>
  conflict(codes.notInstalled, "No such DNS server is installed here. `system/server-options` lists them.");

export const addressUnknown = () =>
  conflict(
    codes.addressUnknown,
    "The address of this server is not known, so that no name server can be named. Save the server option dns_server_ipv4, or ns1_hostname.",
  );

export const unavailable = (cause: unknown) =>
  new PanelError(codes.unavailable, {
    status: 503,
    message: "The DNS server of this zone does not answer now.",
    retry: "later",
    retryAfterSeconds: 10,
    cause,
  });

export const nameServersReserved = () =>
  forbidden(
    codes.nameServersReserved,
    "The name servers of the zone itself are set by administrators. NS records below it are yours.",
  );

export const recordConflict = (message: string) => conflict(codes.recordConflict, message);

export const delegated = (message: string) => conflict(codes.delegated, message);

export const recordExists = () => conflict(codes.recordExists, "This zone has exactly this record already.");

export const managed = (owner: string) =>
  conflict(codes.managed, `This record belongs to "${owner}", which keeps it up to date itself.`);

export const needed = (message: string) => conflict(codes.needed, message);

export const tooManyRecords = (most: number) =>
  forbidden(codes.tooManyRecords, `A zone has at most ${most} records. Delete some first.`);

export const tooManyZones = (most: number) =>
  forbidden(codes.tooManyZones, `An account has at most ${most} zones beside those of its domains.`);

export const zoneBelongsToOther = () =>
  conflict(
    codes.belongsToOther,
    "This name is above or below a zone of another account. Ask the administrator to add it.",
  );

export const zoneExists = () => conflict(codes.zoneExists, "There is a zone of this name already.");

export const zoneInside = () =>
  conflict(codes.zoneExists, "A zone of this account holds this name already. Add records to that one.");

export const zoneOfDomain = () =>
  conflict(codes.zoneOfDomain, "This zone belongs to a domain. It goes when the domain is removed.");
