import { accountDeprovision } from "@patchbay/accounts/contract";
import { definePlugin } from "@patchbay/sdk";
import { domainDeprovision, domainProvision } from "@patchbay/web/contract";
import { Zones } from "./contract.ts";
import { addForDomain, removeForDomain, removeZones } from "./domain-taps.ts";
import { dnsMigrations } from "./migrations.ts";
import { missingZones } from "./missing-zones.ts";
import { addRecord } from "./operations/add-record.ts";
import { deleteRecord } from "./operations/delete-record.ts";
import { disableDnssec, dnssecStatus, enableDnssec } from "./operations/dnssec.ts";
import { listRecordsOperation } from "./operations/list-records.ts";
import { listZonesOperation } from "./operations/list-zones.ts";
import { setProvider } from "./operations/set-provider.ts";
import { updateRecordOperation } from "./operations/update-record.ts";
import { addZone, deleteZone, resetZoneOperation } from "./operations/zones.ts";
import { recordOwnerType, zoneType } from "./ownership.ts";
import { dnsSettings } from "./server-facts.ts";
import { dnsSlot } from "./slot.ts";
import { zones } from "./zones.ts";

const operations = [
  listZonesOperation,
  listRecordsOperation,
  addRecord,
  updateRecordOperation,
  deleteRecord,
  addZone,
  deleteZone,
  resetZoneOperation,
  setProvider,
  enableDnssec,
  disableDnssec,
  dnssecStatus,
];

/** Zones of domains and their records. */
export default definePlugin((to) => {
  to.migrations(dnsMigrations);
  to.upgrade(missingZones);
  to.object(zoneType);
  to.object(recordOwnerType);
  to.slot(dnsSlot);
  to.service(Zones, () => zones);
  for (const setting of dnsSettings) to.setting(setting);
  to.tap(domainProvision, addForDomain);
  to.tap(domainDeprovision, removeForDomain);
  // Before its domains go one by one: their records are in these zones.
  to.tap(accountDeprovision, removeZones, { before: ["web"] });
  for (const operation of operations) to.operation(operation);
});
