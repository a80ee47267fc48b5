import { expect } from "vitest";
import { must } from "../harness/must.ts";
import { transferZone, type ZoneLine } from "../harness/zone-transfer.ts";
import { type Accepted, apply, type Procedure } from "./accepted.ts";
import { type CorpusWorld, tenantZone } from "./corpus-world.ts";

const served = ({ instance, transferKey }: CorpusWorld) => transferZone(instance, transferKey, tenantZone);
const lineOf = (line: ZoneLine) => JSON.stringify(line);

/** The lines that one list has and the other has not. */
function missingIn(list: readonly ZoneLine[], lines: readonly ZoneLine[]): ZoneLine[] {
  const there = new Set(list.map(lineOf));
  return lines.filter((line) => !there.has(lineOf(line)));
}

/** The bytes of strings in quotes, as a zone file has them. */
function textOf(data: string): string {
  const bytes = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].flatMap(([, string = ""]) =>
    [...string.matchAll(/\\(\d{3})|\\(.)|([^\\])/gs)].map(([, code, escaped, plain]) =>
      code === undefined ? (escaped ?? plain ?? "").charCodeAt(0) : Number(code),
    ),
  );
  return Buffer.from(bytes).toString("utf8");
}

/** Served data as the panel shows it: text without its quotes, names without their last dot. */
function shownData({ data, type }: ZoneLine): string {
  if (type === "TXT") return textOf(data);
  return data.replace(/([^ ])\.(?= |$)/g, "$1");
}

/** The name server says exactly what the answer says, and nothing else came or went. */
function expectServed(line: ZoneLine | undefined, record: Awaited<ReturnType<typeof must>>): void {
  const name = record.name === "@" ? `${tenantZone}.` : `${record.name}.${tenantZone}.`;
  expect(line).toMatchObject({ name, ttl: record.ttl, type: record.type });
  const priority = record.priority === null ? "" : `${record.priority} `;
  expect(line && shownData(line)).toBe(`${priority}${record.value}`);
}

async function expectListed(world: CorpusWorld, record: { id: number }): Promise<void> {
  const records = await must(world.admin.get("dns/records", { zone_id: world.tenant.zoneId }));
  expect(records.find((one: { id: number }) => one.id === record.id)).toEqual(record);
}

const addRecord: Procedure = async (accepted) => {
  const { world, canonical, field } = accepted;
  const before = served(world);
  const record = await apply(accepted);
  expect(record[field]).toBe(canonical);
  await expectListed(world, record);
  const after = served(world);
  const [line, ...more] = missingIn(before, after);
  expectServed(line, record);
  expect([more, missingIn(after, before)]).toEqual([[], []]);
  await must(world.admin.post("dns/delete-record", { record_id: record.id }));
  expect(served(world)).toEqual(before);
};

const updateRecord: Procedure = async (accepted) => {
  const { world, canonical, field } = accepted;
  const before = served(world);
  const record = await apply(accepted);
  expect(record[field]).toBe(canonical);
  await expectListed(world, record);
  const after = served(world);
  const [line, ...more] = missingIn(before, after);
  expectServed(line, record);
  expect([more.length, missingIn(after, before).length]).toEqual([0, 1]);
  const { id, name, priority, ttl, value } = world.records.get(record.type) ?? record;
  await must(world.admin.post("dns/update-record", { record_id: id, name, value, ttl, priority }));
  expect(served(world)).toEqual(before);
};

/** A zone for a name that is no site. */
const addZone: Procedure = async (accepted: Accepted) => {
  const { world, canonical } = accepted;
  const zone = await apply(accepted);
  expect(zone.domain).toBe(canonical);
  const lines = transferZone(world.instance, world.transferKey, canonical);
  expect(lines).toHaveLength(zone.record_count);
  expect(lines.filter(({ name }) => name !== `${canonical}.` && !name.endsWith(`.${canonical}.`))).toEqual([]);
  await must(world.admin.post("dns/delete-zone", { zone_id: zone.id }));
  expect(transferZone(world.instance, world.transferKey, canonical)).toEqual([]);
};

/** How an accepted value of a record or a zone is proved. By operation and field. */
export const zoneProcedures: Readonly<Record<string, Procedure>> = {
  "dns.add-record.name": addRecord,
  "dns.add-record.value": addRecord,
  "dns.update-record.name": updateRecord,
  "dns.update-record.value": updateRecord,
  "dns.add-zone.domain": addZone,
};
