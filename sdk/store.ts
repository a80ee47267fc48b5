import { token } from "./token.ts";

/** JSON a plugin may keep. */
export type StoredValue =
  | string
  | number
  | boolean
  | null
  | readonly StoredValue[]
  | { readonly [key: string]: StoredValue };

/**
 * A plugin's own small documents, by key. Each call is a transaction of its own, and durable when it resolves. Keys are 1 to
 * 200 characters, values at most 64 KiB as JSON, at most 10,000 of them: more is refused with STORE_FULL (409). They stay
 * when the plugin is disabled and go when it is removed. Not for secrets: seal those with `Vault` first.
 */
export interface Store {
  /** Undefined: nothing is kept under this key. */
  get(key: string): Promise<StoredValue | undefined>;
  put(key: string, value: StoredValue): Promise<void>;
  /** Succeeds for a key under which nothing is kept. */
  delete(key: string): Promise<void>;
  /** Keys that begin with `prefix`, sorted, at most 1,000, after `after`. */
  keys(prefix: string, after?: string): Promise<readonly string[]>;
}

/**
 * Token of the store of the plugin that asks.
 *
 * @example
 * const remember = async (store: Store, user: string) => {
 *   const seen = (await store.get(`seen/${user}`)) ?? 0;
 *   await store.put(`seen/${user}`, Number(seen) + 1);
 * };
 */
export const Store = token<Store>("kernel.store");
