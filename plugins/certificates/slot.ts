import { accountsSlotId } from "@patchbay/accounts/contract";
import { defineSlot } from "@patchbay/sdk";
import { type CertificateUnit, certificatesSlotId, certificateUnit } from "./contract.ts";

const loadSql = "SELECT domain, certificate, key FROM certificates WHERE domain IN (SELECT value FROM json_each(?))";
const keysSql = "SELECT domain FROM certificates WHERE domain > ? ORDER BY domain LIMIT ?";

/** The certificate of each domain, as a file that servers read. */
export const certificatesSlot = defineSlot<CertificateUnit>({
  id: certificatesSlotId,
  title: "Certificates",
  option: null,
  unit: certificateUnit,
  after: [accountsSlotId],
  load: async (read, keys) => {
    const rows = await read.all<CertificateUnit>(loadSql, [JSON.stringify(keys)]);
    return new Map(rows.map(({ certificate, domain, key }) => [domain, { domain, certificate, key }]));
  },
  keys: async (read, after, limit) => {
    const rows = await read.all<{ domain: string }>(keysSql, [after, limit]);
    return rows.map((row) => row.domain);
  },
});
