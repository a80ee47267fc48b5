import type { RecordType } from "./contract.ts";

/** A row of `dns_zones`. */
export interface ZoneRow {
  readonly id: number;
  readonly uuid: string;
  readonly account_id: number;
  /** Null for a zone that came with no domain. */
  readonly domain_id: number | null;
  readonly name: string;
  readonly primary_ns: string;
  readonly contact: string;
  /** 1: signed. */
  readonly dnssec: number;
  /** Provider id; null: the chosen one. */
  readonly provider: string | null;
  /** Seconds since 1970 of the last change, or one more than before. */
  readonly serial: number;
}

/** A row of `dns_records`. */
export interface RecordRow {
  readonly id: number;
  readonly uuid: string;
  readonly zone_id: number;
  /** Absolute, without a trailing dot. */
  readonly name: string;
  readonly type: RecordType;
  /** Seconds. All records of one name and type have the same. */
  readonly ttl: number;
  /** Canonical presentation format. */
  readonly data: string;
  /** Id of the plugin that looks after it; empty for people. */
  readonly owner: string;
  /** 1: came with the template of the zone. */
  readonly template: number;
  readonly unit_key: string;
}
