import { createHash } from "node:crypto";
import * as v from "valibot";
import { type Batch, recordSchema, type StoredRecord } from "./request-schemas.ts";

/** What the API answers instead of doing something. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number) {
    super(`refused with ${code}`);
    this.status = status;
    this.code = code;
  }
}

export interface Zone {
  readonly id: string;
  readonly name: string;
  records: Map<string, StoredRecord>;
  dnssec: "active" | "disabled";
}

/** At most this many changes in one batch, as on the free plan. */
const mostChanges = 200;

/** The zones of one account, with the rules the real service keeps. */
export class Zones {
  readonly #byId = new Map<string, Zone>();
  readonly #idOf = new Map<string, string>();
  #lastId = 0;

  create(name: string): Zone {
    if (this.#idOf.has(name)) throw new Refusal(400, 1061);
    const zone: Zone = { id: this.#newId(), name, records: new Map(), dnssec: "disabled" };
    this.#byId.set(zone.id, zone);
    this.#idOf.set(name, zone.id);
    return zone;
  }

  get(id: string): Zone {
    const zone = this.#byId.get(id);
    if (!zone) throw new Refusal(404, 1001);
    return zone;
  }

  named(name: string): Zone | undefined {
    const id = this.#idOf.get(name);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  all(): readonly Zone[] {
    return [...this.#byId.values()];
  }

  /** Deletes, patches, posts, in this order; all or nothing. */
  apply(zone: Zone, batch: Batch): void {
    if (batch.deletes.length + batch.patches.length + batch.posts.length > mostChanges) throw new Refusal(400, 81_045);
    const records = new Map(zone.records);
    for (const { id } of batch.deletes) if (!records.delete(id)) throw new Refusal(404, 81_044);
    for (const { id, ...patch } of batch.patches) {
      const { id: _id, ...known } = records.get(id) ?? fail(404, 81_044);
      if (known.type !== patch.type || known.name !== patch.name) throw new Refusal(400, 81_032);
      records.delete(id);
      const merged = v.safeParse(recordSchema, { ...known, ...patch });
      if (!merged.success) throw new Refusal(400, 9005);
      this.#insert(zone, records, { ...merged.output, id });
    }
    for (const record of batch.posts) this.#insert(zone, records, { ...record, id: this.#newId() });
    zone.records = records;
  }

  #insert(zone: Zone, records: Map<string, StoredRecord>, given: StoredRecord): void {
    const record = "proxied" in given && given.proxied === true ? { ...given, ttl: 1 } : given;
    if (record.name !== zone.name && !record.name.endsWith(`.${zone.name}`)) throw new Refusal(400, 9000);
    if (record.type === "NS" && record.name === zone.name) throw new Refusal(400, 81_056);
    for (const other of records.values()) {
      if (other.name !== record.name) continue;
      if ((other.type === "CNAME") !== (record.type === "CNAME") || other.type === "CNAME")
        throw new Refusal(400, 81_053);
      if (contentOf(other) === contentOf(record)) throw new Refusal(400, 81_058);
    }
    records.set(record.id, record);
  }

  #newId(): string {
    this.#lastId += 1;
    return createHash("md5").update(String(this.#lastId)).digest("hex");
  }
}

function contentOf(record: StoredRecord): string {
  const { type } = record;
  return JSON.stringify([
    type,
    "content" in record ? record.content : record.data,
    "priority" in record ? record.priority : 0,
  ]);
}

function fail(status: number, code: number): never {
  throw new Refusal(status, code);
}
