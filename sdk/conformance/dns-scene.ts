import { expect } from "vitest";
import type { DnsSubject, DnsWorld } from "./dns-subject.ts";
import type { Scene, SceneAccount } from "./scene.ts";
import type { Stage } from "./stage.ts";

export interface SceneZone {
  readonly id: number;
  readonly domain: string;
  readonly record_count: number;
}

export interface SceneRecord {
  readonly id: number;
  readonly type: string;
  /** Relative to the zone, or `@`. */
  readonly name: string;
  readonly value: string;
  readonly ttl: number;
  readonly priority: number | null;
}

/** Who and what the story is about. */
export interface DnsCast {
  /** Owner of the zone `ada.test`. */
  readonly ada: SceneAccount;
  readonly zone: SceneZone;
  readonly bob: SceneAccount;
}

export type DnsStage = Stage<DnsCast>;

export async function zonesOf(scene: Scene, account: SceneAccount): Promise<readonly SceneZone[]> {
  return scene.look("dns/list", { account_id: account.id });
}

export async function zoneOf(scene: Scene, account: SceneAccount, domain: string): Promise<SceneZone> {
  const found = (await zonesOf(scene, account)).find((zone) => zone.domain === domain);
  if (found === undefined) throw new Error(`there is no zone ${domain}`);
  return found;
}

export async function recordsOf(scene: Scene, zone: SceneZone): Promise<readonly SceneRecord[]> {
  return scene.look("dns/records", { zone_id: zone.id });
}

export function addRecord(
  scene: Scene,
  zone: SceneZone,
  record: Readonly<Record<string, unknown>>,
): Promise<SceneRecord> {
  return scene.change("dns/add-record", { zone_id: zone.id, ...record });
}

/** The same for all ways to write the same data. */
export function toComparable(type: string, text: string): string {
  if (type === "TXT" || type === "CAA") return text.replaceAll('" "', "").replace(/\\?"|\\(?=;)/g, "");
  return text.toLowerCase().replace(/\.$/, "");
}

function fromAnswer({ priority, type, value }: SceneRecord): string {
  return toComparable(type, priority === null ? value : `${priority} ${value}`);
}

/** Every record the API tells is what the backend answers, and the backend answers nothing else for these owners. */
export async function expectParity(scene: Scene, subject: DnsSubject, zone: SceneZone): Promise<void> {
  const world: DnsWorld = subject.world(scene.panel);
  const records = await recordsOf(scene, zone);
  const sets = new Map<string, SceneRecord[]>();
  for (const record of records) {
    if (record.type === "NS" && record.name === "@" && subject.can.ownNameServers === undefined) continue;
    const owner = record.name === "@" ? zone.domain : `${record.name}.${zone.domain}`;
    sets.set(`${owner} ${record.type}`, [...(sets.get(`${owner} ${record.type}`) ?? []), record]);
  }
  expect(sets.size).toBeGreaterThan(0);
  for (const [key, set] of sets) {
    const [owner = "", type = ""] = key.split(" ");
    const answered = (await world.answers(owner, type)).map((text) => toComparable(type, text));
    expect([key, [...answered].sort()]).toEqual([key, set.map(fromAnswer).sort()]);
  }
}

/** `work` asks for something that is refused; neither the API nor the backend shows a trace. */
export async function leavesZone<T>(
  scene: Scene,
  subject: DnsSubject,
  zone: SceneZone,
  work: () => Promise<T>,
): Promise<T> {
  const before = await recordsOf(scene, zone);
  const writes = await subject.world(scene.panel).writes();
  const result = await work();
  expect(await recordsOf(scene, zone), "records after a refusal").toEqual(before);
  expect(await subject.world(scene.panel).writes(), "writes of the backend").toBe(writes);
  return result;
}
