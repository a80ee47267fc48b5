import type { SiteUnit } from "@patchbay/web/contract";

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
