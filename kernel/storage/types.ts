import type { Db, Intents, Migration, Read, SqlValue } from "@patchbay/sdk";

/** One write of a row: what takes it back. JSON; null where there is no row. */
export interface UndoEntry {
  readonly table_name: string;
  readonly row_id: number;
  readonly before: string | null;
  readonly after: string | null;
}

/** One mark: this unit of this slot must be made equal to its desired state. */
export interface Mark {
  readonly slot: string;
  readonly key: string;
}

/** One change in progress: a transaction that records what it writes so that it can be undone later. */
export interface Change {
  /** UUIDv7; also the id of the outcome in `operations`. */
  readonly id: string;
  readonly db: Db;
  /** Constant statements inside the transaction, past the query builder; they may write, too. */
  readonly read: Read;
  readonly intents: Intents;
  /** Units touched so far. */
  readonly marks: readonly Mark[];
  /** Tables written so far. Add to it when writing past `intents`. */
  readonly tables: Set<string>;
  /** What takes back the rows written so far. It reaches the database with the commit. */
  readonly undo: UndoEntry[];
  /** Writes when the work is done, side by side with other writes of that kind: what nothing else of this change waits for. */
  closing(write: () => Promise<unknown>): void;
  /** Runs after the transaction has committed, in order; never when it is rolled back. Must not throw. */
  afterCommit(run: () => void): void;
}

/** The panel's database. One writer at a time; reads never wait for it. */
export interface Storage {
  /** Prepared reads on a connection of their own: they see what is committed. */
  readonly read: Read;
  /**
   * Runs `work` in one immediate transaction and commits it durably. Changes are serialised: `work` must not wait for the
   * network, a daemon or another change. When `work` throws, everything is rolled back and the error is passed on.
   * A nested call throws: pass the change on instead.
   */
  change<T>(work: (change: Change) => Promise<T>, options?: { id?: string; rollback?: boolean }): Promise<T>;
  /**
   * One statement that is a transaction of its own, in turn with the changes. For bookkeeping between changes: nothing of it
   * is recorded, and no listener hears of it. It survives this process, killed or not, from when it resolves; a power cut only
   * from the next change on, so that what is committed later is never there without it.
   */
  statement(sql: string, params: readonly SqlValue[]): Promise<void>;
  /**
   * Takes a committed change back in this change: restores the rows it wrote, in reverse. Rows that a later change wrote
   * again keep the later value. Returns the units to reconcile.
   */
  undo(change: Change, changeId: string): Promise<readonly Mark[]>;
  /** Forgets the undo log of a change that is final. */
  settle(change: Change, changeId: string): Promise<void>;
  /** Applies an owner's migrations that are still missing. */
  migrate(owner: string, steps: readonly Migration[]): Promise<void>;
  /**
   * Called after each commit with the tables it wrote. For caches. The change ends, and the next begins, when what the
   * listener returns has resolved: whoever awaited a change finds its caches up to date. Must not throw or reject.
   */
  onWrite(listener: (tables: ReadonlySet<string>) => void | Promise<void>): void;
  close(): Promise<void>;
}

/** Encrypts what must be readable again but never lie in the database in the clear (TOTP seeds, one-time answers). */
export interface Sealer {
  /** AES-256-GCM. `context` (`table.column.row`) is authenticated: a value moved elsewhere does not open. */
  seal(context: string, text: string): string;
  /** Throws when the value was changed, moved, or sealed with another key. */
  open(context: string, sealed: string): string;
  /** HMAC-SHA256 of a text under a key that is not in the database, hex. */
  mac(context: string, text: string): string;
  /** HKDF-SHA256 of the instance's key: 32 bytes, the same for every call with this label. */
  derive(label: string): Uint8Array;
}

/** Ids and randomness, injected so that tests can fix them. */
export interface Ids {
  /** UUIDv7. */
  uuid(): string;
  /** `bytes` random bytes as base64url. */
  secret(bytes: number): string;
}
