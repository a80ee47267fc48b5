import { createHmac } from "node:crypto";
import type { Store, StoredValue } from "@patchbay/sdk";

// Documents by key: `login/<username>` is written by the tap, `note/<username>` by the operation, so neither overwrites the
// other's.
const logins = "login/";
const notes = "note/";

/** A login as it came. `at`: milliseconds since 1970. `key`: empty when no mark is wanted. */
export interface Login {
  readonly username: string;
  readonly ip: string;
  readonly at: number;
  readonly key: string;
}

/** What is known of the last login of somebody. */
export interface NoteView {
  readonly username: string;
  /** ISO 8601. */
  readonly last_login: string;
  /** The same for the same address, and tells nothing of it. Null: no key was set. */
  readonly address_mark: string | null;
  readonly note: string;
}

export async function keepLogin(store: Store, { at, ip, key, username }: Login): Promise<void> {
  const mark = key === "" ? null : createHmac("sha256", key).update(ip).digest("hex").slice(0, 16);
  await store.put(logins + username, { at, mark });
}

export async function noteOf(store: Store, username: string): Promise<NoteView | undefined> {
  const login = await store.get(logins + username);
  if (login === undefined) return undefined;
  const { at, mark } = login as { readonly at: number; readonly mark: string | null };
  const note: StoredValue = (await store.get(notes + username)) ?? "";
  return { username, last_login: new Date(at).toISOString(), address_mark: mark, note: String(note) };
}

/** The first thousand, by username. */
export async function allNotes(store: Store): Promise<readonly NoteView[]> {
  const keys = await store.keys(logins);
  const found = await Promise.all(keys.map((key) => noteOf(store, key.slice(logins.length))));
  return found.filter((note) => note !== undefined);
}

export async function saveNote(store: Store, username: string, note: string): Promise<void> {
  await store.put(notes + username, note);
}
