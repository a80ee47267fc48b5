import { type ChangeContext, type HostInfo, PanelError } from "@patchbay/sdk";
import { type PhpPools, phpSlotId } from "./contract.ts";
import { poolKey } from "./slot.ts";
import { socketPath } from "./socket.ts";

/** Pools of one php-fpm process: a reload restarts as many, and a crash takes as many with it. */
export const poolsPerShard = 32;

/** All shards of a version in use, lowest first. There are few: one per 32 pools. */
const shardsSql = "SELECT shard, COUNT(*) AS pools FROM php_pools WHERE version = ? GROUP BY shard ORDER BY shard";

/** The lowest shard with room. A number that fell out of use is used again before a new one is begun. */
async function freeShard(change: ChangeContext, version: string): Promise<number> {
  const shards = await change.read.all<{ shard: number; pools: number }>(shardsSql, [version]);
  const free = shards.findIndex((row, at) => row.shard !== at || row.pools < poolsPerShard);
  return free < 0 ? shards.length : free;
}

export function createPhpPools(info: HostInfo): PhpPools {
  const requireInstalled = (version: string) => {
    if (info.phpVersions.includes(version)) return;
    const installed = info.phpVersions.join(", ");
    throw new PanelError("PHP_VERSION_ABSENT", {
      status: 400,
      message:
        installed === "" ? "PHP is not installed." : `This PHP version is not installed. Installed: ${installed}.`,
      fields: [{ field: "php_version", code: "choice", message: "must be an installed PHP version" }],
      details: { installed: info.phpVersions },
    });
  };
  return {
    installed: () => info.phpVersions,
    requireInstalled,
    versions: async (read, accountId) => {
      const rows = await read.all<{ version: string }>("SELECT version FROM php_pools WHERE account_id = ?", [
        accountId,
      ]);
      return rows.map((row) => row.version);
    },
    ensure: async (change, accountId, version) => {
      requireInstalled(version);
      if ((await findPool(change, accountId, version)) !== undefined) return;
      const username = await usernameOf(change, accountId);
      const shard = await freeShard(change, version);
      await change.intents.insert("php_pools", { account_id: accountId, version, shard });
      change.intents.touch(phpSlotId, poolKey(username, version));
    },
    release: async (change, accountId, version) => {
      const id = await findPool(change, accountId, version);
      if (id === undefined) return;
      const username = await usernameOf(change, accountId);
      await change.intents.delete("php_pools", id);
      change.intents.touch(phpSlotId, poolKey(username, version));
    },
    socket: socketPath,
  };
}

async function findPool(change: ChangeContext, accountId: number, version: string): Promise<number | undefined> {
  const row = await change.read.get<{ id: number }>("SELECT id FROM php_pools WHERE account_id = ? AND version = ?", [
    accountId,
    version,
  ]);
  return row?.id;
}

async function usernameOf(change: ChangeContext, accountId: number): Promise<string> {
  const row = await change.read.get<{ username: string }>("SELECT username FROM accounts WHERE id = ?", [accountId]);
  if (!row) throw new Error("a PHP pool was asked for an account that does not exist");
  return row.username;
}
