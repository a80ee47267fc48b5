import {
  Clock,
  HostAccounts,
  Logger,
  Reads,
  rule,
  type Schedule,
  ServerOptions,
  type Setting,
  Writes,
} from "@patchbay/sdk";
import * as v from "valibot";
import { accountsAfter } from "./account-store.ts";
import { type AccountRow, hostAccount } from "./contract.ts";
import type { Measurement } from "./disk-usage.ts";

const pageSize = 100;

/** Measures every home once an hour, for lists and limits. */
export const diskRefresh: Schedule = {
  id: "accounts.disk-usage",
  cron: "7 * * * *",
  run: async (use, signal) => {
    let afterId = 0;
    for (;;) {
      const rows = await accountsAfter(use(Reads), afterId, pageSize);
      const last = rows.at(-1);
      if (!last) return;
      const measured = await measureAll(rows, use(HostAccounts), use(Logger), signal);
      await store(use(Writes), measured, use(Clock).now());
      afterId = last.id;
    }
  },
};

async function measureAll(
  rows: readonly AccountRow[],
  host: HostAccounts,
  log: Logger,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Measurement>> {
  const measured = new Map<number, Measurement>();
  for (const row of rows) {
    signal.throwIfAborted();
    try {
      measured.set(row.id, await host.usage(hostAccount(row)));
    } catch (error) {
      // One home that cannot be read must not keep the others from being measured.
      log.warn("disk usage could not be measured", { account: row.id, error: String(error) });
    }
  }
  return measured;
}

/** Past the intents: a measurement is no change of the account, and undoing a change must not take it back. */
function store(writes: Writes, measured: ReadonlyMap<number, Measurement>, at: number): Promise<void> {
  return writes.write(async (db) => {
    for (const [id, { bytes, inodes }] of measured) {
      await db("accounts").where({ id }).update({ disk_used_bytes: bytes, disk_inodes: inodes, disk_measured_at: at });
    }
  });
}

/** How long the homes of terminated accounts are kept. */
export const archiveDays: Setting = {
  key: "archive_days",
  title: "Days that homes of terminated accounts are kept",
  schema: v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/, rule("range", "must be a whole number of days from 1 to 9999"))),
  default: "30",
};

/** Ends archives that are older than `archive_days`. */
export const archivePrune: Schedule = {
  id: "accounts.prune-archive",
  cron: "23 3 * * *",
  run: async (use) => {
    const days = Number(use(ServerOptions).get(archiveDays.key));
    const removed = await use(HostAccounts).pruneArchive(days);
    if (removed > 0) use(Logger).info("archives removed", { removed, days });
  },
};
