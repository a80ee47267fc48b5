import { afterAll, beforeAll, expect, it } from "vitest";
import { LiveNamed } from "./testing/live-named.ts";
import { put, serversOf, setUnit, take, unitsOf, zoneUnit } from "./testing/units.ts";

// Figures are printed, not judged: the clock of a test machine proves nothing.
let named: LiveNamed;

beforeAll(async () => {
  named = await LiveNamed.create();
  await named.apply();
});
afterAll(() => named.end());

function zoneOf(zone: string, records: number) {
  const sets = Array.from({ length: records }, (_, at) => setUnit(zone, `h${at}`, "A", "192.0.2.1"));
  return [zoneUnit(zone), serversOf(zone), ...sets];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function medianOfChange(zone: string): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < 40; at += 1) {
    const set = setUnit(zone, `new${at}`, "A", "192.0.2.9");
    times.push(await timed(() => named.execute(put(set))));
  }
  return times.sort((a, b) => a - b)[20] ?? 0;
}

it("changes one record in the same time in a small and in a large zone", async () => {
  for (const [zone, records] of [
    ["small.test", 15],
    ["large.test", 1000],
  ] as const) {
    await named.execute(...zoneOf(zone, records).map((unit) => put(unit)));
  }
  const first = await medianOfChange("small.test");
  const large = await medianOfChange("large.test");
  console.info(`one record: ${first.toFixed(1)} ms in 15, ${large.toFixed(1)} ms in 1,000 records`);
  expect(named.short("new39.large.test", "A")).toEqual(["192.0.2.9"]);
});

it("moves a thousand zones", async () => {
  const zones = Array.from({ length: 1000 }, (_, at) => zoneOf(`z${at}.test`, 15));
  const units = zones.flat();
  const came = await timed(async () =>
    expect(await named.execute(...units.map((unit) => put(unit)))).toEqual(new Map()),
  );
  const looked = await timed(async () => {
    expect(await named.provider.drifted(unitsOf(...units), new AbortController().signal)).toEqual([]);
  });
  const late = await timed(() => named.execute(...zoneOf("late.test", 15).map((unit) => put(unit))));
  const record = await medianOfChange("z7.test");
  await named.stop("SIGKILL");
  await named.apply();
  const last = setUnit("z999.test", "restarted", "A", "192.0.2.1");
  expect(await named.execute(put(last))).toEqual(new Map());
  const left = await timed(async () => expect(await named.execute(...units.map(take))).toEqual(new Map()));
  const rate = (ms: number) => `${Math.round(1_000_000 / ms)}/s`;
  console.info(`1,000 zones: come ${rate(came)}, compared ${rate(looked)}, leave ${rate(left)}`);
  console.info(`beside 1,000 others: a new zone ${late.toFixed(1)} ms, one record ${record.toFixed(1)} ms`);
});
