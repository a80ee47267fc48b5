import type { AuditFilter, AuditLog, AuditRecord, Clock, Db, Logger, Read } from "@patchbay/sdk";
import { insertRow } from "../storage/insert-row.ts";
import type { Change, Ids, Sealer, Storage } from "../storage/types.ts";
import { Anchor, type AnchorStore } from "./anchor.ts";
import { queryLog } from "./query.ts";
import { type AuditRow, emptyLog, type Head, hashRecord } from "./record.ts";
import { cut, redact } from "./redact.ts";
import { type AuditVerdict, verifyLog } from "./verify.ts";

/** What somebody did, or was refused. */
export interface AuditEntry {
  readonly userId: number | null;
  readonly username: string;
  /** Who acted as this user, or null. */
  readonly impersonator: string | null;
  /** Operation id, `domains.add`. */
  readonly action: string;
  /** `account:12`, or empty. */
  readonly resource: string;
  readonly outcome: "ok" | "denied" | "failed";
  /** Already redacted: see `redact`. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly ip: string;
  readonly userAgent: string;
}

export interface AuditOptions {
  readonly storage: Storage;
  readonly sealer: Pick<Sealer, "mac">;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly anchor: AnchorStore;
  readonly logger: Logger;
}

/** The tamper-evident log. Its table must have been migrated before the first call. */
export interface Audit extends AuditLog {
  /** Adds a record to the caller's change: both are committed, or neither. */
  append(change: Change, entry: AuditEntry): Promise<void>;
  /** Adds a record in a change of its own: for reads, denials and failures. Not to be called inside a change. */
  record(entry: AuditEntry): Promise<void>;
  /** Reads the whole log. Records of the last tenth of a second before a crash are not covered against tail removal. */
  verify(): Promise<AuditVerdict>;
  /** Writes the anchor. Call it before the process ends. */
  stop(): Promise<void>;
}

export function createAudit(options: AuditOptions): Audit {
  return new ChainedLog(options);
}

class ChainedLog implements Audit {
  readonly #options: AuditOptions;
  readonly #anchor: Anchor;
  /** The newest record this process knows to be committed: a log that ends before it was cut. */
  #floor: Promise<Head> | undefined;
  /** The same, once a commit of this process has told: nobody else writes, so the next record chains to it unread. */
  #newest: Head | undefined;
  /** Of changes that have not been committed yet, by their transactions. */
  readonly #appended = new WeakMap<Db, Head>();

  constructor(options: AuditOptions) {
    this.#options = options;
    this.#anchor = new Anchor(options.anchor, options.sealer, options.logger);
  }

  async append(change: Change, entry: AuditEntry): Promise<void> {
    const head = this.#appended.get(change.db) ?? this.#newest ?? (await this.#head(change.read));
    const row = this.#toRow(head.id + 1, entry);
    const hash = hashRecord(this.#options.sealer, head.hash, row);
    try {
      await insertRow(change.read, "audit_log", { ...row, hash });
    } catch (error) {
      // Perhaps somebody else wrote after all: the next record looks.
      this.#newest = undefined;
      throw error;
    }
    this.#appended.set(change.db, { id: row.id, hash });
    change.tables.add("audit_log");
    change.afterCommit(() => this.#committed({ id: row.id, hash }));
  }

  record(entry: AuditEntry): Promise<void> {
    return this.#options.storage.change((change) => this.append(change, entry));
  }

  query(read: Read, filter: AuditFilter): Promise<{ items: readonly AuditRecord[]; total: number }> {
    return queryLog(read, filter);
  }

  async verify(): Promise<AuditVerdict> {
    const { storage, sealer } = this.#options;
    const known = await this.#floor;
    const anchored = await this.#anchor.read();
    const newest = known && (anchored === "lost" || known.id > anchored.id) ? known : anchored;
    return verifyLog(storage.read, sealer, newest);
  }

  async stop(): Promise<void> {
    await this.#anchor.flush();
  }

  /** The record to chain to. When the table ends before the floor the chain goes on behind the hole, which stays visible. */
  async #head(read: Read): Promise<Head> {
    const last = await this.#last(read);
    this.#floor ??= this.#findFloor(last);
    const floor = await this.#floor.catch((error: unknown) => {
      this.#floor = undefined;
      throw error;
    });
    return last.id >= floor.id ? last : floor;
  }

  async #last(read: Read): Promise<Head> {
    return (await read.get<Head>("SELECT id, hash FROM audit_log ORDER BY id DESC LIMIT 1")) ?? emptyLog;
  }

  async #findFloor(last: Head): Promise<Head> {
    const anchored = await this.#anchor.read();
    if (anchored !== "lost") return anchored;
    if (last.id === 0) {
      await this.#anchor.begin();
      return emptyLog;
    }
    // Nobody can tell whether records are missing here, so one id is left out: the doubt must not heal by itself.
    this.#options.logger.error("the anchor of the audit log is missing or was changed", { lastRecord: last.id });
    return { id: last.id + 1, hash: "" };
  }

  #committed(head: Head): void {
    this.#newest = head;
    this.#floor = Promise.resolve(head);
    this.#anchor.move(head);
  }

  #toRow(id: number, entry: AuditEntry): Omit<AuditRow, "hash"> {
    return {
      id,
      uuid: this.#options.ids.uuid(),
      user_id: entry.userId,
      username: cut(entry.username, 200),
      impersonator: entry.impersonator === null ? null : cut(entry.impersonator, 200),
      action: cut(entry.action, 200),
      resource: cut(entry.resource, 500),
      outcome: entry.outcome,
      // Once more, without names: a caller that forgot to redact must not be able to store something endless.
      detail: JSON.stringify(redact(entry.detail, [])),
      ip_address: cut(entry.ip, 100),
      user_agent: cut(entry.userAgent, 500),
      created_at: this.#options.clock.now(),
    };
  }
}
