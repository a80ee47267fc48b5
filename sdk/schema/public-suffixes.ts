/**
 * The most common public suffixes of two labels. Who held one would count as the parent of every name below it. This is
 * no copy of the Public Suffix List: it has the country registries that hosting customers use most.
 */
const secondLevels: Readonly<Record<string, string>> = {
  ar: "com net org gob edu",
  au: "com net org edu gov id asn",
  bd: "com net org edu gov",
  br: "com net org gov edu blog",
  cn: "com net org gov edu ac",
  co: "com net org gov edu",
  cy: "com net org gov ac",
  ec: "com net org gob edu",
  eg: "com net org gov edu",
  gr: "com net org gov edu",
  hk: "com net org gov edu idv",
  hu: "co org",
  id: "co or go ac web sch my",
  il: "co org net ac gov muni",
  in: "co net org gov ac edu firm gen ind",
  jp: "co ne or go ac ad ed gr lg",
  ke: "co ne or go ac",
  kr: "co ne or go ac re pe",
  lk: "com org edu gov",
  mx: "com net org gob edu",
  my: "com net org gov edu",
  ng: "com net org gov edu",
  np: "com net org gov edu",
  nz: "co net org govt ac geek school",
  pe: "com net org gob edu",
  ph: "com net org gov edu",
  pk: "com net org gov edu",
  pl: "com net org gov edu",
  ro: "com org store",
  rs: "co org edu gov ac in",
  sa: "com net org gov edu",
  sg: "com net org gov edu",
  th: "co or go ac in net",
  tr: "com net org gov edu bel gen web",
  tw: "com net org gov edu idv",
  ua: "com net org gov edu in kiev",
  ug: "co or go ac ne com org",
  uk: "co org me ltd plc net sch ac gov nhs police",
  uy: "com net org gub edu",
  ve: "com net org gob co",
  vn: "com net org gov edu",
  za: "co net org gov ac web",
};

const suffixes: ReadonlySet<string> = new Set(
  Object.entries(secondLevels).flatMap(([top, names]) => names.split(" ").map((name) => `${name}.${top}`)),
);

/** True when everybody may register names below this one. */
export function isPublicSuffix(name: string): boolean {
  return suffixes.has(name);
}
