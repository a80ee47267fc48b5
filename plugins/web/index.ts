import {
  accountDeprovision,
  accountProvision,
  accountStateChanged,
  DomainsOfAccount,
} from "@patchbay/accounts/contract";
import { Certificates, certificateChanged } from "@patchbay/certificates/contract";
import { PhpPools } from "@patchbay/php/contract";
import { definePlugin, defineProvider, HostAccounts } from "@patchbay/sdk";
import { createDomainsOfAccount, provisionMainDomain, removeDomains, touchDomains } from "./account-taps.ts";
import { DomainNames, webSlotId } from "./contract.ts";
import { webMigrations } from "./migrations.ts";
import { missingCertificates } from "./missing-certificates.ts";
import { domainNames } from "./name-rules.ts";
import { addDomain } from "./operations/add-domain.ts";
import { addAlias, listAliases, removeAlias } from "./operations/aliases.ts";
import { listIncludes, saveInclude } from "./operations/includes.ts";
import { listDomainsOperation } from "./operations/list-domains.ts";
import { removeDomain } from "./operations/remove-domain.ts";
import { updateDomain } from "./operations/update-domain.ts";
import { domainsMeter, domainType, subdomainsMeter } from "./ownership.ts";
import { createHomeProvider, type WebRootUnit, webRootSlot, webRootSlotId } from "./root-slot.ts";
import { createSiteSlot } from "./site-slot.ts";

const operations = [
  listDomainsOperation,
  addDomain,
  removeDomain,
  updateDomain,
  listAliases,
  addAlias,
  removeAlias,
  listIncludes,
  saveInclude,
];

/** Domains, subdomains, redirects and aliases. */
export default definePlugin((to) => {
  to.migrations(webMigrations);
  to.upgrade(missingCertificates);
  to.object(domainType);
  to.meter(domainsMeter);
  to.meter(subdomainsMeter);
  to.slot(webRootSlot);
  to.slot(createSiteSlot({ pools: () => to.use(PhpPools), certificates: () => to.use(Certificates) }));
  to.provider(
    defineProvider<WebRootUnit>({
      slot: webRootSlotId,
      id: "home",
      title: "Home directories",
      create: (use) => createHomeProvider(use(HostAccounts)),
    }),
  );
  to.service(DomainsOfAccount, (use) => createDomainsOfAccount(use(Certificates)));
  to.service(DomainNames, () => domainNames);
  to.tap(accountProvision, provisionMainDomain);
  // While the pools are still there: the last site of a version gives its pool back.
  to.tap(accountDeprovision, removeDomains, { before: ["php"] });
  to.tap(accountStateChanged, touchDomains);
  to.tap(certificateChanged, async ({ change, domain }) => change.intents.touch(webSlotId, domain));
  for (const operation of operations) to.operation(operation);
});
