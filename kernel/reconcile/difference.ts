import type { Logger } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import type { SlotTable } from "../slots/slot-table.ts";
import type { Storage } from "../storage/types.ts";
import type { FileRecord } from "./ledger.ts";
import type { Drift } from "./types.ts";

export interface DriftDeps {
  readonly storage: Storage;
  readonly host: Host;
  readonly logger: Logger;
  readonly table: SlotTable;
  standing(slot: string): string | undefined;
}

/** A difference, without the time it has been there. */
export type Difference = Omit<Drift, "since">;

export interface Found {
  readonly drift: Difference;
  /** What the ledger says of the file, for an extra one what it is to be forgotten by; undefined for a unit. */
  readonly file: FileRecord | undefined;
  /** Digest of what is there. */
  readonly actual: string | null;
}
