import type { Passwords, Users } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";

export interface FirstAdmin {
  readonly password: string;
  /** Default `admin`. */
  readonly username?: string;
  /** Default `admin@localhost`. */
  readonly email?: string;
}

/**
 * Gives a fresh panel its first admin. Called at start-up, before anything listens. Does nothing, and says false, when there
 * is an admin already.
 */
export async function ensureFirstAdmin(
  storage: Storage,
  users: Users,
  passwords: Pick<Passwords, "hash">,
  admin: FirstAdmin,
): Promise<boolean> {
  if ((await users.list(storage.read, "admin")).length > 0) return false;
  const passwordHash = await passwords.hash(admin.password);
  return storage.change(async (change) => {
    if ((await users.list(change.read, "admin")).length > 0) return false;
    await users.create(change.intents, {
      username: admin.username ?? "admin",
      email: admin.email ?? "admin@localhost",
      role: "admin",
      passwordHash,
    });
    await storage.settle(change, change.id);
    return true;
  });
}
