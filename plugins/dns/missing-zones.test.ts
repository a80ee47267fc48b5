import { afterEach, beforeEach, expect, it } from "vitest";
import type { ZoneRow } from "./rows.ts";
import { createPanel, type Panel } from "./testing/panel.ts";

let panel: Panel;
beforeEach(async () => {
  panel = await createPanel();
});
afterEach(() => panel.close());

const zones = async () =>
  (await panel.db<ZoneRow>("dns_zones").orderBy("name")).map(({ account_id: account, name }) => `${account} ${name}`);
const owned = async (name: string) =>
  (await panel.db("dns_records").where({ name, type: "A" })).map((row) => `${row.unit_key} ${row.owner}`);

it("gives domains from before the zones theirs, and those below them addresses in it", async () => {
  // `a.old.test` sorts before `old.test`, and `old-x.test` between `old.test` and what is below it.
  for (const name of ["a.old.test", "old.test", "old-x.test", "b.a.old.test"]) await panel.oldDomain(1, name);
  expect(await panel.upgrade()).toBe(false);
  expect(await zones()).toEqual(["1 old-x.test", "1 old.test"]);
  expect(await owned("a.old.test")).toEqual(["old.test|a.old.test|A web"]);
  expect(await owned("b.a.old.test")).toEqual(["old.test|b.a.old.test|A web"]);
  expect(panel.touched).toContain("dns:old.test|a.old.test|A");
  expect(panel.guarded).toEqual(["dns.zone-provision", "dns.zone-provision"]);
});

it("finds nothing to do when all is well, also below a zone in which people took an address away", async () => {
  await panel.addDomain(1, "new.test", "main");
  await panel.addDomain(1, "shop.new.test", "subdomain");
  await panel.db("dns_records").where({ name: "shop.new.test" }).delete();
  panel.touched.length = 0;
  expect(await panel.upgrade()).toBe(false);
  expect(panel.touched).toEqual([]);
  expect(await zones()).toEqual(["1 new.test"]);
});

it("gives a name below a zone of another account a zone of its own: that it is a site was decided before", async () => {
  await panel.addDomain(1, "one.test");
  await panel.oldDomain(2, "two.one.test");
  await panel.oldDomain(1, "three.two.one.test");
  expect(await panel.upgrade()).toBe(false);
  expect(await zones()).toEqual(["1 one.test", "1 three.two.one.test", "2 two.one.test"]);
});

it("takes a hundred at once", async () => {
  for (let n = 0; n < 103; n += 1) await panel.oldDomain(1, `d${n}.test`);
  expect(await panel.upgrade()).toBe(true);
  expect(await zones()).toHaveLength(100);
  expect(await panel.upgrade()).toBe(false);
  expect(await zones()).toHaveLength(103);
});
