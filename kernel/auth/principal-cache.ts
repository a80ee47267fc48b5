import type { AccountOfUser, Principal } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";

/** A caller whose credential has been looked up, without what differs from request to request. */
export interface KnownCaller {
  readonly principal: Omit<Principal, "ip" | "userAgent">;
  /** When the credential ends whatever is done with it. Milliseconds; Infinity for never. */
  readonly expiresAt: number;
  /** How long it lives without use. Milliseconds; Infinity for a token. */
  readonly idleMs: number;
  lastSeenAt: number;
  /** The principal as the last request got it: most requests of a credential come from one place. */
  seen?: Principal;
}

const ownTables = ["users", "sessions", "api_tokens"];

/**
 * Callers by the digest of their secret. It never outlives what it was read from: every commit that touches logins,
 * sessions, tokens or accounts empties it before the next request is looked at.
 */
export class PrincipalCache {
  readonly #accountOfUser: () => AccountOfUser | undefined;
  readonly #maxEntries: number;
  readonly #callers = new Map<string, KnownCaller>();
  #source: AccountOfUser | undefined;
  #epoch = 0;
  #trusted = true;

  constructor(onWrite: Storage["onWrite"], accountOfUser: () => AccountOfUser | undefined, maxEntries = 10_000) {
    this.#accountOfUser = accountOfUser;
    this.#maxEntries = maxEntries;
    onWrite((tables) => this.#written(tables));
  }

  get(digest: string): KnownCaller | undefined {
    // Another generation may find accounts in another way.
    if (this.#accountOfUser() !== this.#source) {
      this.#source = this.#accountOfUser();
      this.clear();
    }
    return this.#callers.get(digest);
  }

  /** Taken before a lookup and given back to `keep`. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Keeps what was looked up, unless something was written meanwhile. */
  keep(digest: string, caller: KnownCaller, epoch: number): void {
    if (!this.#trusted || epoch !== this.#epoch) return;
    const oldest = this.#callers.size >= this.#maxEntries ? this.#callers.keys().next() : undefined;
    if (oldest && !oldest.done) this.#callers.delete(oldest.value);
    this.#callers.set(digest, caller);
  }

  clear(): void {
    this.#epoch += 1;
    this.#callers.clear();
  }

  /**
   * Called inside a change that ends sessions or tokens without naming the tables it wrote. Nothing is kept until a later
   * commit shows that the change is over: changes run one after the other.
   */
  distrust(): void {
    this.#trusted = false;
    this.clear();
  }

  /** Called after a commit, before the next change begins: no change that called `distrust` is still open. */
  trust(): void {
    if (this.#trusted) return;
    this.#trusted = true;
    // A lookup that began before that commit may still be on its way.
    this.#epoch += 1;
  }

  get size(): number {
    return this.#callers.size;
  }

  #written(tables: ReadonlySet<string>): void {
    this.trust();
    const accountTables = this.#accountOfUser()?.tables ?? [];
    if (ownTables.some((table) => tables.has(table)) || accountTables.some((table) => tables.has(table))) this.clear();
  }
}
