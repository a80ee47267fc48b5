import { Certificates } from "@patchbay/certificates/contract";
import type { ChangeContext, Upgrade } from "@patchbay/sdk";
import type { DomainRow } from "./contract.ts";
import { requireAccountRow, syncCertificate, touchDomain } from "./domain-store.ts";

type Domain = Pick<DomainRow, "id" | "name" | "type" | "account_id">;

const pageSize = 1000;
/** Making this many certificates takes about half a second. */
const mostAtOnce = 100;

const pageSql = "SELECT id, name, type, account_id FROM domains WHERE name > ? ORDER BY name LIMIT ?";

/** Domains from before there were certificates get theirs: without one every web server refuses the site. */
export const missingCertificates: Upgrade = {
  id: "domains.certificates",
  run: async (change) => {
    const missing = await findMissing(change);
    for (const domain of missing) {
      await syncCertificate(change, await requireAccountRow(change.read, domain.account_id), domain);
      touchDomain(change, domain);
    }
    return missing.length === mostAtOnce;
  },
};

async function findMissing({ read, use }: ChangeContext): Promise<readonly Domain[]> {
  const certificates = use(Certificates);
  const missing: Domain[] = [];
  let after: string | undefined = "";
  while (after !== undefined && missing.length < mostAtOnce) {
    const page: Domain[] = await read.all<Domain>(pageSql, [after, pageSize]);
    const names = page.map(({ name }) => name);
    const files = await certificates.files(read, names);
    missing.push(...page.filter(({ name }) => !files.has(name)));
    after = names.at(pageSize - 1);
  }
  return missing.slice(0, mostAtOnce);
}
