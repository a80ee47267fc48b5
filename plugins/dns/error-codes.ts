/** Every code of this plugin, and what it tells the caller. */
export const errorCodes = {
  BACKEND_NOT_INSTALLED: "No such DNS server is installed here.",
  DNS_ADDRESS_UNKNOWN: "The panel does not know under which address this server is reached, so it cannot fill a zone.",
  DNS_SERVER_UNAVAILABLE: "The DNS server of the zone does not answer now. Try again.",
  NAME_SERVERS_RESERVED: "Name servers of the zone itself are set by administrators.",
  RECORD_CONFLICT: "The record cannot stand beside one that is there (CNAME, null MX), or its target is an alias.",
  RECORD_DELEGATED: "The name lies below a delegation, so that this zone does not answer for it.",
  RECORD_EXISTS: "The zone has exactly this record already.",
  RECORD_MANAGED: "The record belongs to a part of the panel, which changes it itself.",
  RECORD_NEEDED: "The zone could not be served without this record.",
  TOO_MANY_RECORDS: "A zone has at most 10,000 records.",
  TOO_MANY_ZONES: "An account has at most 100 zones beside those of its domains.",
  ZONE_BELONGS_TO_OTHER: "The name is above or below a zone of another account.",
  ZONE_EXISTS: "There is a zone of this name already, or one of the account that holds it.",
  ZONE_OF_DOMAIN: "The zone belongs to a domain and goes with it.",
} as const;
