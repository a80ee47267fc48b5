import { join } from "node:path";
import { ensureFirstAdmin } from "./auth/first-admin.ts";
import type { Foundation } from "./foundation.ts";
import type { Instance } from "./instance.ts";
import type { Kernel } from "./kernel.ts";
import { readPrivate, removePrivate, writePrivate } from "./storage/private-file.ts";

/** Gives a fresh panel its admin, with the password `patchbay up` left for it. The file is gone afterwards. */
export async function welcomeFirstAdmin({ panel }: Instance, { auth }: Kernel, { storage }: Foundation): Promise<void> {
  const file = join(panel, "first-admin");
  const password = readPrivate(file);
  if (password === undefined) return;
  await ensureFirstAdmin(storage, auth.users, auth.passwords, { password });
  removePrivate(file);
}

const tokenName = "patchbay command";

/**
 * Leaves a fresh API token for the `patchbay` command, readable by root and the panel's own user alone. The one of the last
 * start ends.
 */
export async function renewCommandToken({ panel }: Instance, { auth }: Kernel, { storage }: Foundation): Promise<void> {
  const [admin] = await auth.users.list(storage.read, "admin");
  if (!admin) return;
  const secret = await storage.change(async (change) => {
    await change.db("api_tokens").where({ user_id: admin.id, name: tokenName }).delete();
    change.tables.add("api_tokens");
    const token = await auth.tokens.create(change.intents, {
      userId: admin.id,
      name: tokenName,
      scopes: null,
      expiresAt: null,
    });
    await storage.settle(change, change.id);
    return token.secret;
  });
  writePrivate(join(panel, "cli-token"), secret);
}
