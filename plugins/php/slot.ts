import { accountsSlotId } from "@patchbay/accounts/contract";
import { defineSlot } from "@patchbay/sdk";
import { type PhpPoolUnit, phpPoolUnit, phpSlotId } from "./contract.ts";

/** Limits of an account without a package. */
const defaults = { children: 5, memoryMb: 128 };

/** Key of a pool's unit. User names hold no hyphen. */
export function poolKey(username: string, version: string): string {
  return `${username}-${version}`;
}

function splitKey(key: string): { username: string; version: string } {
  const at = key.lastIndexOf("-");
  return at < 0 ? { username: key, version: "" } : { username: key.slice(0, at), version: key.slice(at + 1) };
}

interface PoolRow {
  readonly username: string;
  readonly uid: number;
  readonly home: string;
  readonly version: string;
  readonly shard: number;
  readonly children: number | null;
  readonly memory: number | null;
}

const loadSql = `SELECT a.username, a.uid, a.home, p.version, p.shard, k.php_max_children AS children, k.php_memory_mb AS memory
FROM accounts a JOIN php_pools p ON p.account_id = a.id LEFT JOIN packages k ON k.id = a.package_id
WHERE a.username IN (SELECT value FROM json_each(?))`;

const keysSql = `SELECT a.username, p.version FROM accounts a JOIN php_pools p ON p.account_id = a.id
WHERE a.username > ? OR (a.username = ? AND p.version > ?) ORDER BY a.username, p.version LIMIT ?`;

export const phpSlot = defineSlot<PhpPoolUnit>({
  id: phpSlotId,
  title: "PHP",
  option: null,
  unit: phpPoolUnit,
  after: [accountsSlotId],
  load: async (read, keys) => {
    const wanted = new Set(keys);
    const names = [...new Set(keys.map((key) => splitKey(key).username))];
    const units = new Map<string, PhpPoolUnit>();
    for (const row of await read.all<PoolRow>(loadSql, [JSON.stringify(names)])) {
      const key = poolKey(row.username, row.version);
      if (wanted.has(key)) units.set(key, toUnit(row));
    }
    return units;
  },
  keys: async (read, after, limit) => {
    const { username, version } = splitKey(after);
    const rows = await read.all<{ username: string; version: string }>(keysSql, [username, username, version, limit]);
    return rows.map((row) => poolKey(row.username, row.version));
  },
});

function toUnit({ children, home, memory, shard, uid, username, version }: PoolRow): PhpPoolUnit {
  const limits = { children: children ?? defaults.children, memoryMb: memory ?? defaults.memoryMb };
  return { username, uid, home, version, shard, limits };
}
