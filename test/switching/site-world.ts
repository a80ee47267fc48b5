import { makeCertificate } from "@patchbay/sdk/conformance";
import type { Client } from "../harness/client.ts";
import { writeIntoHome } from "../harness/files.ts";
import { addDomain, createAccount, must, type NewAccount } from "../harness/must.ts";
import type { Visit } from "./visitor.ts";

const perAccount = 20;

/**
 * Sites of every kind, `count` of them: static, PHP, redirect, subdomain, one with a certificate of its own, one that forces
 * HTTPS, one with text for nginx and for Apache, and an account that is suspended. Resolves with a page of each.
 */
export async function buildSites(admin: Client, count: number): Promise<Visit[]> {
  const accounts: NewAccount[] = [];
  for (let at = 0; at * perAccount < count; at += 1) accounts.push(await createAccount(admin, `tenant${at}`));
  const visits: Visit[] = [];
  for (const [at, account] of accounts.entries()) {
    const left = Math.min(perAccount, count - at * perAccount);
    visits.push(...(await fill(admin, account, left)));
  }
  const last = accounts.at(-1);
  if (last && accounts.length > 1) await must(admin.post("accounts/suspend", { id: last.id, reason: "a test" }));
  return visits;
}

async function fill(admin: Client, account: NewAccount, count: number): Promise<Visit[]> {
  const main = `${account.username}.test`;
  writeIntoHome(account.home_dir, "public_html/index.php", `<?php echo "php of ${main}";`);
  const visits: Visit[] = [
    { scheme: "http", host: main, path: "/" },
    { scheme: "https", host: main, path: "/" },
  ];
  const made = await Promise.all(
    Array.from({ length: count - 1 }, (_, at) => addSite(admin, account, `s${at}.${account.username}-more.test`, at)),
  );
  return [...visits, ...made.flat()];
}

async function addSite(admin: Client, account: NewAccount, name: string, at: number): Promise<Visit[]> {
  const both = (path: string): Visit[] => [
    { scheme: "http", host: name, path },
    { scheme: "https", host: name, path },
  ];
  if (at % 7 === 1) {
    await addDomain(admin, account, name, { type: "redirect", redirect_to: `https://target.test/${at}?a=b%20c` });
    return both("/whatever");
  }
  if (at % 7 === 2) {
    const below = `sub${at}.${account.username}.test`;
    const site = await addDomain(admin, account, below, { type: "subdomain" });
    page(account, site, "index.html", `subdomain ${below}`);
    return [{ scheme: "http", host: below, path: "/" }];
  }
  const site = await addDomain(admin, account, name);
  page(account, site, "index.html", `static ${name}`);
  page(account, site, "who.php", `<?php echo "php of ${name} over ", $_SERVER["HTTPS"] ?? "plain";`);
  if (at % 7 === 3) {
    await must(admin.post("ssl/upload", { account_id: account.id, domain: name, ...makeCertificate([name]) }));
  }
  if (at % 7 === 4) await must(admin.post("domains/update", { domain_id: site.id, force_https: true }));
  if (at % 7 === 5) {
    for (const [provider, content] of [
      ["nginx", "add_header X-Custom yes always;"],
      ["apache", 'Header always set X-Custom "yes"'],
    ]) {
      await must(admin.post("domains/save-include", { domain_id: site.id, provider, content }));
    }
  }
  return [...both("/"), ...both("/who.php"), { scheme: "http", host: name, path: "/none.txt" }];
}

interface AddedSite {
  readonly id: number;
  readonly document_root: string;
}

function page({ home_dir }: NewAccount, { document_root }: AddedSite, name: string, text: string): void {
  writeIntoHome(home_dir, `${document_root.slice(home_dir.length + 1)}/${name}`, text);
}
