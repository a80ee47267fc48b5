import { type Clock, HostAccounts, Logger, Reads, ServerOptions, type Token, Writes } from "@patchbay/sdk";
import * as v from "valibot";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type AccountUnit, accountsSlot } from "./account-slot.ts";
import type { AccountRow } from "./contract.ts";
import { DiskUsage } from "./disk-usage.ts";
import { createHostProvider } from "./host-provider.ts";
import { accountOfUser, accountType } from "./ownership.ts";
import { archiveDays, archivePrune, diskRefresh } from "./schedules.ts";
import { createPanel, type Panel } from "./testing/panel.ts";

const signal = new AbortController().signal;
const quiet: Logger = { info: () => {}, warn: () => {}, error: () => {} };
const unit = (username: string, uid: number, suspended = false): AccountUnit => {
  return { username, uid, home: `/homes/${username}`, suspended };
};

/** A host that writes down what it is told. */
class RecordingHost implements HostAccounts {
  readonly done: string[] = [];
  readonly broken = new Set<string>();
  ensure = async (account: AccountUnit) => void this.done.push(`ensure ${account.username} ${account.uid}`);
  remove = async (account: AccountUnit) => void this.done.push(`remove ${account.username} ${account.uid}`);
  matches = async (account: AccountUnit) => !account.suspended;
  makeDirectory = async () => {};
  usage = async (account: AccountUnit) => {
    this.done.push(`usage ${account.username}`);
    if (this.broken.has(account.username)) throw new Error("the home is missing");
    return { bytes: 5_000_000, inodes: 12 };
  };
  pruneArchive = async (days: number) => this.done.push(`prune ${days}`);
}

let panel: Panel;
let host: RecordingHost;

beforeEach(async () => {
  panel = await createPanel();
  host = new RecordingHost();
  for (const username of ["bb", "aa"]) {
    const domain = `${username}.example`;
    await panel.call("accounts.create", { username, domain, email: `x@${domain}`, password: "Corr3ct-horse" });
  }
});
afterEach(() => panel.close());

const row = async (username: string) => (await panel.db("accounts").where({ username }).first()) as AccountRow;

it("desires one OS account per row", async () => {
  await panel.call("accounts.suspend", { id: 1 });
  expect(await accountsSlot.load(panel.read, ["aa", "bb", "gone"])).toEqual(
    new Map([
      ["aa", unit("aa", 30_001)],
      ["bb", unit("bb", 30_000, true)],
    ]),
  );
  expect(await accountsSlot.keys(panel.read, "", 10)).toEqual(["aa", "bb"]);
  expect(await accountsSlot.keys(panel.read, "aa", 10)).toEqual(["bb"]);
});

it("loads any number of keys", async () => {
  const keys = Array.from({ length: 300 }, (_, index) => `none${index}`);
  expect([...(await accountsSlot.load(panel.read, [...keys, "aa"])).keys()]).toEqual(["aa"]);
  expect(await accountsSlot.load(panel.read, [])).toEqual(new Map());
});

it("archives the tenant before when another gets its name", async () => {
  const provider = createHostProvider(host);
  const changes = [
    { unit: unit("aa", 1), previous: undefined },
    { unit: unit("aa", 1, true), previous: unit("aa", 1) },
    { unit: unit("aa", 2), previous: unit("aa", 1) },
    { unit: null, previous: unit("aa", 2) },
  ];
  for (const change of changes) {
    expect(await provider.execute([{ key: "aa", ...change }], signal)).toEqual(new Map());
  }
  expect(host.done).toEqual(["ensure aa 1", "ensure aa 1", "remove aa 1", "ensure aa 2", "remove aa 2"]);
});

it("finds drifted accounts and stops when told", async () => {
  const provider = createHostProvider(host);
  const units = new Map([
    ["aa", unit("aa", 1)],
    ["bb", unit("bb", 2, true)],
  ]);
  expect(await provider.drifted(units, signal)).toEqual([
    { key: "bb", wanted: "user bb\nuid 2\nhome /homes/bb\nsuspended\n", actual: "something else\n" },
  ]);
  await expect(provider.drifted(units, AbortSignal.abort())).rejects.toThrow();
});

it("tells whose an account is", async () => {
  expect(await accountType.owner(panel.read, 1)).toEqual({ accountId: 1, userId: 2, resellerId: null });
  expect(await accountType.owner(panel.read, 99)).toBeUndefined();
  expect(await accountOfUser.find(panel.read, 2)).toEqual({ accountId: 1, suspended: false, reason: null });
  await panel.call("accounts.suspend", { id: 1, reason: "unpaid" });
  expect(await accountOfUser.find(panel.read, 2)).toEqual({ accountId: 1, suspended: true, reason: "unpaid" });
});

it("measures once a minute for everybody, and falls back to the stored value", async () => {
  let now = 1_000_000;
  const usage = new DiskUsage(host, { now: () => now } satisfies Clock, quiet);
  const aa = await row("aa");
  expect(await Promise.all([usage.of(aa), usage.of(aa)])).toEqual(Array(2).fill({ bytes: 5_000_000, inodes: 12 }));
  expect(host.done).toEqual(["usage aa"]);
  now += 61_000;
  host.broken.add("aa");
  expect(await usage.of(aa)).toBeUndefined();
  expect(await usage.of({ ...aa, disk_measured_at: 1, disk_used_bytes: 7, disk_inodes: 1 })).toEqual({
    bytes: 7,
    inodes: 1,
  });
  expect(host.done).toHaveLength(3);
  const fresh = { ...aa, disk_measured_at: now - 59_000, disk_used_bytes: 8, disk_inodes: 1 };
  expect(await usage.of(fresh)).toEqual({ bytes: 8, inodes: 1 });
  expect(host.done).toHaveLength(3);
});

function useAll(services: ReadonlyMap<string, unknown>) {
  return <T>(token: Token<T>): T => {
    if (!services.has(token.id)) throw new Error(`no ${token.id}`);
    return services.get(token.id) as T;
  };
}

it("stores what it measured of every home, whatever one of them does", async () => {
  host.broken.add("bb");
  const writes: Writes = { write: (work) => work(panel.db, undefined as never, async () => {}) };
  const use = useAll(
    new Map<string, unknown>([
      [Reads.id, panel.read],
      [HostAccounts.id, host],
      [Logger.id, quiet],
      [Writes.id, writes],
      ["kernel.clock", { now: () => 42 }],
    ]),
  );
  await diskRefresh.run(use, signal);
  expect(await row("aa")).toMatchObject({ disk_used_bytes: 5_000_000, disk_inodes: 12, disk_measured_at: 42 });
  expect(await row("bb")).toMatchObject({ disk_used_bytes: 0, disk_measured_at: null });
});

it("prunes archives by the setting, which takes whole days alone", async () => {
  const options = { get: () => "30" };
  await archivePrune.run(
    useAll(
      new Map<string, unknown>([
        [ServerOptions.id, options],
        [HostAccounts.id, host],
        [Logger.id, quiet],
      ]),
    ),
    signal,
  );
  expect(host.done).toEqual(["prune 30"]);
  for (const value of ["0", "-1", "1.5", "", "abc", "10000", "1e3"])
    expect(v.is(archiveDays.schema, value)).toBe(false);
  expect(v.is(archiveDays.schema, archiveDays.default)).toBe(true);
});
