import type { SiteUnit } from "@patchbay/kernel/contracts/web";
import type { HostInfo } from "@patchbay/sdk";

/** A host on loopback with everything below `root`, whose public ports are these. */
export function hostAt(root: string, ports: { readonly http: number; readonly https: number }): HostInfo {
  const none = { dns: 0, "dns-control": 0, smtp: 0, submission: 0, imap: 0, imaps: 0, ftp: 0, mysql: 0, postgresql: 0 };
  const paths = { etc: `${root}/etc`, run: `${root}/run`, log: `${root}/log`, state: `${root}/state` };
  return {
    kind: "sandbox",
    address: "127.0.0.1",
    ports: { ...none, ...ports },
    paths: { ...paths, homes: `${root}/homes`, archive: `${root}/archive` },
    multiUser: false,
    accounts: { firstUid: 0, count: 0 },
    web: { uid: 0, gid: 0 },
    phpVersions: ["8.2"],
  };
}

/** A plain site of `john`, called `name`. */
export function testSite(name: string, patch: Partial<SiteUnit> = {}): SiteUnit {
  return {
    names: [name],
    kind: "site",
    account: { username: "john", home: "/homes/john" },
    state: "active",
    root: "/homes/john/public_html",
    php: null,
    redirect: null,
    https: { file: `certificates/00/${name}.pem`, certificate: "0".repeat(64), force: false, hsts: null },
    includes: {},
    ...patch,
  };
}
