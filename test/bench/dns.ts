import { join } from "node:path";
import { must } from "../harness/must.ts";
import { judged, noted, type Row, spreadOf } from "./figures.ts";
import { KeptConnection } from "./kept-connection.ts";
import { type AddressChange, NameServer } from "./name-server.ts";
import type { BenchPanel } from "./panel.ts";
import { seedDatabase } from "./seed-rows.ts";
import { insertZones } from "./seed-zones.ts";
import { orDestroy, startSeeded } from "./seeded-panel.ts";

const zoneCounts = [10, 10_000] as const;
const recordCounts = [15, 1_000] as const;
/** Each is one record that comes, is changed, and goes again. */
const rounds = 100;
const warmUps = 5;
const aims = { ratio: 5, flat: 1.3 } as const;

/** One zone on one instance, and what changing a record there cost. Milliseconds from the request until it is answered. */
interface Case {
  readonly zones: number;
  readonly records: number;
  readonly caller: KeptConnection;
  readonly server: NameServer;
  readonly zone: string;
  readonly zoneId: number;
  readonly panel: number[];
  readonly bare: number[];
  /** Until the panel has said so. */
  readonly told: number[];
}

interface Stand {
  readonly panel: BenchPanel;
  readonly caller: KeptConnection;
  readonly server: NameServer;
  readonly reconcileSeconds: number;
  readonly cases: readonly Case[];
}

/** A change of one record over HTTP until it is answered over UDP, against a bare UPDATE to the same name server. */
export async function measureDns(): Promise<readonly Row[]> {
  const stands: Stand[] = [];
  try {
    for (const zones of zoneCounts) stands.push(await prepareStand(zones));
    const cases = stands.flatMap((stand) => stand.cases);
    for (let round = -warmUps; round < rounds; round += 1) {
      for (const one of cases) await measureRound(one, round);
    }
    return toRows(stands, cases);
  } finally {
    for (const { caller, panel, server } of stands) {
      caller.close();
      server.close();
      await panel.destroy();
    }
  }
}

async function prepareStand(zones: number): Promise<Stand> {
  const measured = recordCounts.map((records) => ({ name: `records-${records}.example.org`, records }));
  const others = Array.from({ length: zones - measured.length }, (_, at) => `seeded-${at}.example.org`);
  const { panel, account, reconcileSeconds } = await startSeeded({}, (one, { id: accountId }) => {
    const all = [...measured, ...others.map((name) => ({ name }))].map((zone) => ({ ...zone, domainId: null }));
    return seedDatabase(join(one.data, "panel", "panel.db"), (database) => insertZones(database, accountId, all));
  });
  return orDestroy(panel, async () => {
    const caller = new KeptConnection(panel.ports.panel + 2, panel.token());
    const server = await NameServer.connect(panel.ports.services + 53, join(panel.data, "panel"));
    const client = panel.admin();
    const list = (await must(client.get("dns/list", { account_id: account.id }))) as { id: number; domain: string }[];
    client.close();
    const cases = measured.map(({ name: zone, records }): Case => {
      const zoneId = list.find(({ domain }) => domain === zone)?.id;
      if (zoneId === undefined) throw new Error(`the panel does not know ${zone}`);
      return { zones, records, caller, server, zone, zoneId, panel: [], bare: [], told: [] };
    });
    return { panel, caller, server, reconcileSeconds, cases };
  });
}

/** The panel and the bare way in turn: a new record, then another address, then it goes. */
async function measureRound(one: Case, round: number): Promise<void> {
  const { caller, server, zone, zoneId } = one;
  const names = { panel: `panel-${round + warmUps}.${zone}`, bare: `bare-${round + warmUps}.${zone}` };
  const change = (name: string, address: string | null): AddressChange => ({ zone, name, address });
  const keep = (to: number[], time: number) => (round < 0 ? undefined : to.push(time));
  const bare = async (address: string) => {
    const wanted = change(names.bare, address);
    keep(one.bare, (await timeChange(server, wanted, () => server.update(wanted))).seen);
  };
  const viaPanel = async (address: string, call: (value: string) => Promise<{ id: number }>) => {
    const { seen, told, answer } = await timeChange(server, change(names.panel, address), () => call(address));
    keep(one.panel, seen);
    keep(one.told, told);
    return answer;
  };
  const record = { name: names.panel, ttl: 3600 };
  await bare("192.0.2.1");
  const { id } = await viaPanel("192.0.2.1", (value) =>
    caller.post("dns/add-record", { zone_id: zoneId, type: "A", ...record, value }),
  );
  await bare("192.0.2.2");
  await viaPanel("192.0.2.2", (value) => caller.post("dns/update-record", { record_id: id, ...record, value }));
  await caller.post("dns/delete-record", { record_id: id });
  await server.update(change(names.bare, null));
}

/** Both ways are looked at from the moment the change is sent. */
async function timeChange<T>(server: NameServer, wanted: AddressChange, send: () => Promise<T>) {
  const started = performance.now();
  const since = () => performance.now() - started;
  const sent = send().then((answer) => ({ answer, told: since() }));
  const [{ answer, told }, seen] = await Promise.all([sent, server.shows(wanted).then(since)]);
  return { answer, told, seen };
}

function toRows(stands: readonly Stand[], cases: readonly Case[]): readonly Row[] {
  const median = (times: readonly number[]) => spreadOf(times).median;
  const ratios = cases.map(({ panel, bare }) => median(panel) / median(bare));
  const cost = (zones: number, records: number) =>
    median(cases.find((one) => one.zones === zones && one.records === records)?.panel ?? []);
  const [few, many] = zoneCounts;
  const [small, large] = recordCounts;
  const growth = {
    records: zoneCounts.map((zones) => cost(zones, large) / cost(zones, small)),
    zones: recordCounts.map((records) => cost(many, records) / cost(few, records)),
  };
  const [worst, steepest] = [Math.max(...ratios), Math.max(...growth.records, ...growth.zones)];
  const at = cases
    .map(({ zones, records }) => `${records.toLocaleString("en")}/${zones.toLocaleString("en")}`)
    .join("; ");
  const where = `at ${at} records/zones`;
  const each = (of: (one: Case) => readonly number[]) => cases.map((one) => medianAndWorst(of(one))).join("; ");
  return [
    judged(`record change : bare UPDATE, medians, ${where}`, list(ratios), `≤ ${aims.ratio}`, worst <= aims.ratio),
    judged(
      `record change at 1,000 : 15 records, at 10,000 : 10 zones`,
      `${list(growth.records)}, ${list(growth.zones)}`,
      `≤ ${aims.flat}`,
      steepest <= aims.flat,
    ),
    noted(
      `record change until it is answered, median and worst, ${where}`,
      each(({ panel }) => panel),
    ),
    noted(
      `bare UPDATE until it is answered, median and worst, ${where}`,
      each(({ bare }) => bare),
    ),
    noted(
      `record change until the caller is told, median and worst, ${where}`,
      each(({ told }) => told),
    ),
    noted(
      `full reconcile at ${zoneCounts.map((count) => count.toLocaleString("en")).join("; ")} zones`,
      stands.map(({ reconcileSeconds }) => `${reconcileSeconds.toFixed(1)} s`).join("; "),
    ),
  ];
}

const list = (ratios: readonly number[]) => ratios.map((ratio) => ratio.toFixed(2)).join("; ");

function medianAndWorst(times: readonly number[]): string {
  const { median, max } = spreadOf(times);
  return `${median.toFixed(1)} ms, ${max.toFixed(1)} ms`;
}
